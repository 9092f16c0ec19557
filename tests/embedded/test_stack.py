"""The processes of the stack, their environments, and the ports they get."""

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
    reserved_ports,
)
from embedded.supervisor import Service
from shared.addresses.address_policy import AddressPolicy
from shared.settings import Settings

PORTS = Ports(api=8700, redis=50001, catalogue=50002)


def built(options: StackOptions) -> list[list[Service]]:
    return build_services(options, DataFolder(options.data), PORTS, api_socket=3)


def test_stores_come_first_then_workers_and_api(tmp_path: Path) -> None:
    stores, rest = built(StackOptions(tmp_path, ingest_workers=2, environment={}))

    assert [service.name for service in stores] == ["redis", "catalogue"]
    assert [service.name for service in rest] == ["search-1", "ingest-1", "ingest-2", "api"]


def test_every_process_gets_the_addresses_of_the_stores(tmp_path: Path) -> None:
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


def test_the_stores_get_no_secrets_in_their_environment(tmp_path: Path) -> None:
    options = StackOptions(tmp_path, environment={"LICHTBILD_API_KEYS": "hunter2", "LANG": "C"})

    for store in built(options)[0]:
        assert dict(store.environment) == {"LANG": "C"}


def worker_settings(options: StackOptions, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """The settings that a worker process of the stack reads from its environment."""
    for name, value in built(options)[1][0].environment.items():
        monkeypatch.setenv(name, value)
    return Settings()


@pytest.mark.parametrize("allowed", ["", "10.0.0.0/8", " 10.0.0.0/8 , 127.0.0.1:9000 "])
def test_the_samples_are_added_to_the_addresses_that_the_user_allows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: str
) -> None:
    monkeypatch.setenv("LICHTBILD_FETCH_ALLOW", allowed)
    settings = worker_settings(StackOptions(tmp_path, samples=tmp_path / "samples"), monkeypatch)
    policy = AddressPolicy(settings.fetch_allow)

    assert settings.samples_folder == str(tmp_path / "samples")
    assert set(settings.fetch_allow) == {*filter(None, map(str.strip, allowed.split(","))), "127.0.0.1:8700"}
    assert policy.allows("127.0.0.1", 8700)
    assert policy.allows("10.1.2.3", 80) == ("10.0.0.0/8" in allowed)
    assert not policy.allows("127.0.0.1", 50001)


def test_without_samples_the_users_allowed_addresses_stay_as_they_are(tmp_path: Path) -> None:
    worker = built(StackOptions(tmp_path, environment={"LICHTBILD_FETCH_ALLOW": "10.0.0.0/8"}))[1][0]

    assert worker.environment["LICHTBILD_FETCH_ALLOW"] == "10.0.0.0/8"


@pytest.mark.parametrize(
    ("model", "expected"), [("openai/clip-vit-base-patch32",) * 2, ("demo", str(MODEL_FOLDER)), ("mine", "{cwd}/mine")]
)
def test_a_model_is_a_hub_id_a_folder_or_the_demo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine").mkdir()
    worker = built(StackOptions(tmp_path / "data", model=model, environment={}))[1][0]

    assert worker.environment["LICHTBILD_MODEL"] == expected.format(cwd=tmp_path)


def test_workers_share_the_cores_unless_the_user_sets_their_threads(
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


def test_a_requested_port_is_reserved_or_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=str(port)), reserved_ports(port):
            pass

    wanted = free_ports(1)[0]
    with reserved_ports(wanted) as (ports, _):
        assert ports.api == wanted
        assert len({ports.api, ports.redis, ports.catalogue}) == 3


def test_two_stacks_that_start_together_get_different_ports() -> None:
    with reserved_ports(None) as (first, _), reserved_ports(None) as (second, _):
        assert first.api != second.api
        with pytest.raises(PortTakenError), reserved_ports(first.api):
            pass


def test_any_free_port_replaces_the_preferred_one_if_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        monkeypatch.setattr("embedded.stack.PREFERRED_API_PORT", taken.getsockname()[1])

        with reserved_ports(None) as (ports, _):
            assert ports.api != taken.getsockname()[1]
