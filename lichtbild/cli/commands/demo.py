"""`lichtbild demo`: start the stack, ingest sample photos, search them three ways, stop the stack."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click

from lichtbild.cli.commands.ingest import watch
from lichtbild.cli.contact_sheet import SheetRow, draw_contact_sheet
from lichtbild.cli.embedded_extra import StackFailed, embedded_errors, require_embedded
from lichtbild.cli.introduction import print_introduction
from lichtbild.cli.pictures import open_picture
from lichtbild.cli.sample_photos import Sample, draw_sample_photos, read_samples, sample_cache, sample_items
from lichtbild.cli.search_output import sheet_hits, show_hits, show_took
from lichtbild.cli.summary import summarise
from lichtbild.cli.temporary_data import temporary_data
from lichtbild.cli.terminal import step, write_line
from lichtbild.client import Client
from lichtbild.errors import LichtbildError
from lichtbild.models import SearchResult

SHEET = Path("lichtbild-demo.png")
TEXT = "a man standing on the beach"
CHANGE = "at night"
_INGEST_SECONDS = 300.0
_LAST_LINES = 12
_DIED = "[ended with"
_TRY = ("status", 'search "two red boats at sunset" --save hits.png', "photos --random")


@click.command()
@click.option(
    "--data",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder to keep all data in. Without it the photos are cached and the rest is removed at the end.",
)
@click.option(
    "--port", type=click.IntRange(1, 65535), help="Port of the API; default: 8700, or any free port if 8700 is taken."
)
@click.option("--keep", is_flag=True, help="Keep the stack running, with the samples loaded, until Ctrl-C.")
def demo(data: Path | None, port: int | None, keep: bool) -> None:
    """Start the stack, ingest 600 sample photos, search them by text, by image and by both, and stop the stack."""
    require_embedded()
    if not os.access(SHEET.parent, os.W_OK):
        raise click.UsageError(f"{Path.cwd()} is not writable; the contact sheet is written there.")
    with _signals_as_exit(), _data(data) as folder:
        samples = draw_sample_photos(data or sample_cache(folder))
        with _stack(folder, samples, port) as api, Client(api) as client:
            with _log_lines_on_error(folder / "logs"):
                _ingest(client, samples)
                rows = _search(client, samples)
            _save(rows)
            if keep:
                print_introduction(api, folder, _TRY)
                _wait_for_ctrl_c()


def _data(data: Path | None) -> AbstractContextManager[Path]:
    return temporary_data() if data is None else nullcontext(data)


@contextmanager
def _stack(data: Path, samples: Path, port: int | None) -> Iterator[str]:
    from embedded.stack import DEMO_MODEL, StackOptions, running_stack

    # The demo is the same for every user: settings from the environment do not apply.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("LICHTBILD_")}
    options = StackOptions(
        data=data,
        api_port=port,
        model=DEMO_MODEL,
        samples=samples,
        environment=environment,
        quiet=True,
    )
    running = ExitStack()
    with step("Starting Redis, the catalogue, a search worker, an ingest worker and the API"), embedded_errors():
        api = running.enter_context(running_stack(options)).api_url
    try:
        write_line(f"Lichtbild is up at {api}")
        yield api
    finally:
        with step("Stopping everything"):
            running.close()


def _ingest(client: Client, samples: Path) -> None:
    write_line()
    write_line("Ingesting the sample photos by their URLs", "bold")
    job = watch(client, client.ingest(sample_items(samples, client.api)), timeout=_INGEST_SECONDS)
    summarise(job)
    if job.progress is None or job.progress.failed:
        raise LichtbildError("Not all of the sample photos could be ingested.")


def _search(client: Client, samples: Path) -> list[SheetRow]:
    """Search by text; by a photo, sent as a file; and by the id of that photo together with a text."""
    example = _example(read_samples(samples))
    photo_id, path = example["photo_id"], samples / example["photo_file"]
    picture = open_picture(path.read_bytes())

    by_text = client.search(TEXT)
    _show(f"By text: {TEXT!r}", by_text)
    by_image = client.search(image=path)
    _show(f"By image: {path.name} ({example['description']})", by_image)
    by_both = client.search(CHANGE, photo_id=photo_id)
    _show(f"By both: photo {photo_id} and {CHANGE!r}", by_both)
    return [
        SheetRow(sheet_hits(by_text), TEXT, label="text"),
        SheetRow(sheet_hits(by_image), picture=picture, label="image"),
        SheetRow(sheet_hits(by_both), CHANGE, picture, label="image and text"),
    ]


def _example(samples: Sequence[Sample]) -> Sample:
    """The daylight photo, not on a beach, that has the best match among the night photos."""
    at_night = [sample for sample in samples if sample["time"] == "night"]
    by_day = [sample for sample in samples if sample["time"] == "day" and sample["place"] != "beach"]

    def likeness(sample: Sample) -> int:
        traits = ("place", "subject", "colour", "count")
        return max(sum(sample[trait] == other[trait] for trait in traits) for other in at_night)

    return max(by_day, key=likeness)


def _show(title: str, result: SearchResult) -> None:
    write_line()
    write_line(title, "bold")
    show_hits(result)
    show_took(result)


def _save(rows: Sequence[SheetRow]) -> None:
    """Write and rename, since another demo may be writing the same file."""
    unfinished = SHEET.with_name(f".{SHEET.stem}-{os.getpid()}{SHEET.suffix}")
    draw_contact_sheet(rows).save(unfinished)
    unfinished.replace(SHEET)
    write_line()
    write_line(f"Contact sheet: {SHEET.resolve()}", "bold")


def _wait_for_ctrl_c() -> None:
    """Wait; Ctrl-C ends the wait without an error."""
    with suppress(KeyboardInterrupt):
        threading.Event().wait()


@contextmanager
def _log_lines_on_error(logs: Path) -> Iterator[None]:
    """Raise StackFailed for a LichtbildError, with the last log lines of the processes that died."""
    try:
        yield
    except LichtbildError as error:
        raise StackFailed("\n".join([str(error), *_last_lines(logs)])) from error


def _last_lines(logs: Path) -> Iterator[str]:
    for log in sorted(logs.glob("*.log")):
        lines = log.read_text(errors="replace").splitlines()[-_LAST_LINES:]
        if any(line.startswith(_DIED) for line in lines):
            yield f"The last lines of {log.stem}:"
            yield from (f"  {line}" for line in lines)


@contextmanager
def _signals_as_exit() -> Iterator[None]:
    """SIGTERM and SIGHUP end the demo as an error does: everything is stopped and removed."""

    def leave(number: int, _frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
