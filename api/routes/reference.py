"""`/docs`: the OpenAPI document as a page for people. It needs no script, and loads nothing from other hosts."""

from flask import Response, send_from_directory

from api.http import examples
from api.http.operations import Answer, Routes
from api.reference import page
from api.routes.address import api_url
from api.routes.openapi import current_document

routes = Routes("reference")

_POLICY = (
    "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-cache",
}


@routes.get("/docs", Answer(200, None, "The page.", "text/html", example=examples.PAGE))
def get_docs() -> Response:
    """Return this page."""
    return Response(page.render(current_document(), api_url()), mimetype="text/html", headers=_HEADERS)


@routes.get(
    "/docs/reference.css",
    Answer(200, None, "The style sheet.", "text/css", example=examples.STYLE),
    Answer(304, None, "Not modified."),
)
def get_docs_style() -> Response:
    """Return the style sheet of the page."""
    response = send_from_directory(page.FOLDER, "reference.css", mimetype="text/css")
    response.headers.update(_HEADERS)
    return response
