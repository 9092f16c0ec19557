"""Fonts for any text: Pillow's own, or a font of the system that has the letters."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache

from PIL import ImageFont

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

# Pillow's own font is the same on every system but has few letters.
_OWN_LETTERS = frozenset(map(chr, range(32, 127))) | frozenset("“”…")
# By name, where fontconfig is not installed: Latin and its neighbours first, then fonts with Chinese, Japanese, Korean.
_SYSTEM_FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "Arial.ttf",
    "NotoSansCJK-Regular.ttc",
    "DroidSansFallbackFull.ttf",
    "wqy-microhei.ttc",
    "unifont.ttf",
    "PingFang.ttc",
    "Arial Unicode.ttf",
    "msyh.ttc",
    "msgothic.ttc",
    "malgun.ttf",
)
_SECONDS = 5.0
# Never assigned: it is drawn as every letter that a font lacks.
_UNASSIGNED = "\U0010ffff"


def font_for(text: str, size: int) -> Font:
    """The first font with all letters of the text, or else the one that lacks the fewest."""
    letters = frozenset(text) - {" "}
    if letters <= _OWN_LETTERS:
        return _load(None, size)
    return _load(_best(letters), size)


def letters_without_font(text: str) -> str:
    """The letters of the text that no font on this machine has, each once."""
    letters = frozenset(text) - _OWN_LETTERS - {" "}
    return "".join(sorted(_lacking(_best(letters), letters))) if letters else ""


@lru_cache(maxsize=256)
def _best(letters: frozenset[str]) -> str | None:
    best: tuple[int, str | None] = (len(letters) + 1, None)
    for name in _candidates(letters):
        with suppress(OSError):
            best = min(best, (len(_lacking(name, letters)), name), key=lambda found: found[0])
        if best[0] == 0:
            break
    return best[1]


def _candidates(letters: frozenset[str]) -> Iterator[str]:
    yield _SYSTEM_FONTS[0]
    fontconfig = shutil.which("fc-match")
    if fontconfig:
        wanted = " ".join(f"{ord(letter):x}" for letter in sorted(letters)[:64])
        command = [fontconfig, "--format=%{file}", f"sans-serif:charset={wanted}"]
        with suppress(OSError, subprocess.SubprocessError):
            done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_SECONDS)  # noqa: S603
            yield done.stdout
    yield from _SYSTEM_FONTS[1:]


def _lacking(name: str | None, letters: frozenset[str]) -> set[str]:
    """Raises OSError if there is no such font."""
    font = _load(name, 16)
    unknown = bytes(font.getmask(_UNASSIGNED))
    return {letter for letter in letters if letter.isprintable() and bytes(font.getmask(letter)) == unknown}


@lru_cache
def _load(name: str | None, size: int) -> Font:
    return ImageFont.load_default(size) if name is None else ImageFont.truetype(name, size)
