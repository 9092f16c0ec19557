"""Runs services of docker-compose.yml as processes of this machine: their own commands, environments and checks.

Each file system and port of a container becomes a folder or a free port here; nothing else is changed.
"""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

from embedded.ports import LOOPBACK, free_ports
from embedded.process import end, spawn
from embedded.redis_server import find_redis
from tests.deploy import dockerfile
from tests.deploy.test_dockerfile import image_tree

PORTS = ("6379", "8123", "8700", "5555")


class Machine:
    """A compose project without containers."""

    def __init__(self, services: Mapping[str, Any], folder: Path, replace: Mapping[str, str]) -> None:
        self._services = services
        self._folder = folder
        self._ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
        self._replace = replace
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._files = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for name in reversed(self._processes):
            end(self._processes[name], seconds=15)
        self._files.close()

    def volume(self, name: str) -> Path:
        return self._folder / "volumes" / name

    def port(self, inside: str) -> int:
        return int(self._ports[inside])

    def start(self, name: str) -> None:
        """Starts a service, for the first time or after `stop`."""
        service = self._services[name]
        folder = self._folder / name
        (folder / "tmp").mkdir(parents=True, exist_ok=True)
        for place in self._mounts(name).values():
            place.mkdir(parents=True, exist_ok=True)
        app = folder / "app"
        if "build" in service and not app.exists():
            image_tree(service["build"]["target"], app)
        log = self._files.enter_context((folder / "log").open("ab"))
        self._processes[name] = spawn(
            self._here(name, service["command"]), self._environment(name), log, folder=app if app.exists() else folder
        )

    def check(self, name: str) -> subprocess.CompletedProcess[str]:
        """Runs the service's health check once."""
        kind, *command = self._here(name, self._services[name]["healthcheck"]["test"])
        if kind == "CMD-SHELL":
            command = ["/bin/sh", "-c", *command]
        folder = self._folder / name
        return subprocess.run(
            command,
            env=self._environment(name),
            cwd=folder / "app" if (folder / "app").exists() else folder,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
        )

    def wait_until_healthy(self, *names: str) -> None:
        deadline = time.monotonic() + 60
        for name in names:
            while (found := self.check(name)).returncode:
                ended = self._processes[name].poll()
                assert ended is None, f"{name} ended with {ended}:\n{self.log(name)}"
                output = found.stdout + found.stderr
                assert time.monotonic() < deadline, f"{name} is not healthy: {output}\n{self.log(name)}"
                time.sleep(0.2)

    def stop(self, name: str) -> int:
        """Like `docker stop`: SIGTERM, then a wait of at most the grace period."""
        process = self._processes[name]
        process.terminate()
        return process.wait(30)

    @contextmanager
    def paused(self, name: str) -> Iterator[None]:
        """Like `docker pause`."""
        self._processes[name].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._processes[name].send_signal(signal.SIGCONT)

    def log(self, name: str) -> str:
        return (self._folder / name / "log").read_text()

    def written_into_the_image(self, name: str) -> set[Path]:
        """Files under /app that the image did not have; there they could not have been written."""
        app = self._folder / name / "app"
        fresh = image_tree(self._services[name]["build"]["target"], self._folder / f"{name}.fresh")
        return {p.relative_to(app) for p in app.rglob("*")} - {p.relative_to(fresh) for p in fresh.rglob("*")}

    def _environment(self, name: str) -> dict[str, str]:
        service = self._services[name]
        built_in = dockerfile.environment(service["build"]["target"]) if "build" in service else {}
        inside = built_in | service.get("environment", {})
        here = {key: self._local(name, value) for key, value in inside.items()}
        redis_tools = find_redis(bundled_only=True).path.parent
        tools = [str(Path(sys.executable).parent), str(redis_tools), "/usr/bin", "/bin"]
        return here | {"PATH": os.pathsep.join(tools), "HOME": str(self._folder / name / "tmp")}

    def _mounts(self, name: str) -> dict[str, Path]:
        pairs = [volume.split(":") for volume in self._services[name].get("volumes", [])]
        return {inside: self.volume(volume) for volume, inside, *_ in pairs}

    def _here(self, name: str, command: list[str]) -> list[str]:
        return [self._local(name, part) for part in command]

    def _local(self, name: str, text: str) -> str:
        for inside, here in self._replace.items():
            text = text.replace(inside, here)
        folder = self._folder / name
        places = {"/tmp": folder / "tmp", "/app": folder / "app"} | self._mounts(name)
        for inside, place in places.items():
            text = re.sub(rf"^{inside}\b", str(place), text)
        text = text.replace("@redis:", f"@{LOOPBACK}:").replace("0.0.0.0", LOOPBACK)
        for inside, here in self._ports.items():
            text = re.sub(rf"(?<![\d.]){inside}(?!\d)", here, text)
        return text
