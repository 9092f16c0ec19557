"""deploy/Dockerfile: small, pinned, not root; hadolint's rules, and our own."""

import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

from tests.deploy import dockerfile
from tests.deploy.compose import FILE, ROOT, load
from tests.test_import_arrows import PACKAGES, imports

IMAGES = ("api", "worker", "flower")


def run_lines(target: str) -> str:
    """What is run for an image, in its own stages and in the one that makes its virtual environment."""
    return "\n".join(run for stage in dockerfile.lineage(target) for run in stage.all("RUN"))


def image_tree(target: str, folder: Path) -> Path:
    """What the image holds under /app."""
    folder.mkdir(parents=True)
    for source, place in dockerfile.copies(target):
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, folder / place, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, folder / place)
    return folder


def test_hadolint_has_nothing_to_say():
    hadolint = shutil.which("hadolint", path=str(Path(sys.executable).parent)) or shutil.which("hadolint")
    if hadolint is None:
        pytest.skip("there is no hadolint for this machine")
    command = [hadolint, "--failure-threshold", "style", str(dockerfile.FILE)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_base_is_pinned_by_tag_and_digest_and_is_the_only_one():
    base = dockerfile.arguments()["PYTHON_IMAGE"]
    assert re.fullmatch(r"python:3\.12\.\d+-slim-bookworm@sha256:[0-9a-f]{64}", base)
    images = {stage.base for stage in dockerfile.stages().values()} - set(dockerfile.stages())
    assert images == {"${PYTHON_IMAGE}"}


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_runs_as_nobody_in_particular_and_in_exec_form(image):
    assert dockerfile.user(image) == "10001:10001"
    assert dockerfile.stages()[image].instructions[-1][0] == "CMD"
    assert dockerfile.command(image)
    assert all(stage.all("ENTRYPOINT") == stage.all("ADD") == [] for stage in dockerfile.lineage(image))


def test_nothing_is_left_behind_that_a_package_manager_fetched():
    text = dockerfile.FILE.read_text()
    assert text.count("apt-get install") == text.count("rm -rf /var/lib/apt/lists") == 0
    assert dockerfile.environment("build")["PIP_NO_CACHE_DIR"] == "1"
    assert not any("pip" in run_lines(image) for image in IMAGES), "pip runs in stages that are left behind"


def test_each_image_installs_its_extra_only_with_pinned_versions():
    installs = {name: run_lines(f"build-{name}") for name in IMAGES}
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    for name, run in installs.items():
        found = re.findall(r"'\.\[(.+?)\]'", run)
        assert found == [{"flower": "service"}.get(name, name)]
        assert found[0] in extras
        assert run.count("pip install") == run.count("--constraint constraints.txt")
    assert "torch" not in installs["api"]
    assert not any("torch" in line for line in (*extras["api"], *extras["service"]))


def test_the_context_holds_what_is_copied_and_nothing_else():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    needed = {source for image in IMAGES for source, _ in dockerfile.copies(image)}
    needed |= {source for source, _ in dockerfile.copies("build")}
    assert {rule[1:] for rule in rules if rule.startswith("!")} == needed
    assert all((ROOT / source).exists() for source in needed)


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_holds_all_of_ours_that_its_code_imports(image, tmp_path):
    tree = image_tree(image, tmp_path / "app")
    held = {path.name for path in tree.iterdir()}
    needed = {
        name for path in tree.rglob("*.py") for name, at_import in imports(path) if at_import and name in PACKAGES
    }
    assert needed <= held
    assert not list(tree.rglob("tests"))


def test_the_flower_that_is_installed_is_the_one_that_is_tested():
    assert re.findall(r"flower==([\d.]+)", run_lines("build-flower")) == [metadata.version("flower")]


@pytest.mark.parametrize("image", IMAGES)
def test_the_command_of_an_image_is_that_of_its_service(image):
    services = load(FILE)["services"]
    assert dockerfile.command(image) == services[{"worker": "ingest"}.get(image, image)]["command"]
