""".env.example and deploy/new-env: each setting is explained, with its default; no secret has one."""

import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from shared.settings import Settings
from tests.deploy import dockerfile
from tests.deploy.compose import (
    EXAMPLE,
    FILE,
    FILLED,
    GPU_FILE,
    PASSWORDS,
    ROOT,
    SERVICES,
    WORKERS,
    MissingVariableError,
    load,
    read_env,
    variables_in,
)

# Set by docker-compose.yml itself, or of no use in a container.
NOT_FOR_ENV = {"redis_url", "heartbeat_file", "samples_folder", "uploads_folder", "tuning_folder", "cpu_threads"}


def files_with_settings() -> list[Path]:
    return [FILE, GPU_FILE, EXAMPLE, dockerfile.FILE, ROOT / "deploy" / "flower_app.py", ROOT / "deploy" / "new-env"]


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


def test_settings_that_are_not_set_stay_away():
    assert "LICHTBILD_CHUNK_SIZE" not in SERVICES["ingest"]["environment"]
    some = load(FILE, FILLED | {"LICHTBILD_CHUNK_SIZE": "7"})["services"]
    assert some["ingest"]["environment"]["LICHTBILD_CHUNK_SIZE"] == "7"
