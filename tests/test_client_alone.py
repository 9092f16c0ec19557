"""The client installs and imports in an environment of its own, without what the workers need."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_client_alone(tmp_path):
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    # Built from a copy: a build in place would leave its folder behind, and take up what an earlier one left.
    source = shutil.copytree(ROOT, tmp_path / "source", ignore=shutil.ignore_patterns(".*", "build", "*.egg-info"))
    wheel = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", str(tmp_path), str(source)]
    subprocess.run(wheel, check=True, timeout=150)
    (built,) = tmp_path.glob("lichtbild-*.whl")
    subprocess.run([python, "-m", "pip", "install", "-q", str(built)], check=True, timeout=150)
    code = (
        "import sys, importlib.util, lichtbild.client, lichtbild.cli.main;"
        "print(*(m for m in ('torch', 'celery', 'chdb', 'flask', 'numpy') if importlib.util.find_spec(m)))"
    )
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd=tmp_path, timeout=60, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stderr
    subprocess.run([python.with_name("lichtbild"), "--help"], check=True, timeout=60)
