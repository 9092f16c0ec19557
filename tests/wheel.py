"""The wheel, built from a copy of the checkout and installed in virtual environments of its own."""

import os
import shutil
import site
import subprocess
import sys
import venv
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
_BUILT_FROM = ("api", "embedded", "lichtbild", "shared", "worker", "setup.py", "pyproject.toml", "README.md", "LICENSE")


@dataclass(frozen=True)
class Environment:
    """A virtual environment. Commands run outside the checkout and without the caller's environment variables."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def lichtbild(self) -> Path:
        return self.folder / "bin" / "lichtbild"

    def install(self, *requirements: str) -> None:
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--quiet", *requirements], check=True, timeout=150)

    def run(self, *command: str | Path) -> "subprocess.CompletedProcess[str]":
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        return subprocess.run(
            command, env=environment, cwd=self.folder, capture_output=True, text=True, timeout=60, check=False
        )


def build_wheel(folder: Path) -> Path:
    """Build from a copy: a build in place would leave its folder behind, and include files of an earlier build."""
    source = folder / "source"
    source.mkdir()
    for name in _BUILT_FROM:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / name, source / name)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "--wheel-dir", folder, source], check=True, timeout=150)
    (wheel,) = folder.glob("lichtbild-*.whl")
    return wheel


def bare_environment(folder: Path) -> Environment:
    """An environment without any package."""
    venv.create(folder, symlinks=True)
    return Environment(folder)


def linked_environment(folder: Path) -> Environment:
    """An environment that includes the packages of the running one, so that no test downloads torch and chDB again.

    A path in a `.pth` file is searched without reading the `.pth` files in it, such as the one that makes an editable
    install find the checkout.
    """
    environment = bare_environment(folder)
    (own,) = folder.glob("lib/python*/site-packages")
    (own / "linked.pth").write_text("\n".join(site.getsitepackages()))
    return environment
