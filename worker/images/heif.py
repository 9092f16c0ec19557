"""HEIC and HEIF, which iPhones take, with the optional package pillow-heif (the extra `heic`)."""


def install_heif() -> tuple[str, ...]:
    """Teach Pillow the format. Return its name, or nothing without the package."""
    try:
        import pillow_heif
    except ImportError:
        return ()
    # Pictures are decoded in parallel already.
    pillow_heif.options.DECODE_THREADS = 1
    pillow_heif.register_heif_opener(thumbnails=False)
    return ("HEIF",)
