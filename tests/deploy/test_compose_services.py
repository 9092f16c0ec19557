"""The services of docker-compose.yml: their rights, networks, ports, volumes and health checks."""

import re
from pathlib import Path

import pytest

from shared.catalogue.connect import parse as parse_address
from shared.settings import Settings
from tests.deploy import dockerfile
from tests.deploy.compose import FILE, FILLED, ROOT, SERVICES, WORKERS, load

# Runs by its own image's rules, which we could not try: see the comment in the file.
UNTRIED = {"myscaledb"}


def seconds(duration: str) -> int:
    match = re.fullmatch(r"(\d+)(s|m)", duration)
    assert match, duration
    return int(match[1]) * {"s": 1, "m": 60}[match[2]]


def test_the_catalogue_may_be_another_one():
    assert SERVICES["api"]["environment"]["LICHTBILD_CATALOGUE_URL"].endswith("@clickhouse:8123/default")
    other = load(FILE, FILLED | {"LICHTBILD_CATALOGUE_URL": "clickhouses://a:b@db:8443/c"})["services"]
    assert {other[name]["environment"]["LICHTBILD_CATALOGUE_URL"] for name in ("api", *WORKERS)} == {
        "clickhouses://a:b@db:8443/c"
    }


def test_the_address_of_myscaledb_in_the_comment_leads_to_its_service():
    lines = dict(re.findall(r"^  #   (\w+)=(\S+)$", FILE.read_text(), re.MULTILINE))
    assert lines["COMPOSE_PROFILES"] in SERVICES["myscaledb"]["profiles"]
    address = parse_address(lines["LICHTBILD_CATALOGUE_URL"])
    assert (address.host, address.port, address.secure, address.database) == ("myscaledb", 8123, False, "default")
    users = SERVICES["myscaledb"]["volumes"][1].partition(":")[0]
    assert f"<{address.user}>" in (ROOT / users).read_text()
    assert "CLICKHOUSE_PASSWORD" in SERVICES["myscaledb"]["environment"]
    assert set(SERVICES["myscaledb"]["networks"]) <= set(SERVICES["api"]["networks"]) & set(
        SERVICES["ingest"]["networks"]
    )


def test_the_catalogue_may_write_backups_where_the_docs_say():
    allowed = re.search("<allowed_path>(.+)</allowed_path>", (ROOT / "deploy/clickhouse/server.xml").read_text())
    assert allowed
    named = re.findall(r"File\('+\"?'?\"?'?([^'\"]+)", (ROOT / "docs/catalogue.md").read_text())
    assert len(named) == 3
    assert all(path.startswith(allowed[1]) for path in named)
    assert any(allowed[1].startswith(mount.split(":")[1]) for mount in SERVICES["clickhouse"]["volumes"])


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_has_a_health_check_by_file_or_http(name):
    check = SERVICES[name]["healthcheck"]
    assert {"test", "interval", "timeout", "retries", "start_period"} <= set(check)
    text = " ".join(check["test"])
    assert "inspect" not in text
    assert any(way in text for way in ("worker.health", "http", "redis-cli"))


@pytest.mark.parametrize("name", sorted(set(SERVICES) - UNTRIED))
def test_each_service_is_closed(name):
    service = SERVICES[name]
    user = service.get("user") or dockerfile.user(service["build"]["target"])
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert "privileged" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert any(mount.startswith("/tmp:") for mount in service["tmpfs"])
    assert service["restart"] == "unless-stopped"


def test_the_stores_can_be_reached_by_nobody_else():
    assert load(FILE)["networks"]["stores"] == {"internal": True}
    for name in ("redis", "clickhouse", "myscaledb"):
        assert SERVICES[name]["networks"] == ["stores"]
        assert "ports" not in SERVICES[name]


def test_ports_are_open_on_this_machine_only():
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert published == ["127.0.0.1:8700:8700", "127.0.0.1:5555:5555"]


def test_the_api_and_the_ingest_workers_share_the_uploads():
    for name in ("api", "ingest"):
        assert SERVICES[name]["environment"]["LICHTBILD_UPLOADS_FOLDER"] == "/uploads"
        assert "uploads:/uploads" in SERVICES[name]["volumes"]
        image = SERVICES[name]["build"]["target"]
        made = [run for stage in dockerfile.lineage(image) for run in stage.all("RUN") if run.endswith(" /uploads")]
        assert made == ["install --directory --owner 10001 --group 10001 /uploads"]


@pytest.mark.parametrize("name", WORKERS)
def test_there_can_be_many_workers(name):
    service = SERVICES[name]
    assert {"container_name", "hostname", "ports"} & set(service) == set()
    assert "--name" not in service["command"], "a worker is called after its container"
    file = service["environment"]["LICHTBILD_HEARTBEAT_FILE"]
    assert service["healthcheck"]["test"][-1] == file
    assert Path(file).parent == Path("/tmp")
    assert "models:/models" in service["volumes"]
    assert dockerfile.environment("worker")["HF_HOME"] == "/models"
    # Longer than a lease: what takes longer has been given to another worker anyway.
    lease = Settings.model_fields["lease_seconds"].default
    assert seconds(service["stop_grace_period"]) > 3 * lease


def test_redis_forgets_nothing():
    command = SERVICES["redis"]["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "everysec"
    assert options["--maxmemory-policy"] == "noeviction"
    assert options["--requirepass"] == FILLED["REDIS_PASSWORD"]
    assert SERVICES["redis"]["volumes"] == [f"redis:{options['--dir']}"]
