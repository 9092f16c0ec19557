"""Programs for the supervisor to run, and functions to observe them."""

import time
from collections.abc import Callable
from pathlib import Path

import psutil

# Writes its name to a file when it is ready, and to another one when it receives SIGTERM.
OBEDIENT = """
    import pathlib, signal, sys, time
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    def stop(*_):
        with (folder / "stopped").open("a") as file:
            file.write(name + "\\n")
        sys.exit(0)
    signal.signal(signal.SIGTERM, stop)
    with (folder / "started").open("a") as file:
        file.write(name + "\\n")
    (folder / name).touch()
    print(name, "is up", flush=True)
    time.sleep(600)
"""
STUBBORN = OBEDIENT.replace("signal.signal(signal.SIGTERM, stop)", "signal.signal(signal.SIGTERM, signal.SIG_IGN)")
# Has a child process, as gunicorn has.
PARENT = OBEDIENT.replace("pathlib, ", "pathlib, subprocess, ").replace(
    "    print(name",
    '    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])\n'
    '    (folder / (name + ".child")).write_text(str(child.pid))\n    print(name',
)
BROKEN = "print('the model is missing: set LICHTBILD_MODEL'); raise SystemExit(3)"


def wait_for(condition: Callable[[], object], what: str, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"waited {seconds} s for {what}"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []
