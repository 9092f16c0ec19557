"""ICC profiles of three primaries and one curve, written as bytes: Pillow has only that of sRGB."""

import struct

Primaries = tuple[tuple[float, float, float], ...]

# Adapted to D50, as in the profiles of their makers.
DISPLAY_P3: Primaries = ((0.51512, 0.24120, -0.00105), (0.29198, 0.69225, 0.04189), (0.15710, 0.06657, 0.78407))
ADOBE_RGB: Primaries = ((0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457))
SRGB: Primaries = ((0.43607, 0.22249, 0.01392), (0.38515, 0.71687, 0.09708), (0.14307, 0.06061, 0.71410))
_D50 = (0.9642, 1.0, 0.8249)


def profile(primaries: Primaries, gamma: float | None = None) -> bytes:
    """An ICC profile, version 2. The curve is a gamma, or without one that of sRGB."""
    curve = struct.pack(">4s4xIH2x", b"curv", 1, round(gamma * 256)) if gamma else _srgb_curve()
    tags = {b"desc": _described(b"test"), b"cprt": b"text\0\0\0\0none\0\0\0\0", b"wtpt": _xyz(_D50)}
    tags |= {name: _xyz(value) for name, value in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)}
    tags |= dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    offset = 128 + 4 + 12 * len(tags)
    table, data = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, offset + len(data), len(content))
        data += content + bytes(-len(content) % 4)
    header = struct.pack(">I4xI4s4s4s", offset + len(data), 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + _xyz(_D50)[8:]
    return header.ljust(128, b"\0") + table + data


def _srgb_curve() -> bytes:
    steps = [step / 1023 for step in range(1024)]
    linear = [step / 12.92 if step <= 0.04045 else ((step + 0.055) / 1.055) ** 2.4 for step in steps]
    return struct.pack(">4s4xI1024H", b"curv", 1024, *(round(value * 65535) for value in linear))


def _xyz(value: tuple[float, float, float]) -> bytes:
    return struct.pack(">4s4x3i", b"XYZ ", *(round(part * 65536) for part in value))


def _described(name: bytes) -> bytes:
    return struct.pack(">4s4xI", b"desc", len(name) + 1) + name + b"\0" + bytes(78)
