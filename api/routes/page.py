"""`/`: the web page and its files. They need no key; the data that the page shows do, if keys are set."""

import gzip
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from flask import Response, request, send_file
from werkzeug.security import safe_join

from api.http.operations import Answer, Routes
from shared.errors import NotFoundError

routes = Routes("page")

FOLDER = Path(__file__).parents[1] / "page"

# Pictures may come from any host, everything else from this one. Without `unsafe-inline` no text becomes code or style.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src * data: blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    # Image hosts need not know who looks at their pictures.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    # Browsers ask for a newer version each time, and get 304.
    "Cache-Control": "no-cache",
    "Vary": "Accept-Encoding",
}
_MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}


@routes.get("/", Answer(200, None, "The page.", "text/html"), Answer(304, None, "Not modified."))
def get_page() -> Response:
    """Return the web page: search, ingest, jobs and status."""
    return _file("index.html", "text/html")


@routes.get(
    "/page/<path:name>",
    Answer(200, None, "A script, style sheet, drawing or licence of the page.", "*/*"),
    Answer(304, None, "Not modified."),
    raises=[NotFoundError],
)
def get_page_file(name: str) -> Response:
    """Return a file of the web page."""
    media_type = _MEDIA_TYPES.get(Path(name).suffix)
    if media_type is None:
        raise NotFoundError("The page has no such file.")
    return _file(name, media_type)


def _file(name: str, media_type: str) -> Response:
    path = safe_join(str(FOLDER), name)
    if path is None or not Path(path).is_file():
        raise NotFoundError("The page has no such file.")
    if request.accept_encodings.quality("gzip"):
        changed = Path(path).stat().st_mtime_ns
        packed = BytesIO(_gzipped(path, changed))
        response = send_file(packed, mimetype=media_type, etag=f"{changed:x}-gzip")
        response.headers["Content-Encoding"] = "gzip"
    else:
        response = send_file(path, mimetype=media_type)
    response.headers.update(_HEADERS)
    return response


@lru_cache
def _gzipped(path: str, changed: int) -> bytes:  # noqa: ARG001
    """The file, compressed; `changed` makes a new version a new entry."""
    return gzip.compress(Path(path).read_bytes(), mtime=0)
