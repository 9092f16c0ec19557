"""Which processes the stack consists of, and what each of them is told."""

import socket
from pathlib import Path

import pytest

from embedded.data_folder import DataFolder
from embedded.demo_model import MODEL_FOLDER
from embedded.ports import free_ports
from embedded.stack import (
    Ports,
    PortTakenError,
    StackOptions,
    build_services,
    held_ports,
)
from embedded.supervisor import Service

PORTS = Ports(api=8700, redis=50001, catalogue=50002)


def built(options: StackOptions) -> list[list[Service]]:
    return build_services(options, DataFolder(options.data), PORTS, api_socket=3)


def test_stores_come_first_then_workers_and_api(tmp_path: Path) -> None:
    stores, rest = built(StackOptions(tmp_path, ingest_workers=2, environment={}))

    assert [service.name for service in stores] == ["redis", "catalogue"]
    assert [service.name for service in rest] == ["search-1", "ingest-1", "ingest-2", "api"]


def test_every_process_is_told_where_the_others_are(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    *_, api = built(StackOptions(tmp_path, environment={"LICHTBILD_API_KEYS": "k", "LANG": "C"}))[1]
    redis_password = folder.password("redis").read_text()
    catalogue_password = folder.password("catalogue").read_text()

    assert api.environment["LICHTBILD_REDIS_URL"] == f"redis://:{redis_password}@127.0.0.1:50001/0"
    assert (
        api.environment["LICHTBILD_CATALOGUE_URL"]
        == f"clickhouse://default:{catalogue_password}@127.0.0.1:50002/default"
    )
    assert api.environment["LICHTBILD_API_KEYS"] == "k"
    assert api.environment["LANG"] == "C"
    assert "LICHTBILD_FETCH_ALLOW" not in api.environment


def test_no_password_is_on_a_command_line(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    services = [service for stage in built(StackOptions(tmp_path, environment={})) for service in stage]
    passwords = [folder.password(name).read_text() for name in ("redis", "catalogue")]

    for service in services:
        assert not any(password in part for password in passwords for part in service.command), service.name
        assert not any(password in repr(service) for password in passwords), service.name


def test_the_stores_are_told_no_secrets(tmp_path: Path) -> None:
    options = StackOptions(tmp_path, environment={"LICHTBILD_API_KEYS": "hunter2", "LANG": "C"})

    for store in built(options)[0]:
        assert dict(store.environment) == {"LANG": "C"}


def test_the_fetcher_may_reach_the_samples_and_nothing_else(tmp_path: Path) -> None:
    options = StackOptions(tmp_path, samples=tmp_path / "samples", environment={"LICHTBILD_FETCH_ALLOW": "10.0.0.0/8"})
    worker = built(options)[1][0]

    assert worker.environment["LICHTBILD_SAMPLES_FOLDER"] == str(tmp_path / "samples")
    assert worker.environment["LICHTBILD_FETCH_ALLOW"] == "127.0.0.1:8700"


def test_without_samples_the_fetcher_is_as_the_user_says(tmp_path: Path) -> None:
    worker = built(StackOptions(tmp_path, environment={"LICHTBILD_FETCH_ALLOW": "10.0.0.0/8"}))[1][0]

    assert worker.environment["LICHTBILD_FETCH_ALLOW"] == "10.0.0.0/8"


@pytest.mark.parametrize(
    ("model", "told"), [("openai/clip-vit-base-patch32",) * 2, ("demo", str(MODEL_FOLDER)), ("mine", "{cwd}/mine")]
)
def test_a_model_is_a_hub_id_a_folder_or_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, told: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    worker = built(StackOptions(tmp_path / "data", model=model, environment={}))[1][0]

    assert worker.environment["LICHTBILD_MODEL"] == told.format(cwd=tmp_path)


def test_workers_share_the_cores_unless_the_user_says_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(8)), raising=False)

    def threads(**options: object) -> tuple[str, str]:
        workers = {service.name: service for service in built(StackOptions(tmp_path, **options))[1]}
        search, ingest = (workers[name].environment["LICHTBILD_CPU_THREADS"] for name in ("search-1", "ingest-1"))
        return search, ingest

    assert threads(ingest_workers=3, environment={}) == ("2", "2")
    assert threads(ingest_workers=1, environment={}) == ("4", "8")
    assert threads(ingest_workers=30, environment={}) == ("1", "1")
    assert threads(environment={"LICHTBILD_CPU_THREADS": "7"}) == ("7", "7")


def test_a_port_that_is_asked_for_is_taken_or_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=str(port)), held_ports(port):
            pass

    wanted = free_ports(1)[0]
    with held_ports(wanted) as (ports, _):
        assert ports.api == wanted
        assert len({ports.api, ports.redis, ports.catalogue}) == 3


def test_two_stacks_that_start_together_get_different_ports() -> None:
    with held_ports(None) as (first, _), held_ports(None) as (second, _):
        assert first.api != second.api
        with pytest.raises(PortTakenError), held_ports(first.api):
            pass


def test_the_preferred_port_is_not_insisted_on(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr("embedded.stack.PREFERRED_API_PORT", taken.getsockname()[1])

        with held_ports(None) as (ports, _):
            assert ports.api != taken.getsockname()[1]
