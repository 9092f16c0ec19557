"""ViT-B/32 on a GPU: images/s by precision and batch size, the share of the matrix peak, and decoding for comparison.

    python gpu_encoder.py --json gpu.json

This file needs torch, transformers, numpy and Pillow but no other file of Lichtbild, so it can be copied to a bare
machine. The weights are random, which cost the same time as trained ones. Measured alternately: from uint8 pixels in
pinned memory to unit vectors in main memory, as the worker does it, and from pixels that are already on the device.
The matrix peak is the largest rate of a square matrix product of the same precision, measured in the same run instead
of taken from a data sheet. `--device cpu --tiny` tries the program without a GPU.
"""

import argparse
import io
import json
import os
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from transformers import CLIPConfig, CLIPModel

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
TINY = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}


def main() -> None:
    arguments = _arguments()
    decoding = _decoding(arguments.seconds)
    device = torch.device(arguments.device)
    config = CLIPConfig(text_config=TINY, vision_config={**TINY, "image_size": 32, "patch_size": 8})
    torch.manual_seed(1)
    model = CLIPModel(config if arguments.tiny else CLIPConfig()).train(mode=False).to(device)
    found: dict[str, Any] = {"machine": _machine(device), "decode_per_second_per_core": decoding}
    print(json.dumps(found, indent=1), flush=True)
    found["encode"] = []
    for name in arguments.dtypes:
        dtype = getattr(torch, name)
        model = model.to(dtype)
        peak = _matrix_peak(device, dtype, 256 if arguments.tiny else 8192, arguments.seconds)
        for batch in arguments.batches:
            row = _encoding(model, device, dtype, batch, arguments.seconds)
            row["share_of_peak"] = round(row["resident_per_second"] * _flops(model) / peak, 3)
            row["peak_tflops"] = round(peak / 1e12, 2)
            found["encode"].append({"dtype": name, "batch": batch, **row})
            print(json.dumps(found["encode"][-1]), flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=1))


@torch.inference_mode()
def _encoding(
    model: CLIPModel, device: torch.device, dtype: torch.dtype, batch: int, seconds: float
) -> dict[str, float]:
    vision: Any = model.config.vision_config
    edge = vision.image_size
    pixels = torch.randint(0, 256, (batch, edge, edge, 3), dtype=torch.uint8)
    if device.type == "cuda":
        pixels = pixels.pin_memory()
    std = torch.tensor(STD, device=device)
    scale, shift = 1 / (255 * std), torch.tensor(MEAN, device=device) / std

    def ready(sent: torch.Tensor) -> torch.Tensor:
        return (sent * scale).sub_(shift).to(dtype).permute(0, 3, 1, 2)

    def features(values: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.normalize(
            model.get_image_features(pixel_values=values).pooler_output.float(), dim=-1
        )

    resident = ready(pixels.to(device))
    whole, inner = _alternately(
        lambda: features(ready(pixels.to(device, non_blocking=True))).cpu(), lambda: features(resident), device, seconds
    )
    memory = torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else 0.0
    return {
        "per_second": round(batch / whole, 1),
        "resident_per_second": round(batch / inner, 1),
        "milliseconds": round(whole * 1000, 3),
        "peak_memory_mib": round(memory, 1),
    }


def _alternately(
    first: Callable[[], object], second: Callable[[], object], device: torch.device, seconds: float
) -> tuple[float, float]:
    """The median seconds of both, run alternately for `seconds` and at least three times."""
    taken: tuple[list[float], list[float]] = ([], [])
    for work in (first, second, first, second):
        _timed(work, device)
    began = time.perf_counter()
    while len(taken[0]) < 3 or time.perf_counter() - began < seconds:
        taken[0].append(_timed(first, device))
        taken[1].append(_timed(second, device))
    return statistics.median(taken[0]), statistics.median(taken[1])


@torch.inference_mode()
def _matrix_peak(device: torch.device, dtype: torch.dtype, side: int, seconds: float) -> float:
    """Floating-point operations per second of a `side` x `side` matrix product, the best of several."""
    left, right = (torch.randn(side, side, device=device).to(dtype) for _ in range(2))
    _timed(lambda: left @ right, device)
    best, began = float("inf"), time.perf_counter()
    while time.perf_counter() - began < seconds:
        best = min(best, _timed(lambda: left @ right, device))
    return 2 * side**3 / best


def _timed(work: Callable[[], object], device: torch.device) -> float:
    started = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter() - started


def _flops(model: CLIPModel) -> float:
    """Floating-point operations per image: layers and patch embedding (two per weight and token), and attention."""
    vision: Any = model.config.vision_config
    patches = (vision.image_size // vision.patch_size) ** 2
    tokens, width = patches + 1, vision.hidden_size
    layer = tokens * (4 * width**2 + 2 * width * vision.intermediate_size) + 2 * tokens**2 * width
    embedding = patches * 3 * vision.patch_size**2 * width
    return float(2 * (vision.num_hidden_layers * layer + embedding + width * model.config.projection_dim))


def _decoding(seconds: float) -> dict[str, float]:
    """JPEGs to 224-pixel crops per second, by Pillow in one process: 640 and 1600 pixels, full size and by `draft`."""
    with ProcessPoolExecutor(1) as one:
        return {
            f"{side} pixels{' by draft' if draft else ''}": one.submit(_decode_rate, side, draft, seconds).result()
            for side in (640, 1600)
            for draft in (False, True)
        }


def _decode_rate(side: int, draft: bool, seconds: float) -> float:
    coarse = np.random.default_rng(3).integers(0, 256, (24, 32, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize((side, side * 3 // 4), Image.Resampling.BICUBIC).save(file, "JPEG", quality=85)
    count, started = 0, time.perf_counter()
    while time.perf_counter() - started < seconds:
        picture = Image.open(io.BytesIO(file.getvalue()))
        if draft:
            picture.draft("RGB", (448, 448))
        picture.resize((299, 224), Image.Resampling.BICUBIC).crop((37, 0, 261, 224)).load()
        count += 1
    return round(count / (time.perf_counter() - started), 1)


def _machine(device: torch.device) -> dict[str, Any]:
    cuda = device.type == "cuda"
    return {
        "device": torch.cuda.get_device_name(device) if cuda else "cpu",
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "torch": torch.__version__,
        "cuda": torch.version.cuda,
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="use a tiny model, to try the program")
    parser.add_argument("--dtypes", nargs="+", default=["float32", "float16", "bfloat16"])
    parser.add_argument("--batches", nargs="+", type=int, default=[1, 8, 32, 64, 128, 256, 512])
    parser.add_argument("--seconds", type=float, default=1.0, help="duration of each measurement")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
