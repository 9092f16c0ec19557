"""docker-compose.yml, its GPU overlay and .env.example: valid, complete, and as closed as they can be."""

import re
import shutil
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.catalogue.connect import parse as parse_address
from shared.settings import Settings
from tests.deploy import dockerfile
from tests.deploy.compose import (
    EXAMPLE,
    FILE,
    GPU_FILE,
    ROOT,
    MissingVariableError,
    interpolate,
    load,
    merge,
    read_env,
    variables_in,
)

PASSWORDS = {"REDIS_PASSWORD", "CLICKHOUSE_PASSWORD", "FLOWER_PASSWORD"}
FILLED = dict.fromkeys(PASSWORDS, "pass-word_1")
SERVICES = load(FILE, FILLED)["services"]
OURS = ("api", "search", "ingest", "flower")
WORKERS = ("search", "ingest")
# Runs by its own image's rules, which we could not try: see the comment in the file.
UNTRIED = {"myscaledb"}
# Set by docker-compose.yml itself, or of no use in a container.
NOT_FOR_ENV = {"redis_url", "heartbeat_file", "samples_folder", "uploads_folder", "tuning_folder", "cpu_threads"}


def seconds(duration: str) -> int:
    match = re.fullmatch(r"(\d+)(s|m)", duration)
    assert match, duration
    return int(match[1]) * {"s": 1, "m": 60}[match[2]]


def files_with_settings() -> list[Path]:
    return [FILE, GPU_FILE, EXAMPLE, dockerfile.FILE, ROOT / "deploy" / "flower_app.py", ROOT / "deploy" / "new-env"]


def validate(*files: Path) -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def the_gpu_file_with_its_example() -> dict[str, Any]:
    """The service that the comment describes for one more GPU."""
    example = re.search(r"^#   (services:\n(?:#    .*\n)+)", GPU_FILE.read_text(), re.MULTILINE)
    assert example
    return yaml.safe_load(re.sub(r"^#   ", "", example[1], flags=re.MULTILINE))


def test_the_files_and_their_merge_are_valid_by_the_compose_specification(tmp_path):
    both = merge(load(FILE, FILLED), load(GPU_FILE, FILLED))
    for name, content in (("both", both), ("example", the_gpu_file_with_its_example())):
        (tmp_path / f"{name}.yml").write_text(yaml.safe_dump(content))
    validate(FILE, GPU_FILE, *sorted(tmp_path.iterdir()))


def test_an_invalid_file_is_noticed(tmp_path):
    broken = load(FILE)
    broken["services"]["api"]["helthcheck"] = {}
    (tmp_path / "broken.yml").write_text(yaml.safe_dump(broken))
    with pytest.raises(AssertionError, match="helthcheck"):
        validate(tmp_path / "broken.yml")


def test_docker_compose_itself_understands_the_files(tmp_path):
    if (
        not shutil.which("docker")
        or subprocess.run(["docker", "compose", "version"], capture_output=True, check=False).returncode
    ):
        pytest.skip("needs the docker command with its compose plugin")
    env = tmp_path / "env"
    env.write_text("".join(f"{name}={value}\n" for name, value in FILLED.items()))
    for files in ([FILE], [FILE, GPU_FILE]):
        options = [part for file in files for part in ("--file", str(file))]
        command = [
            "docker",
            "compose",
            "--env-file",
            str(env),
            "--project-directory",
            str(ROOT),
            *options,
            "config",
            "--quiet",
        ]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr


def test_each_variable_named_is_a_real_setting():
    for file in files_with_settings():
        named = set(re.findall(r"LICHTBILD_(\w+)", file.read_text()))
        assert {name.lower() for name in named} - set(Settings.model_fields) == set(), file


def test_each_setting_can_be_set_in_the_env_file():
    """A new setting belongs under `x-settings` in docker-compose.yml and in .env.example, or in NOT_FOR_ENV above."""
    passed_on = {
        name.removeprefix("LICHTBILD_").lower()
        for service in ("api", *WORKERS)
        for name in load(FILE)["services"][service]["environment"]
        if name.startswith("LICHTBILD_")
    }
    assert set(Settings.model_fields) - passed_on - NOT_FOR_ENV == set()
    assert set(Settings.model_fields) - in_example_as_settings() - NOT_FOR_ENV == set()


def in_example_as_settings() -> set[str]:
    return {name.lower() for name in re.findall(r"^#?LICHTBILD_(\w+)=", EXAMPLE.read_text(), re.MULTILINE)}


def test_the_example_explains_each_variable_of_the_compose_files_and_no_other():
    wanted = variables_in(FILE.read_text()) | variables_in(GPU_FILE.read_text())
    for service in load(FILE)["services"].values():
        wanted |= {name for name, value in service.get("environment", {}).items() if value is None}
    lines = EXAMPLE.read_text().splitlines()
    explained = set()
    for before, line in zip(["", *lines], lines, strict=False):
        if match := re.match(r"#?([A-Z]\w+)=", line):
            explained.add(match[1])
            assert before.startswith("#"), f"{match[1]} has no sentence"
    assert explained == wanted


def test_the_defaults_in_the_example_are_the_settings_defaults():
    shown = dict(re.findall(r"^#LICHTBILD_(\w+)=(.+)$", EXAMPLE.read_text(), re.MULTILINE))
    assert len(shown) > 15
    for name, value in shown.items():
        field = name.lower()
        assert getattr(Settings(**{field: value}), field) == Settings.model_fields[field].default, name


def test_the_defaults_in_the_example_are_those_of_the_compose_file():
    for name, value in re.findall(r"^#([A-Z]\w+)=(.+)$", EXAMPLE.read_text(), re.MULTILINE):
        for default in re.findall(rf"\$\{{{name}:-([^}}]*)\}}", FILE.read_text()):
            assert default == value, name


def test_no_secret_has_a_default():
    text = FILE.read_text() + GPU_FILE.read_text()
    assert {name for name in variables_in(text) if re.search("PASSWORD|SECRET|TOKEN|KEY", name)} == PASSWORDS
    for name in PASSWORDS:
        assert re.findall(rf"\$\{{{name}(?!:\?)", text) == []
    example = read_env(EXAMPLE.read_text())
    assert example == dict.fromkeys(PASSWORDS, "")


@pytest.mark.parametrize("forgotten", sorted(PASSWORDS))
def test_who_has_set_no_password_is_told_what_to_do(forgotten):
    with pytest.raises(MissingVariableError, match=rf"{forgotten}: run deploy/new-env"):
        load(FILE, FILLED | {forgotten: ""})


def test_new_env_writes_new_passwords_once(tmp_path):
    (tmp_path / "deploy").mkdir()
    for file in (ROOT / "deploy" / "new-env", EXAMPLE):
        shutil.copy(file, tmp_path / file.relative_to(ROOT))
    command = [tmp_path / "deploy" / "new-env"]
    subprocess.run(command, check=True, capture_output=True)
    env = tmp_path / ".env"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    written = read_env(env.read_text())
    assert set(written) == PASSWORDS
    assert len(set(written.values())) == len(PASSWORDS)
    assert all(re.fullmatch("[0-9a-f]{48}", value) for value in written.values())
    load(FILE, written)
    assert subprocess.run(command, check=False, capture_output=True).returncode == 1
    assert read_env(env.read_text()) == written


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


def test_settings_that_are_not_set_stay_away():
    assert "LICHTBILD_CHUNK_SIZE" not in SERVICES["ingest"]["environment"]
    some = load(FILE, FILLED | {"LICHTBILD_CHUNK_SIZE": "7"})["services"]
    assert some["ingest"]["environment"]["LICHTBILD_CHUNK_SIZE"] == "7"


def test_each_image_has_an_exact_tag():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for name, service in (SERVICES | load(GPU_FILE, FILLED)["services"]).items():
        image, _, tag = service["image"].partition(":")
        assert re.match(r"\d+\.\d+\.\d+", tag), name
        if image.startswith("lichtbild-"):
            assert tag.removesuffix("-cuda") == version, name


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


def test_each_file_referred_to_exists():
    for name, service in SERVICES.items():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (ROOT / source).is_file(), f"{name}: {source}"
            else:
                assert source in load(FILE)["volumes"], f"{name}: {source}"
        if "build" in service:
            assert (ROOT / service["build"]["context"] / service["build"]["dockerfile"]).samefile(dockerfile.FILE)
            assert service["build"]["target"] in dockerfile.stages()
            assert set(service["build"].get("args", {})) <= set(dockerfile.arguments())
    for file in re.findall(
        r"(?:deploy|shared)/[\w./-]+", FILE.read_text() + GPU_FILE.read_text() + EXAMPLE.read_text()
    ):
        assert (ROOT / file.rstrip(".,")).is_file(), file


def test_the_demo_model_that_the_example_names_is_in_the_image():
    assert "/app/lichtbild-demo" in EXAMPLE.read_text()
    assert ("embedded/demo_model/lichtbild-demo", "lichtbild-demo") in dockerfile.copies("worker")


def test_the_gpu_file_gives_each_worker_service_one_gpu():
    overlay = load(GPU_FILE, FILLED)["services"]
    assert set(overlay) == set(WORKERS)
    together = merge(SERVICES, overlay)
    for name in WORKERS:
        (device,) = together[name]["deploy"]["resources"]["reservations"]["devices"]
        assert (device["driver"], device["capabilities"]) == ("nvidia", ["gpu"])
        assert len(device["device_ids"]) == 1
        assert "count" not in device
        assert together[name]["build"]["args"]["TORCH_INDEX_URL"] == "https://pypi.org/simple"
        assert together[name]["image"] != SERVICES[name]["image"]
        assert {key for key in together[name] if together[name][key] != SERVICES[name].get(key)} == {
            "image",
            "build",
            "deploy",
        }
    example = the_gpu_file_with_its_example()["services"]["ingest-2"]
    assert example["image"] == overlay["ingest"]["image"]
    assert example["extends"] == {"file": "docker-compose.yml", "service": "ingest"}


def test_interpolation_is_that_of_compose():
    given = {"A": "a", "EMPTY": ""}
    assert interpolate("${A:-x} ${B:-b} ${EMPTY:-e} $$c", given) == "a b e $c"
    assert interpolate("${B:-x${A:?no}y}", given) == "xay"
    with pytest.raises(MissingVariableError, match="B: say so"):
        interpolate("${B:?say so}", given)
