"""The embedded stack: its processes, their order and their environments."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from embedded.data_folder import DataFolder
from embedded.demo_model import MODEL_FOLDER
from embedded.output import Output
from embedded.ports import LOOPBACK, free_ports, listen
from embedded.readiness import delete_key, http_answers, redis_answers, redis_has
from embedded.redis_server import find_redis, redis_command
from embedded.servers import catalogue_command, project_root
from embedded.supervisor import Service, Supervisor
from shared.ledger import keys
from worker.model.cpu_quota import available_cores

PREFERRED_API_PORT = 8700
DEMO_MODEL = "demo"
# Each long poll and each event stream occupies a thread.
_API_THREADS = 640
# Ingest gets the CPU time that searches, the API and the stores leave.
_NICE = {"search": 0, "ingest": 19}
# The first start with a model from Hugging Face downloads it.
_MODEL_SECONDS = 900.0
# Both stores load their data before they answer.
_STORE_SECONDS = 300.0


class PortTakenError(Exception):
    """The requested port of the API is taken."""


@dataclass(frozen=True)
class StackOptions:
    """What a user may choose. The processes get `environment`, with the stack's own variables added."""

    data: Path
    api_port: int | None = None
    ingest_workers: int = 1
    search_workers: int = 1
    model: str = "openai/clip-vit-base-patch32"
    samples: Path | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: dict(os.environ), repr=False)
    quiet: bool = False
    bundled_redis: bool = False


@dataclass(frozen=True)
class Ports:
    """The ports of the three servers, all on loopback."""

    api: int
    redis: int
    catalogue: int


@dataclass(frozen=True)
class Stack:
    """A running stack. The stores' URLs contain their passwords."""

    api_url: str
    redis_url: str = field(repr=False)
    catalogue_url: str = field(repr=False)
    supervisor: Supervisor


@contextmanager
def reserved_ports(requested: int | None) -> Iterator[tuple[Ports, int]]:
    """The ports, and the descriptor of the API's listening socket. Raises PortTakenError.

    The API's port is the requested one; without a request it is 8700, or any free port if 8700 is taken. The socket
    listens as long as the stack lives: no other stack takes the port, and a connection made while the API restarts
    waits instead of being refused. The stores' ports are known to this stack's processes only.
    """
    api = listen(requested) if requested is not None else listen(PREFERRED_API_PORT) or listen(0)
    if api is None:
        raise PortTakenError(
            f"Port {requested} is taken: choose another with --port, or omit --port to get a free one."
        )
    with api:
        redis, catalogue = free_ports(2)
        yield Ports(api.getsockname()[1], redis, catalogue), api.fileno()


def build_services(options: StackOptions, folder: DataFolder, ports: Ports, api_socket: int) -> list[list[Service]]:
    """The stages of the supervisor: the two stores, then the workers and the API, which need them."""
    environment = _environment(options, folder, ports)
    redis_url = _redis_url(folder, ports)
    service = partial(Service, environment=environment, folder=project_root())
    # The stores read their own passwords from files and get no other secret.
    store = partial(Service, environment=_without_settings(options.environment), folder=project_root())
    password = folder.password("redis").read_text()
    stores = [
        store(
            "redis",
            redis_command(find_redis(options.bundled_redis), folder.redis, ports.redis, password),
            is_ready=lambda: redis_answers(redis_url),
            ready_timeout=_STORE_SECONDS,
        ),
        store(
            "catalogue",
            catalogue_command(folder.catalogue, ports.catalogue, folder.password("catalogue")),
            is_ready=lambda: http_answers(f"http://{LOOPBACK}:{ports.catalogue}/ping"),
            ready_timeout=_STORE_SECONDS,
        ),
    ]
    counts = {"search": options.search_workers, "ingest": options.ingest_workers}
    threads = _threads(options)
    workers = [
        _worker(
            partial(service, environment={"LICHTBILD_CPU_THREADS": threads[queue], **environment}),
            queue,
            f"{queue}-{number}",
            redis_url,
        )
        for queue, count in counts.items()
        for number in range(1, count + 1)
    ]
    api = service(
        "api",
        _api_command(api_socket),
        is_ready=lambda: http_answers(f"{_api_url(ports)}/healthz"),
        descriptors=(api_socket,),
    )
    return [stores, [*workers, api]]


@contextmanager
def running_stack(options: StackOptions) -> Iterator[Stack]:
    """Start a stack on entry, watch it in the background, stop it on exit; for the demo and for tests.

    Raises FolderInUseError, PortTakenError, RedisUnavailableError and StartFailedError.
    """
    with _prepared(options) as stack, stack.supervisor.running():
        yield stack


def serve_stack(options: StackOptions, on_ready: Callable[[Stack], None]) -> None:
    """Run a stack until SIGINT, SIGTERM or SIGHUP, then stop everything in order; call it from the main thread.

    Raises the errors of `running_stack`.
    """
    with _prepared(options) as stack, _on_signal(stack.supervisor.request_stop):
        try:
            if stack.supervisor.start():
                on_ready(stack)
                stack.supervisor.watch()
        finally:
            stack.supervisor.stop()


@contextmanager
def _prepared(options: StackOptions) -> Iterator[Stack]:
    folder = DataFolder(options.data)
    with folder.locked(), reserved_ports(options.api_port) as (ports, api_socket):
        output = Output(folder.logs, None if options.quiet else sys.stderr)
        try:
            supervisor = Supervisor(build_services(options, folder, ports, api_socket), output)
            yield Stack(_api_url(ports), _redis_url(folder, ports), _catalogue_url(folder, ports), supervisor)
        finally:
            output.close()


@contextmanager
def _on_signal(request_stop: Callable[[], None]) -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, lambda *_: request_stop()) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _worker(service: Callable[..., Service], queue: str, name: str, redis_url: str) -> Service:
    key = keys.worker(queue, name)
    return service(
        name,
        (sys.executable, "-m", "worker", "--queue", queue, "--name", name, "--nice", str(_NICE[queue])),
        is_ready=lambda: redis_has(redis_url, key),
        # The presence key of a killed worker expires a few seconds after the worker.
        before_start=lambda: delete_key(redis_url, key),
        ready_timeout=_MODEL_SECONDS,
        stop_timeout=15.0,
    )


def _api_command(api_socket: int) -> Sequence[str]:
    options = f"--bind fd://{api_socket} --worker-class gthread --workers 1 --threads {_API_THREADS} --timeout 60"
    # The control socket would be in the home folder, shared by all stacks.
    return (sys.executable, "-m", "gunicorn", *options.split(), "--no-control-socket", "api.app:create_app()")


def _api_url(ports: Ports) -> str:
    return f"http://{LOOPBACK}:{ports.api}"


def _redis_url(folder: DataFolder, ports: Ports) -> str:
    return f"redis://:{folder.password('redis').read_text()}@{LOOPBACK}:{ports.redis}/0"


def _catalogue_url(folder: DataFolder, ports: Ports) -> str:
    password = folder.password("catalogue").read_text()
    return f"clickhouse://default:{password}@{LOOPBACK}:{ports.catalogue}/default"


def _environment(options: StackOptions, folder: DataFolder, ports: Ports) -> dict[str, str]:
    environment = {
        "LICHTBILD_UPLOADS_FOLDER": str(folder.uploads),
        "LICHTBILD_THUMBNAILS": "all",
        **options.environment,
        "LICHTBILD_REDIS_URL": _redis_url(folder, ports),
        "LICHTBILD_CATALOGUE_URL": _catalogue_url(folder, ports),
        "LICHTBILD_MODEL": _model(options.model),
        "PYTHONUNBUFFERED": "1",
    }
    if options.samples is not None:
        environment["LICHTBILD_SAMPLES_FOLDER"] = str(options.samples.resolve())
        allowed = options.environment.get("LICHTBILD_FETCH_ALLOW", "").strip()
        samples = f"{LOOPBACK}:{ports.api}"
        environment["LICHTBILD_FETCH_ALLOW"] = f"{allowed},{samples}" if allowed else samples
    return environment


def _without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environment.items() if not name.startswith("LICHTBILD_")}


def _threads(options: StackOptions) -> dict[str, str]:
    """CPU threads of each worker's model, by queue. Ingest workers share all cores, since they run at low priority and
    yield to searches. Search workers get the cores divided by all workers: their forward passes are short and gain
    little from more threads.
    """
    cores, workers = available_cores(), options.ingest_workers + options.search_workers
    shares = {"search": cores // max(1, workers), "ingest": cores // max(1, options.ingest_workers)}
    return {queue: str(max(1, share)) for queue, share in shares.items()}


def _model(model: str) -> str:
    """A Hugging Face id, or the absolute path of a folder: the processes have another working folder than the user."""
    if model == DEMO_MODEL:
        return str(MODEL_FOLDER)
    return str(Path(model).resolve()) if Path(model).is_dir() else model
