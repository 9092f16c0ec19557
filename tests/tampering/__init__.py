"""Faults inside the processes of a test's stack, switched on by files: see `sitecustomize.py` in this folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

# Opening this image aborts the process, as a fault in a C library would.
DEADLY = b"deadly image"


@dataclass(frozen=True)
class Tampering:
    """`folder` holds the switches."""

    folder: Path

    def environment(self) -> dict[str, str]:
        """Environment variables of the processes to tamper with."""
        return {"PYTHONPATH": str(Path(__file__).parent), "TAMPERING": str(self.folder)}

    @contextmanager
    def images_unopened(self) -> Iterator[None]:
        """No process opens an image until the block ends."""
        switch = self.folder / "images-unopened"
        switch.touch()
        try:
            yield
        finally:
            switch.unlink()

    def stop_at_insert(self, worker: str) -> None:
        """The next insert of this worker stops its process (SIGSTOP) before the rows are sent."""
        (self.folder / f"{worker}.stop").touch()

    def is_stopped(self, worker: str) -> bool:
        return (self.folder / f"{worker}.stopped").exists()

    def has_inserted(self, worker: str) -> bool:
        """Whether the worker continued and sent the rows before which it was stopped."""
        return (self.folder / f"{worker}.inserted").exists()

    def forget(self, worker: str) -> None:
        for state in ("stop", "stopped", "inserted"):
            (self.folder / f"{worker}.{state}").unlink(missing_ok=True)
