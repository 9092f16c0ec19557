"""From the colours of an embedded ICC profile to sRGB, which models were trained on and screens show."""

import contextlib
import io
import struct
from functools import lru_cache

from PIL import Image, ImageCms

# The mode of pictures that a profile of each colour space describes.
_MODES = {b"RGB ": ("RGB", "RGBA"), b"GRAY": ("L",), b"CMYK": ("CMYK",)}
_HEADER_BYTES = 128
# Red, green and blue of sRGB, adapted to D50 (IEC 61966-2-1), and how far from them those of a profile may be: other
# makers of sRGB profiles round or adapt differently, by less than a step of 8 bits.
_SRGB_PRIMARIES = (0.4361, 0.2225, 0.0139, 0.3851, 0.7169, 0.0971, 0.1431, 0.0606, 0.7141)
_TOLERANCE = 0.003


def in_srgb(image: Image.Image) -> Image.Image:
    """The picture in sRGB; as it is without a profile, with one of sRGB, or with one that cannot be used."""
    profile = image.info.get("icc_profile")
    if not isinstance(profile, bytes) or image.mode not in _MODES.get(profile[16:20], ()) or _is_srgb(profile):
        return image
    with contextlib.suppress(ImageCms.PyCMSError, OSError, ValueError):
        converted = _transform(profile, image.mode).apply(image)
        converted.info = {name: value for name, value in image.info.items() if name != "icc_profile"}
        return converted
    return image


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """Thread-safe: lcms keeps no state between two calls. Raises PyCMSError and OSError."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    target = ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(source, target, mode, "RGBA" if mode == "RGBA" else "RGB")


def _is_srgb(profile: bytes) -> bool:
    """Whether the primaries are those of sRGB. Of the profiles in use, only those of sRGB have them."""
    primaries = [part for tag in (b"rXYZ", b"gXYZ", b"bXYZ") for part in _xyz(profile, tag)]
    return len(primaries) == len(_SRGB_PRIMARIES) and all(
        abs(found - expected) < _TOLERANCE for found, expected in zip(primaries, _SRGB_PRIMARIES, strict=True)
    )


def _xyz(profile: bytes, tag: bytes) -> tuple[float, ...]:
    """The value of a tag of three numbers of 16.16 bits; empty if there is none."""
    with contextlib.suppress(struct.error):
        (count,) = struct.unpack_from(">I", profile, _HEADER_BYTES)
        for entry in range(min(count, 100)):
            name, offset = struct.unpack_from(">4sI", profile, _HEADER_BYTES + 4 + 12 * entry)
            if name == tag:
                return tuple(part / 65536 for part in struct.unpack_from(">3i", profile, offset + 8))
    return ()
