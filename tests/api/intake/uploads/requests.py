"""Uploads as a client sends them, and what they leave in the spool."""

import io
from pathlib import Path

from flask.testing import FlaskClient

BOUNDARY = "limit"


def part(content: bytes, filename: str | None = "a.jpg", name: str = "images") -> bytes:
    file = "" if filename is None else f'; filename="{filename}"'
    return f'Content-Disposition: form-data; name="{name}"{file}\r\n\r\n'.encode() + content


def body(*parts: bytes, boundary: str = BOUNDARY) -> bytes:
    return b"".join(f"--{boundary}\r\n".encode() + one + b"\r\n" for one in parts) + f"--{boundary}--\r\n".encode()


def send(client: FlaskClient, sent: bytes, query: str = "", boundary: str = BOUNDARY, **headers: str):
    content_type = f"multipart/form-data; boundary={boundary}"
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(f"/v1/ingest{query}", data=sent, content_type=content_type, headers=named)


def stream(client: FlaskClient, sent: io.RawIOBase):
    """Send without saying how long it is, as a server hands on what comes in chunks."""
    content_type = f"multipart/form-data; boundary={BOUNDARY}"
    chunked = {"wsgi.input_terminated": True}
    return client.post("/v1/ingest", input_stream=sent, content_type=content_type, environ_overrides=chunked)


def spooled(uploads: Path) -> list[bytes]:
    return [path.read_bytes() for path in sorted((uploads / "spool").glob("*/*"))]


def nothing_is_left(uploads: Path) -> bool:
    return list((uploads / "spool").glob("*")) == []
