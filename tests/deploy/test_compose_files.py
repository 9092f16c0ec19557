"""docker-compose.yml and its GPU overlay are valid and refer to what exists."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy import dockerfile
from tests.deploy.compose import (
    EXAMPLE,
    FILE,
    FILLED,
    GPU_FILE,
    ROOT,
    SERVICES,
    WORKERS,
    MissingVariableError,
    interpolate,
    load,
    merge,
)


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


def test_each_image_has_an_exact_tag():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    for name, service in (SERVICES | load(GPU_FILE, FILLED)["services"]).items():
        image, _, tag = service["image"].partition(":")
        assert re.match(r"\d+\.\d+\.\d+", tag), name
        if image.startswith("lichtbild-"):
            assert tag.removesuffix("-cuda") == version, name


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
