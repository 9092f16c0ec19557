"""The wheel has one top-level package, and each way of installing it provides what the docs promise."""

import shutil
import sys
import zipfile
from pathlib import Path

import pytest

from tests.lichtbild.fake_api import Reply, ingest_job, running_fake_api
from tests.wheel import Environment, bare_environment, build_wheel

INGEST = """
import sys
from lichtbild import Client

with Client(sys.argv[1]) as client:
    print(client.ingest([("beach-1", "https://example.org/beach.jpg", {"place": "Sylt"})]).status)
"""
INSTALLED = "import importlib.util, sys; print(*(name for name in sys.argv[1:] if importlib.util.find_spec(name)))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_wheel(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def client_alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = bare_environment(tmp_path_factory.mktemp("client"))
    environment.install(str(wheel))
    return environment


@pytest.fixture(scope="module")
def with_command(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    environment = bare_environment(tmp_path_factory.mktemp("command"))
    environment.install(f"{wheel}[cli]")
    return environment


def test_the_wheel_has_one_top_level_package_and_is_typed(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    packages = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert packages == {"lichtbild"}
    assert "lichtbild/py.typed" in names


def test_the_wheel_holds_every_file_of_the_stack(wheel):
    root = Path(__file__).parents[1]
    folders = ("api", "embedded", "shared", "worker")
    files = [path for folder in folders for path in (root / folder).rglob("*") if path.is_file()]
    wanted = {f"lichtbild/_stack/{path.relative_to(root)}" for path in files if path.suffix != ".pyc"}
    assert wanted <= set(zipfile.ZipFile(wheel).namelist())


def test_the_client_needs_requests_and_nothing_else(client_alone):
    absent = ("click", "rich", "PIL", "numpy", "torch", "celery", "redis", "flask", "api", "shared", "worker")
    done = client_alone.run(client_alone.python, "-c", INSTALLED, "requests", *absent)
    assert (done.stdout, done.stderr) == ("requests\n", "")


def test_the_client_alone_submits_a_job(client_alone):
    with running_fake_api() as api:
        api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), status=202))
        done = client_alone.run(client_alone.python, "-c", INGEST, api.url)
    assert (done.returncode, done.stdout, done.stderr) == (0, "queued\n", "")


def test_a_typed_script_is_checked_strictly_without_the_stack(client_alone):
    # A copy: beside a script of the checkout mypy would find the packages of the checkout, not those of the wheel.
    script = Path(shutil.copy(Path(__file__).parent / "lichtbild" / "typed_script.py", client_alone.folder))
    checker = [sys.executable, "-m", "mypy", "--strict", "--python-executable", client_alone.python]
    # Without a configuration: that of the checkout would find the packages of the checkout.
    done = client_alone.run(*checker, "--config-file", "", "--cache-dir", client_alone.folder / "mypy", script)
    assert (done.returncode, done.stderr) == (0, ""), done.stdout


@pytest.mark.parametrize("appended", ["", "Client('http://h').job(1)\n"], ids=["clean", "wrong"])
def test_pyright_checks_the_typed_script_strictly_without_the_stack(client_alone, tmp_path, appended):
    script = (Path(__file__).parent / "lichtbild" / "typed_script.py").read_text(encoding="utf-8")
    (tmp_path / "typed_script.py").write_text(script + appended, encoding="utf-8")
    # Pyright's own strict mode, without the rules that basedpyright adds.
    (tmp_path / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', encoding="utf-8")
    checker = [Path(sys.executable).parent / "basedpyright", "--pythonpath", client_alone.python]
    done = client_alone.run(*checker, "--project", tmp_path)
    if appended:
        assert done.returncode == 1
        assert "reportArgumentType" in done.stdout
    else:
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_without_its_extra_names_what_to_install(client_alone):
    done = client_alone.run(client_alone.lichtbild, "--version")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "lichtbild: the command needs click, rich, Pillow. In a checkout of Lichtbild: pip install '.[cli]'\n"
    )


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_the_command_runs_with_its_extra(with_command, option):
    done = with_command.run(with_command.lichtbild, option)
    assert (done.returncode, done.stderr) == (0, "")
    assert "lichtbild" in done.stdout


def test_the_command_alone_names_what_the_stack_needs(with_command):
    done = with_command.run(with_command.lichtbild, "up")
    assert (done.returncode, done.stdout) == (1, "")
    assert "torch" in done.stderr
    assert "pip install '.[embedded]'" in done.stderr
