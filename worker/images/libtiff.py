"""Stops libtiff from writing to stderr: a broken TIFF of 5 kB can cause hundreds of lines."""

import contextlib
import ctypes
from pathlib import Path

from PIL import Image


def silence_libtiff() -> None:
    """Remove the error and warning handlers of the libtiff that Pillow has loaded. Pillow raises errors all the same.

    Finds the library in Linux' list of mapped files; does nothing elsewhere.
    """
    Image.preinit()
    with contextlib.suppress(OSError, AttributeError):
        lines = Path("/proc/self/maps").read_text().splitlines()
        for path in {line.split(maxsplit=5)[5] for line in lines if "libtiff" in line}:
            library = ctypes.CDLL(path)
            for setter in (library.TIFFSetErrorHandler, library.TIFFSetWarningHandler):
                setter.argtypes, setter.restype = [ctypes.c_void_p], ctypes.c_void_p
                setter(None)
