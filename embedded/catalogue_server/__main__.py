"""`python -m embedded.catalogue_server --data DIR --port N --password-file FILE`"""

from __future__ import annotations

import argparse
import errno
import fcntl
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path

from waitress.server import create_server

from embedded.catalogue_server import sandbox
from embedded.catalogue_server.engine import Engine, FolderInUseError, LinksLostError
from embedded.catalogue_server.server import Activity, create_app

# Time for running statements to end after SIGTERM. A query takes milliseconds, an INSERT a few seconds at most.
# Supervisors wait longer than this.
_STOP_SECONDS = 5.0
_THREADS = 32
_LOG = logging.getLogger(__name__)


def main() -> int:
    """Serve until SIGTERM. Exit status 0 after SIGTERM, 1 if it cannot start."""
    options = _options()
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s", stream=sys.stderr)
    # Waitress warns whenever a request waits for a thread, which is normal operation here.
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)
    try:
        return _serve(options)
    except FolderInUseError:
        return _refuse(
            f"the data folder {options.data} is in use: stop the process that uses it, or choose another --data"
        )
    except LinksLostError:
        return _refuse(f"the data folder {options.data} was copied without its symbolic links: copy it with `cp -a`")
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            return _refuse(f"port {options.port} on {options.host} is taken: choose another --port")
        return _refuse(f"cannot start: {error}")


def _serve(options: argparse.Namespace) -> int:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    password = options.password_file.read_text().strip()
    if not password:
        return _refuse(f"the password file {options.password_file} is empty")
    _lock(options.data)
    listener = _listen(options.host, options.port)
    scratch = _scratch(options.data)
    sandbox.confine(writable=[options.data.resolve()])
    engine = Engine(options.data.resolve() / "engine", _cache_bytes())
    activity = Activity()
    server = create_server(
        create_app(engine, password, scratch, options.max_body, activity),
        sockets=[listener],
        threads=_THREADS,
        max_request_body_size=options.max_body,
        connection_limit=1000,
        channel_timeout=600,
        asyncore_use_poll=True,
        clear_untrusted_proxy_headers=True,
        ident=None,
    )
    threading.Thread(target=server.run, name="http", daemon=True).start()
    _LOG.info("catalogue: chDB %s serves %s on %s:%d", engine.version, options.data, *listener.getsockname()[:2])
    stop.wait()
    return _finish(engine, activity)


def _finish(engine: Engine, activity: Activity) -> int:
    drained = activity.stop(_STOP_SECONDS)
    if drained:
        time.sleep(0.1)  # the HTTP thread still sends the last responses
        engine.close()
    else:
        _LOG.warning("catalogue: a statement was still running after %g s and was aborted", _STOP_SECONDS)
    # Not sys.exit, which joins threads: one inside the engine could hang. Acknowledged rows are on disk already.
    logging.shutdown()
    os._exit(0)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.create_server((host, port), backlog=256)
    listener.setblocking(False)
    return listener


def _lock(data: Path) -> int:
    """Lock the folder until this process ends. chDB has a lock, too, but acquires it only after a second."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(data / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise FolderInUseError(str(data)) from None
    return lock


def _scratch(data: Path) -> Path:
    """A private, empty folder for request bodies and for temporary files of waitress and chDB."""
    scratch = data.resolve() / "incoming"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(mode=0o700)
    tempfile.tempdir = os.environ["TMPDIR"] = str(scratch)
    return scratch


def _cache_bytes() -> int:
    """An eighth of the machine's memory, and 2 GiB at most: the vectors of a million photos."""
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return min(memory // 8, 2 << 30)


def _refuse(reason: str) -> int:
    print(f"catalogue: {reason}", file=sys.stderr)
    return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m embedded.catalogue_server", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="the data folder; created if missing")
    parser.add_argument("--port", type=int, required=True, help="the port to listen on; 0 for any free port")
    parser.add_argument(
        "--password-file", type=Path, required=True, help="a file that contains the password of the user `default`"
    )
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: %(default)s)")
    parser.add_argument("--max-body", type=int, default=1 << 30, help="largest request in bytes (default: %(default)s)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
