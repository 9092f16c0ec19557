"""A real HTTP server that sends prepared answers, like Lichtbild's API or like a broken one."""

import json
import socket
import struct
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True)
class Seen:
    """One request as it arrived; `path` is still percent-encoded."""

    method: str
    path: str
    query: dict[str, str]
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Reply:
    """One answer. `reset` cuts the connection instead, `after` waits for an event first."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    reset: bool = False
    after: threading.Event | None = None

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


class FakeApi:
    """Sends each route's replies in the order given, and repeats the last one. `cuts` breaks the connections of the
    first requests with a streamed body, each after that many bytes of it."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.seen: list[Seen] = []
        self.cuts: list[int] = []
        self._replies: dict[tuple[str, str], list[Reply]] = {}
        self._lock = threading.Lock()
        self.on("GET", "/healthz", Reply({"status": "alive"}))

    def on(self, method: str, path: str, *replies: Reply) -> None:
        self._replies[method, path] = list(replies)

    def next_reply(self, seen: Seen) -> Reply:
        with self._lock:
            self.seen.append(seen)
            replies = self._replies.get((seen.method, seen.path))
            if not replies:
                return problem(404, "not_found", f"No {seen.path} here.")
            return replies.pop(0) if len(replies) > 1 else replies[0]

    def calls(self, method: str, path: str) -> list[Seen]:
        return [seen for seen in self.seen if (seen.method, seen.path) == (method, path)]


def problem(status: int, code: str, detail: str, **headers: str) -> Reply:
    body = {"type": f"urn:lichtbild:{code}", "title": "Refused", "status": status, "detail": detail}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(body, status, named, "application/problem+json")


def ingest_job(
    status: str = "succeeded", stored: int = 2, failed: int = 0, pending: int = 0, job_id: str = "j1", **more: Any
) -> dict:
    """`more` replaces fields of the job."""
    return {
        "id": job_id,
        "kind": "ingest",
        "status": status,
        "collection": "photos",
        "parent_id": None,
        "request_id": None,
        "name": None,
        "metadata": {},
        "preflight_of": None,
        "created_at": "2026-01-02T03:04:05.678Z",
        "started_at": "2026-01-02T03:04:06.000Z",
        "finished_at": "2026-01-02T03:04:08.000Z" if status in ("succeeded", "cancelled") else None,
        "progress": {
            "total": stored + failed + pending,
            "pending": pending,
            "stored": stored,
            "failed": failed,
            "unchanged": 0,
            "items_per_second": 1.0,
            "eta_seconds": None,
            "bytes": 2_000_000,
            "stage_seconds": {"fetch": 0.5, "decode": 0.1, "encode": 0.25, "write": 0.0},
            "limited_by": "fetch",
            "failed_by_code": {"http_404": failed} if failed else {},
            "failed_by_host": {"x": failed} if failed else {},
            "of_a_newer_api": 1,
        },
        "result": None,
        "error": None,
        "links": {"self": f"/v1/jobs/{job_id}"},
        **more,
    }


TRIPPED = {"code": "too_many_failures", "detail": "More than 10% of the items failed (max_failed_ratio)."}
REPORT = {
    "tried": 3,
    "of": 25_000,
    "success_rate": 0.6667,
    "bytes_per_item": 481_000,
    "estimated_bytes": 8_016_000_000,
    "estimated_seconds": 12_000,
}


def search_job(*hits: dict, status: str = "succeeded", error: dict | None = None) -> dict:
    job = ingest_job(status, job_id="s1") | {"kind": "search", "progress": None, "error": error}
    if status == "succeeded":
        took = {"queue": 1.0, "encode": 2.0, "search": 3.5}
        job["result"] = {"hits": list(hits), "model": "a/model", "searchable_photos": 600, "took_ms": took}
    return job


def hit(photo_id: str = "a", distance: float = 0.25, url: str = "http://127.0.0.1:1/a.jpg", **attributes: Any) -> dict:
    return {"photo_id": photo_id, "url": url, "distance": distance, "attributes": attributes, "similarities": [0.75]}


@contextmanager
def running_fake_api() -> Iterator[FakeApi]:
    server = _Server(("127.0.0.1", 0), _Handler)
    server.fake = FakeApi(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Clients that disconnect are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, *_: Any) -> None:
        pass

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        body = self._body()
        if body is None:
            self._reset()
            return
        reply = self.server.fake.next_reply(Seen(self.command, parts.path, query, dict(self.headers), body))
        if reply.after is not None:
            reply.after.wait(30)
        if reply.reset:
            self._reset()
            return
        content = reply.content()
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(content)))
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _body(self) -> bytes | None:
        """The body; None if the connection is to be cut, once enough of it has arrived."""
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        pieces: list[bytes] = []
        cuts = self.server.fake.cuts
        most = cuts.pop(0) if cuts else None
        while size := int(self.rfile.readline() or b"0", 16):
            pieces.append(self.rfile.read(size))
            self.rfile.readline()
            if most is not None and sum(map(len, pieces)) >= most:
                return None
        self.rfile.readline()
        return b"".join(pieces)
