"""Each service's own command, run as a process until its own health check passes; then a job through all of them."""

import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import requests

from shared.doorbell import Doorbell, celery_app
from shared.settings import Settings
from tests.deploy.compose import FILE, load
from tests.deploy.processes import Machine
from tests.image_server import serving
from tests.pictures import photo

PASSWORDS = {name: f"{name.lower()}-1" for name in ("REDIS_PASSWORD", "CLICKHOUSE_PASSWORD", "FLOWER_PASSWORD")}


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, catalogue_url: str, tiny_model: Path) -> Iterator[Machine]:
    env = PASSWORDS | {
        "LICHTBILD_MODEL": "/models/tiny",
        "LICHTBILD_FETCH_ALLOW": "127.0.0.0/8",
        "LICHTBILD_WRITE_SECONDS": "0.1",
        "LICHTBILD_API_KEYS": "a-key",
        "HF_HUB_OFFLINE": "1",
        "WORKER_THREADS": "1",
    }
    services = load(FILE, env)["services"]
    clickhouse = f"clickhouse://lichtbild:{PASSWORDS['CLICKHOUSE_PASSWORD']}@clickhouse:8123/default"
    assert services["api"]["environment"]["LICHTBILD_CATALOGUE_URL"] == clickhouse
    with Machine(services, tmp_path_factory.mktemp("machine"), {clickhouse: catalogue_url}) as machine:
        shutil.copytree(tiny_model, machine.volume("models") / "tiny")
        machine.start("redis")
        machine.wait_until_healthy("redis")
        for name in ("search", "ingest", "api", "flower"):
            machine.start(name)
        yield machine


def call(machine: Machine, method: str, path: str, **request: Any) -> Any:
    url = f"http://127.0.0.1:{machine.port('8700')}{path}"
    headers = {"Authorization": "Bearer a-key", "Prefer": "wait=30"}
    answer = requests.request(method, url, headers=headers, timeout=60, **request)
    assert answer.ok, answer.text
    return answer.json()


def redis_url(machine: Machine) -> str:
    return f"redis://:{PASSWORDS['REDIS_PASSWORD']}@127.0.0.1:{machine.port('6379')}/0"


def test_redis_runs_as_its_flags_say(machine):
    connection = redis.Redis.from_url(redis_url(machine), decode_responses=True)
    wanted = {"appendonly": "yes", "appendfsync": "everysec", "save": "", "maxmemory-policy": "noeviction"}
    assert {name: connection.config_get(name)[name] for name in wanted} == wanted
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=machine.port("6379")).ping()


def test_all_become_healthy_and_do_a_job(machine, collection):
    machine.wait_until_healthy("search", "ingest", "api")
    with serving() as images:
        images.default = lambda path: photo(int(path.strip("/")))
        items = [{"id": f"p/{n}", "url": f"{images.url}/{n}"} for n in range(20)]
        job = call(machine, "POST", f"/v1/ingest?collection={collection}", json={"items": items})
        deadline = time.monotonic() + 30
        while job["status"] not in ("succeeded", "failed"):
            assert time.monotonic() < deadline, job
            job = call(machine, "GET", f"/v1/jobs/{job['id']}?wait=5")
    assert job["progress"]["stored"] == len(items)
    found = call(machine, "POST", "/v1/search", json={"photo_id": "p/7", "collection": collection})
    assert found["result"]["hits"][0]["photo_id"] == "p/7"
    assert machine.check("api").returncode == 0


def test_flower_asks_for_its_password_and_sees_the_queues_under_their_prefix(machine):
    machine.wait_until_healthy("flower", "search", "ingest")
    address = f"http://127.0.0.1:{machine.port('5555')}"
    assert requests.get(f"{address}/api/workers", timeout=30).status_code == 401
    asked = requests.Session()
    asked.auth = ("lichtbild", PASSWORDS["FLOWER_PASSWORD"])
    deadline = time.monotonic() + 30
    while len(workers := asked.get(f"{address}/api/workers?refresh=1", timeout=30).json()) < 2:
        assert time.monotonic() < deadline, workers
    assert {queue["name"] for worker in workers.values() for queue in worker["active_queues"]} == {"search", "ingest"}
    bell = Doorbell(celery_app(Settings(redis_url=redis_url(machine))))
    with machine.paused("search"):
        for _ in range(5):
            bell.ring_search()
        queues = asked.get(f"{address}/api/queues/length", timeout=30).json()["active_queues"]
    waiting = {queue["name"]: queue["messages"] for queue in queues}
    # One bell may be in flight to the worker already.
    assert waiting == {"search": pytest.approx(4.5, abs=0.5), "ingest": 0}
    assert asked.post(f"{address}/api/worker/shutdown/{next(iter(workers))}", timeout=30).status_code == 403


def test_no_service_writes_into_its_image(machine):
    machine.wait_until_healthy("search", "ingest", "api", "flower")
    assert {name: machine.written_into_the_image(name) for name in ("search", "ingest", "api", "flower")} == {
        name: set() for name in ("search", "ingest", "api", "flower")
    }


def test_a_service_that_is_stopped_ends_well_and_is_no_longer_healthy(machine):
    machine.wait_until_healthy("ingest", "api", "flower")
    stopped = ("ingest", "api", "flower")
    try:
        for name in stopped:
            assert machine.stop(name) == 0, machine.log(name)
            assert machine.check(name).returncode != 0
        connection = redis.Redis.from_url(redis_url(machine))
        assert not list(connection.scan_iter("lichtbild:worker:ingest:*"))
    finally:
        for name in stopped:
            machine.start(name)
