"""The device that the model runs on, its memory limit and the number of threads."""

import torch

from shared.errors import ConfigurationError
from shared.settings import Settings
from worker.model.cpu_quota import available_cores


def prepare_device(settings: Settings) -> torch.device:
    """Select the device and set this process's limits on it; raise ConfigurationError if it is not available.

    One process uses one GPU: `auto` takes the first one in `CUDA_VISIBLE_DEVICES`.
    """
    threads = default_threads() if settings.cpu_threads == "auto" else settings.cpu_threads
    torch.set_num_threads(threads)
    device = _device(settings.device)
    if device.type == "cuda" and settings.gpu_memory_fraction < 1:
        torch.cuda.set_per_process_memory_fraction(settings.gpu_memory_fraction, device)
    return device


def default_threads() -> int:
    """Torch's default respects `OMP_NUM_THREADS` and hyper-threading; ours a container's quota. Take the smaller."""
    return min(torch.get_num_threads(), available_cores())


def is_out_of_memory(error: BaseException) -> bool:
    """Whether a smaller batch may succeed. Torch raises RuntimeError when main memory is full."""
    if isinstance(error, torch.cuda.OutOfMemoryError | MemoryError):
        return True
    signs = ("out of memory", "not enough memory", "can't allocate memory")
    return isinstance(error, RuntimeError) and any(sign in str(error).lower() for sign in signs)


def release_memory() -> None:
    """Return cached blocks to the GPU, so that the next allocation is not fragmented."""
    if torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        torch.cuda.empty_cache()


def _device(wanted: str) -> torch.device:
    if wanted == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(wanted)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        raise ConfigurationError(f"LICHTBILD_DEVICE={wanted!r} is not available; use `auto` or `cpu`.") from error
    return device
