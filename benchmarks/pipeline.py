"""Throughput of the ingest pipeline as a share of the model's throughput alone.

    python -m benchmarks.pipeline --json build/pipeline.json

Each stage adds one step to the previous stage, with the same model, precision, batches and pictures:

    encoder    ready pixels only: the ceiling
    + decode   JPEGs from memory, through the batcher
    + fetch    from a local HTTP server with a fixed latency, by the worker's fetcher
    whole      a worker process: ledger, fetch, decode, batcher, encode, grouped insert, settle
    loop       a plain script: one image at a time, requests.get, CLIPImageProcessor, float32, one insert at the end

The ceiling is measured before and after each other stage, whose share refers to the mean of the two, because the speed
of a virtual machine drifts by some percent within minutes. The encoder's row is the median of the ceilings.
Core-milliseconds per image are the processor time of the processes involved; on C cores, the ceiling itself takes
C * 1000 / rate.
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

from benchmarks.bulk_job import submit_numbered
from benchmarks.core_time import core_seconds, stores
from benchmarks.drawn_photos import draw_photos
from benchmarks.models import save_random_model
from benchmarks.photo_server import PhotoSource, running_photo_server
from benchmarks.report import argument_parser, facts_line, table, write_figures
from embedded.servers import running_catalogue, running_redis
from shared.addresses.address_policy import AddressPolicy
from shared.catalogue.connect import connect as connect_catalogue
from shared.catalogue.interface import Row
from shared.ledger.connection import connect as connect_redis
from shared.ledger.ingest import IngestLedger
from shared.ledger.jobs import Jobs
from shared.ledger.presence import Presence
from shared.settings import Settings
from worker.fetch.fetcher import Fetcher
from worker.images.decoder import decode, kept_pixels
from worker.model.batcher import Batcher, Encoded
from worker.model.cpu_quota import available_cores
from worker.model.encoder import ClipEncoder
from worker.model.tuning import tune


@dataclass(frozen=True)
class Stage:
    """Images per second, the share of the ceiling, and core-milliseconds per image by process."""

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
        model = save_random_model(folder / "model", tiny=arguments.tiny)
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
    """Measure all stages, the ceiling first. Return them with the facts of the set-up."""
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
        "model": "tiny" if arguments.tiny else "ViT-B/32, random weights",
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
    """A job in `workers` worker processes that share the cores, from the first claim to the last settlement."""
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
                url = f"{server.url}/{{}}".format
                job_id = submit_numbered(ledger, "photos", count, url, settings.chunk_size)
                _until(lambda: jobs.get(job_id).is_final, running)
                ended.append(jobs.get(job_id))

            ended: list[Any] = []
            stage = _timed("whole", count, run, watched)
            (job,) = ended
            if job.stored != count:
                raise SystemExit(f"The job did not store all items: {job.as_json()['progress']}")
            seconds = (job.finished - job.started).total_seconds()
            busy = ", ".join(f"{name} {part / seconds:.0%}" for name, part in job.stage_seconds.items())
            remark = f"limited by {job.limited_by}; busy: {busy}"
            return replace(stage, per_second=count / seconds, remark=remark)
        finally:
            for worker in running:
                worker.terminate()


def _loop(settings: Settings, server: PhotoSource, count: int) -> Stage:
    """The same work in a plain script."""
    model = CLIPModel.from_pretrained(settings.model, dtype=torch.float32).train(mode=False)
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
            raise SystemExit(f"A worker ended, or the condition was not met within {seconds:.0f} s.")
        time.sleep(0.05)


def _print(stages: Sequence[Stage], facts: dict[str, Any]) -> None:
    print(facts_line(facts), end="\n\n")
    print(table(["", "images", "per second", "of ceiling", "core-ms per image"], map(_cells, stages)), end="\n\n")
    for stage in stages:
        if stage.remark:
            print(f"{stage.name}: {stage.remark}")
    rates = {stage.name: stage.per_second for stage in stages}
    if "loop" in rates:
        print(f"The whole pipeline stores {rates['whole'] / rates['loop']:.1f} times as many images/s as the loop.")


def _cells(stage: Stage) -> list[str]:
    spent = ", ".join(f"{process} {ms:.1f}" for process, ms in stage.core_ms_per_image.items())
    return [stage.name, str(stage.images), f"{stage.per_second:.1f}", f"{stage.of_ceiling:.2f}", spent]


def _arguments() -> argparse.Namespace:
    parser = argument_parser("benchmarks.pipeline", __doc__)
    parser.add_argument("--images", type=int, default=2000, help="images per stage: %(default)s")
    parser.add_argument("--distinct", type=int, default=200, help="different pictures; more images repeat them")
    parser.add_argument("--longest", type=int, default=640, help="longest side of the pictures in pixels")
    parser.add_argument("--latency", type=float, default=0.05, help="latency of the photo server in seconds")
    parser.add_argument("--dtype", choices=("auto", "float32", "bfloat16"), default="auto")
    parser.add_argument("--workers", type=int, default=1, help="worker processes of the whole pipeline")
    parser.add_argument("--loop-images", type=int, default=100, help="images of the loop: %(default)s")
    parser.add_argument("--no-loop", action="store_true", help="skip the plain script")
    parser.add_argument("--tiny", action="store_true", help="use a tiny model, to try the program")
    return parser.parse_args()


if __name__ == "__main__":
    main()
