"""Names of formats that are not decoded, by their first bytes: for the message of whoever has such files."""

_BRANDS = {
    b"heic": "HEIC", b"heix": "HEIC", b"heim": "HEIC", b"heis": "HEIC", b"hevc": "HEIC", b"hevx": "HEIC",
    b"mif1": "HEIF", b"msf1": "HEIF", b"avif": "AVIF", b"avis": "AVIF", b"crx ": "Canon raw (CR3)",
    b"jxl ": "JPEG XL", b"jp2 ": "JPEG 2000", b"qt  ": "a QuickTime video",
}  # fmt: skip
_STARTS = {
    b"\xff\x0a": "JPEG XL",
    b"\x00\x00\x00\x0cJXL ": "JPEG XL",
    b"\x00\x00\x00\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"II\xbc\x01": "JPEG XR",
    b"8BPS": "Photoshop (PSD)",
    b"%PDF": "PDF",
    b"%!PS": "PostScript",
    b"\xc5\xd0\xd3\xc6": "PostScript",
    b"FUJIFILMCCD-RAW": "Fujifilm raw (RAF)",
    b"IIRO": "Olympus raw (ORF)",
    b"IIRS": "Olympus raw (ORF)",
    b"IIU\x00": "Panasonic raw (RW2)",
    b"FOVb": "Sigma raw (X3F)",
    b"gimp xcf": "GIMP (XCF)",
    b"\x00\x00\x01\x00": "an icon (ICO)",
    b"qoif": "QOI",
    b"\x1a\x45\xdf\xa3": "a Matroska or WebM video",
    b"PK\x03\x04": "a zip archive",
    b"\x1f\x8b": "gzip",
}
# Of a text, in lower case and without leading space.
_TEXTS = {
    b"<svg": "SVG",
    b"<?xml": "XML or SVG",
    b"<!doctype svg": "SVG",
    b"<!doctype": "an HTML page",
    b"<html": "an HTML page",
    b"<head": "an HTML page",
    b"<script": "an HTML page",
    b"{": "JSON",
}
# What to install for a format, by extra.
_EXTRAS = {"HEIC": "heic", "HEIF": "heic"}


def format_name(start: bytes) -> str | None:
    """What a file is by its first bytes, 16 of which suffice; None if they are unknown.

    Ends with what to do where an extra of Lichtbild decodes the format.
    """
    name = _name(start)
    extra = _EXTRAS.get(name or "")
    return f"{name}, which workers decode with the extra: pip install 'lichtbild[{extra}]'" if extra else name


def _name(start: bytes) -> str | None:
    if start[4:8] == b"ftyp":
        return _BRANDS.get(start[8:12], "a video (MP4)")
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    for signatures, content in ((_STARTS, start), (_TEXTS, text)):
        for signature, name in signatures.items():
            if content.startswith(signature):
                return name
    return None
