"""How much of what the model alone does is left once images are fetched, decoded, written and counted.

    python -m benchmarks.pipeline --json build/pipeline.json

Each stage adds one to the stage before it, with the same model, precision, batches and pictures:

    encoder    ready pixels, nothing else: the ceiling
    + decode   JPEGs from memory, through the batcher
    + fetch    from a local HTTP server with a latency, by the worker's fetcher
    whole      a worker process: ledger, fetch, decode, batcher, encode, grouped insert, settle
    loop       the plain way: one image at a time, requests.get, CLIPProcessor, float32, one insert at the end

The ceiling is measured before and after each of the others, whose share is of the mean of the two beside it: a virtual
machine's speed drifts by some percent within minutes. Its own row is the middle one. Core-milliseconds per image are
the processor time of the processes involved: with C cores the ceiling itself is C * 1000 / rate of them.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import requests
import torch
from PIL import Image
from transformers import CLIPImageProcessorPil, CLIPModel

from benchmarks.core_time import core_seconds, stores
from benchmarks.drawn_photos import draw_photos
from benchmarks.photo_server import PhotoSource, running_photo_server
from benchmarks.report import arguments_of, write_figures
from embedded.servers import running_catalogue, running_redis
from shared.catalogue.connect import connect as connect_catalogue
from shared.catalogue.interface import Row
from shared.domain.items import Item
from shared.ledger.connection import connect as connect_redis
from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs
from shared.ledger.presence import Presence
from shared.settings import Settings
from tests.tiny_model import save_full_size_model, save_tiny_model
from worker.fetch.address_policy import AddressPolicy
from worker.fetch.fetcher import Fetcher
from worker.images.decoder import decode, kept_pixels
from worker.model.batcher import Batcher, Encoded
from worker.model.cpu_quota import available_cores
from worker.model.encoder import ClipEncoder
from worker.model.tuning import tune


@dataclass(frozen=True)
class Stage:
    """Images per second, as a share of the ceiling, and the processor time that one image took."""

    name: str
    images: int
    per_second: float
    of_ceiling: float
    core_ms_per_image: dict[str, float]
    remark: str = ""


def main() -> None:
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        save = save_tiny_model if arguments.tiny else save_full_size_model
        model = str(save(folder / "model"))
        photos = draw_photos(folder / "photos", arguments.distinct, arguments.longest)
        with (
            running_photo_server(folder / "photos", arguments.latency) as server,
            running_redis(folder / "redis") as redis_url,
            running_catalogue(folder / "catalogue") as catalogue_url,
        ):
            settings = Settings(
                redis_url=redis_url,
                catalogue_url=catalogue_url,
                model=model,
                dtype=arguments.dtype,
                fetch_allow=("127.0.0.0/8",),
                tuning_folder=str(folder / "tuning"),
            )
            stages, facts = measure(settings, photos, server, arguments)
    _print(stages, facts)
    write_figures(arguments.json, {**facts, "stages": stages})


def measure(
    settings: Settings, photos: Sequence[bytes], server: PhotoSource, arguments: argparse.Namespace
) -> tuple[list[Stage], dict[str, Any]]:
    """All stages, the ceiling first, and what was measured on what."""
    encoder = ClipEncoder(settings)
    tune(encoder, settings, "throughput")
    shortest = kept_pixels(settings, encoder.edge)
    pixels = [encoder.prepare(decode(photo, settings.max_image_pixels, shortest)) for photo in photos[:128]]
    batcher = Batcher(encoder)
    fetcher = Fetcher(settings, AddressPolicy(settings.fetch_allow), encoder.edge)
    count = arguments.images

    def encode(start: int) -> None:
        end = min(start + encoder.batch_size, count)
        encoder.encode_images([pixels[n % len(pixels)] for n in range(start, end)])

    def alone() -> None:
        with ThreadPoolExecutor(encoder.passes) as pool:
            list(pool.map(encode, range(0, count, encoder.batch_size)))

    def prepared(content: bytes) -> "Future[Encoded]":
        pixels = lambda: encoder.prepare(decode(content, settings.max_image_pixels, shortest))  # noqa: E731
        return batcher.submit_unprepared(pixels, len(content))

    def from_memory() -> None:
        with ThreadPoolExecutor(8) as pool:
            for future in [pool.submit(prepared, photos[n % len(photos)]) for n in range(count)]:
                future.result().result()

    def fetched() -> None:
        then: Callable[[Any], Future[Encoded]] = lambda download: prepared(download.content)  # noqa: E731
        for future in [fetcher.submit(f"{server.url}/{n}", then) for n in range(count)]:
            future.result().result()

    me = {"worker": os.getpid()}
    with_server = {**me, "photo server": server.process_id}
    runs: list[Callable[[], Stage]] = [
        lambda: _timed("+ decode", count, from_memory, me),
        lambda: _timed("+ fetch", count, fetched, with_server),
        lambda: _whole(settings, server, count, arguments.workers),
    ]
    if not arguments.no_loop:
        runs.append(lambda: _loop(settings, server, min(count, arguments.loop_images)))
    ceiling = partial(_timed, "encoder", count, alone, me)
    ceilings, stages = [ceiling()], []
    for run in runs:
        stage = run()
        ceilings.append(ceiling())
        share = stage.per_second / statistics.mean(one.per_second for one in ceilings[-2:])
        stages.append(replace(stage, of_ceiling=share))
    batcher.close()
    fetcher.close()
    middle = sorted(ceilings, key=lambda one: one.per_second)[len(ceilings) // 2]
    facts = {
        "model": "tiny" if arguments.tiny else "ViT-B/32 of full size, random weights",
        "dtype": encoder.plan.images.dtype,
        "batch_size": encoder.batch_size,
        "passes": encoder.passes,
        "threads": encoder.threads,
        "cores": available_cores(),
        "longest_side": arguments.longest,
        "bytes_per_image": round(statistics.mean(map(len, photos))),
        "latency_seconds": arguments.latency,
        "fetch_concurrency": settings.fetch_concurrency,
        "ceilings_per_second": [round(stage.per_second, 1) for stage in ceilings],
    }
    return [replace(middle, of_ceiling=1.0), *stages], facts


def _whole(settings: Settings, server: PhotoSource, count: int, workers: int) -> Stage:
    """A job through worker processes that share the cores, from its first claim to its last item settled."""
    connection = connect_redis(settings)
    ledger, jobs = IngestLedger(connection, settings), Jobs(connection, settings)
    environment = {
        **os.environ,
        "LICHTBILD_REDIS_URL": settings.redis_url.get_secret_value(),
        "LICHTBILD_CATALOGUE_URL": settings.catalogue_url.get_secret_value(),
        "LICHTBILD_MODEL": settings.model,
        "LICHTBILD_DTYPE": settings.dtype,
        "LICHTBILD_TUNING_FOLDER": settings.tuning_folder,
        "LICHTBILD_FETCH_ALLOW": ",".join(settings.fetch_allow),
        "LICHTBILD_CPU_THREADS": str(max(1, available_cores() // workers)),
    }
    command = [sys.executable, "-m", "worker", "--queue", "ingest", "--name"]
    with tempfile.TemporaryFile() as log, ExitStack() as started:
        running = [
            started.enter_context(subprocess.Popen([*command, f"measured-{n}"], env=environment, stderr=log))
            for n in range(workers)
        ]
        try:
            _until(lambda: len(Presence(connection).alive("ingest")) == workers, running)
            watched = {f"worker {n}" if n else "worker": worker.pid for n, worker in enumerate(running)}
            watched["photo server"] = server.process_id
            watched |= {f"store {n}": store.pid for n, store in enumerate(stores())}

            def run() -> None:
                submission = ledger.submission("photos")
                for start in range(0, count, settings.chunk_size):
                    numbers = range(start, min(start + settings.chunk_size, count))
                    submission.stage([Item(f"p{n}", f"{server.url}/{n}", {"n": n}) for n in numbers])
                job_id = submission.submit()
                _until(lambda: jobs.get(job_id).is_final, running)
                ended.append(jobs.get(job_id))

            ended: list[Any] = []
            stage = _timed("whole", count, run, watched)
            (job,) = ended
            if job.stored != count:
                raise SystemExit(f"The job did not store all: {job.as_json()['progress']}")
            seconds = (job.finished - job.started).total_seconds()
            busy = ", ".join(f"{name} {part / seconds:.0%}" for name, part in job.stage_seconds.items())
            remark = f"limited by {job.limited_by}; busy: {busy}"
            return replace(stage, per_second=count / seconds, remark=remark)
        finally:
            for worker in running:
                worker.terminate()


def _loop(settings: Settings, server: PhotoSource, count: int) -> Stage:
    """What a notebook does."""
    model = CLIPModel.from_pretrained(settings.model, dtype=torch.float32).eval()
    processor = CLIPImageProcessorPil.from_pretrained(settings.model)
    catalogue = connect_catalogue(settings)

    def run() -> None:
        rows: list[Row] = []
        for n in range(count):
            url = f"{server.url}/{n}"
            image = Image.open(BytesIO(requests.get(url, timeout=30).content)).convert("RGB")
            with torch.inference_mode():
                inputs = processor(images=image, return_tensors="pt")
                features = model.get_image_features(**inputs).pooler_output
            vector = torch.nn.functional.normalize(features, dim=-1)[0].numpy().astype(np.float32)
            rows.append(Row(f"p{n}", url, vector, b"", {}, 1))
        catalogue.ensure("loop", "loop", len(rows[0].embedding))
        catalogue.write("loop", rows)

    return _timed("loop", count, run, {"loop": os.getpid(), "photo server": server.process_id})


def _timed(name: str, count: int, run: Callable[[], None], processes: dict[str, int]) -> Stage:
    watched = {who: psutil.Process(pid) for who, pid in processes.items()}
    before = {who: core_seconds(process) for who, process in watched.items()}
    started = time.perf_counter()
    run()
    seconds = time.perf_counter() - started
    spent = {who: 1000 * (core_seconds(process) - before[who]) / count for who, process in watched.items()}
    return Stage(name, count, count / seconds, 0.0, spent)


def _until(condition: Callable[[], bool], workers: "Sequence[subprocess.Popen[bytes]]", seconds: float = 900) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if any(worker.poll() is not None for worker in workers) or time.monotonic() > deadline:
            raise SystemExit("A worker ended, or it took too long.")
        time.sleep(0.05)


def _print(stages: Sequence[Stage], facts: dict[str, Any]) -> None:
    print(", ".join(f"{name.replace('_', ' ')}: {value}" for name, value in facts.items()))
    print(f"{'':<10}{'images':>8}{'per second':>12}{'of ceiling':>12}  core-ms per image")
    for stage in stages:
        spent = ", ".join(f"{who} {ms:.1f}" for who, ms in stage.core_ms_per_image.items())
        print(f"{stage.name:<10}{stage.images:>8}{stage.per_second:>12.1f}{stage.of_ceiling:>12.2f}  {spent}")
        if stage.remark:
            print(f"{'':<10}{stage.remark}")
    rates = {stage.name: stage.per_second for stage in stages}
    if "loop" in rates:
        print(f"whole : loop = {rates['whole'] / rates['loop']:.1f}")


def _arguments() -> argparse.Namespace:
    parser = arguments_of("benchmarks.pipeline", __doc__)
    parser.add_argument("--images", type=int, default=2000, help="of each stage")
    parser.add_argument("--distinct", type=int, default=200, help="pictures drawn; beyond, they come again")
    parser.add_argument("--longest", type=int, default=640, help="longest side, in pixels")
    parser.add_argument("--latency", type=float, default=0.05, help="of each answer, in seconds")
    parser.add_argument("--dtype", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument("--workers", type=int, default=1, help="that share the cores, in the whole")
    parser.add_argument("--loop-images", type=int, default=100)
    parser.add_argument("--no-loop", action="store_true", help="leave the plain way out")
    parser.add_argument("--tiny", action="store_true", help="a tiny model, to see that it runs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
