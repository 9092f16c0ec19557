"""A running stack as its clients see it, and as an operator who looks into its stores and kills its processes."""

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
import requests

from embedded.stack import Stack, StackOptions, running_stack
from shared.catalogue.connect import connect as connect_catalogue
from shared.catalogue.interface import Catalogue
from shared.ledger import keys
from shared.settings import Settings
from tests.image_server import ImageServer
from tests.webhook_receiver import SECRET as WEBHOOK_SECRET
from worker.ingest.job_slots import CHUNKS_PER_JOB

FINAL = ("succeeded", "failed", "cancelled")

# For the stack that the stories share. A worker downloads CHUNKS_PER_JOB chunks in parallel, so that all images of its
# chunks are in flight.
WORKERS, CHUNK = 3, 8
# A lease is extended three times per period, so a process that stalls for two seconds does not lose it.
LEASE_SECONDS = 4
SETTINGS = {
    "CHUNK_SIZE": str(CHUNK),
    "LEASE_SECONDS": str(LEASE_SECONDS),
    "WRITE_SECONDS": "0.2",
    "FETCH_ALLOW": "127.0.0.0/8",
    # Longer than any story, so that images that a test delays do not fail.
    "FETCH_TIMEOUT_SECONDS": "600",
    "WEBHOOK_SECRET": WEBHOOK_SECRET,
}


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds} s for: {what}"
        time.sleep(0.05)
    return found


@contextmanager
def running(
    data: Path, model: Path, settings: Mapping[str, str], workers: int, search_workers: int, **environment: str
) -> Iterator["Lichtbild"]:
    """A stack of the bundled Redis, the catalogue, the API and these workers, with `settings` without their prefix."""
    prefixed = {f"LICHTBILD_{name}": value for name, value in settings.items()}
    options = StackOptions(
        data=data,
        ingest_workers=workers,
        search_workers=search_workers,
        model=str(model),
        environment={**os.environ, **prefixed, **environment},
        quiet=True,
        bundled_redis=True,
    )
    with running_stack(options) as stack:
        yield Lichtbild(stack, data)


class Lichtbild:
    """A client of the API, with access to Redis, to the catalogue, and to the processes by name."""

    def __init__(self, stack: Stack, data: Path) -> None:
        self.data = data
        self.api = stack.api_url
        # Without a timeout: some tests wait in a blocking pop.
        self.redis = redis.Redis.from_url(stack.redis_url, socket_timeout=None)
        self._stack = stack

    @cached_property
    def catalogue(self) -> Catalogue:
        return connect_catalogue(Settings(catalogue_url=self._stack.catalogue_url))

    @property
    def stores(self) -> dict[str, str]:
        """The settings with which another API uses the same stores."""
        return {"redis_url": self._stack.redis_url, "catalogue_url": self._stack.catalogue_url}

    # --- as a client ---
    def post(self, path: str, **request: Any) -> requests.Response:
        return requests.post(self.api + path, timeout=60, **request)

    def get(self, path: str) -> Any:
        answer = requests.get(self.api + path, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ingest(self, items: list[dict[str, Any]], collection: str) -> str:
        answer = self.post(f"/v1/ingest?collection={collection}", json={"items": items})
        assert answer.status_code == 202, answer.text
        return answer.json()["id"]

    def search(self, **query: Any) -> dict[str, Any]:
        answer = self.post("/v1/search", json=query, headers={"Prefer": "wait=30"})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def look(self, job_id: str, wait: int = 0) -> Any:
        """The job, or None while the API or Redis is unavailable."""
        try:
            answer = requests.get(f"{self.api}/v1/jobs/{job_id}?wait={wait}", timeout=60)
        except requests.ConnectionError:
            return None
        assert answer.status_code in (200, 503), answer.text
        return answer.json() if answer.ok else None

    def finished(self, job_id: str, seconds: float = 60) -> dict[str, Any]:
        def ended() -> Any:
            job = self.look(job_id, wait=5)
            return job if job and job["status"] in FINAL else None

        return wait_for(ended, f"the end of job {job_id}", seconds)

    def ingests(self, collection: str) -> list[dict[str, Any]]:
        """The ingests of a collection, newest first."""
        jobs = self.get("/v1/jobs?kind=ingest&limit=200")["jobs"]
        return [job for job in jobs if job["collection"] == collection]

    def errors(self, job_id: str) -> list[dict[str, Any]]:
        return self.get(f"/v1/jobs/{job_id}/errors?limit=1000")["items"]

    # --- as an operator ---
    def sql(self, statement: str) -> list[list[Any]]:
        """The rows of a statement, directly from the catalogue's server."""
        server = urlsplit(self._stack.catalogue_url)
        answer = requests.post(
            f"http://{server.hostname}:{server.port}/",
            params={"database": server.path.strip("/"), "default_format": "JSONCompact"},
            data=statement,
            auth=(server.username or "", server.password or ""),
            timeout=60,
        )
        assert answer.ok, answer.text
        return answer.json()["data"] if answer.content else []

    def process(self, name: str) -> int | None:
        return self._stack.supervisor.process_ids().get(name)

    def workers(self) -> list[str]:
        """The ingest workers whose process exists now."""
        return sorted(name for name in self._stack.supervisor.process_ids() if name.startswith("ingest-"))

    def send(self, name: str, number: signal.Signals) -> int:
        """Send a signal to a process of the stack; return its id."""
        process = self.process(name)
        assert process is not None, f"{name} does not run"
        os.kill(process, number)
        return process

    def kill(self, name: str) -> int:
        return self.send(name, signal.SIGKILL)

    @contextmanager
    def kept_away(self, name: str) -> Iterator[None]:
        """Kill a process, and each replacement before it is ready, until the block ends."""
        over = threading.Event()

        def keep() -> None:
            killed = None
            while not over.wait(0.02):
                if self.process(name) not in (None, killed):
                    killed = self.kill(name)

        first = self.kill(name)
        thread = threading.Thread(target=keep)
        thread.start()
        try:
            wait_for(lambda: self.process(name) != first, f"the end of {name}")
            yield
        finally:
            over.set()
            thread.join()

    def replaced(self, name: str, process: int, seconds: float = 60) -> None:
        """Wait until this process has ended and the supervisor has started another one under its name."""
        wait_for(lambda: self.process(name) not in (None, process), f"another {name}", seconds)

    def ready(self, workers: int = 0) -> None:
        """Wait until the servers respond and this number of ingest workers have loaded their model."""

        def all_well() -> bool:
            try:
                state = requests.get(f"{self.api}/readyz", timeout=60).json()
            except requests.ConnectionError:
                return False
            alive = [worker for worker in state["workers"] if worker["queue"] == "ingest"]
            return state["checks"]["redis"] and state["checks"]["catalogue"] and len(alive) >= workers

        wait_for(all_well, f"the API, the stores and {workers} workers to be ready", 120)

    def held(self) -> int:
        """The number of chunks that the workers hold."""
        return self.redis.zcard(keys.LEASES)

    def each_worker_holds_a_chunk(self) -> None:
        """Wait until more chunks are claimed than all workers but one can claim of one job; only one job may run."""
        most = (WORKERS - 1) * CHUNKS_PER_JOB
        wait_for(lambda: self.held() > most, f"more than {most} claimed chunks")


def each_worker_downloads(images: ImageServer) -> None:
    """Wait until more images are requested than all workers but one download of one job; only one job may run."""
    most = (WORKERS - 1) * CHUNKS_PER_JOB * CHUNK
    wait_for(lambda: len(images.asked) > most, f"requests for more than {most} images")
