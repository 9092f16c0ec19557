"""`GET /openapi.json`: the OpenAPI document of this API."""

from threading import Lock

from cachetools import cached
from flask import current_app

from api.http.openapi.document import document
from api.http.operations import Answer, Routes, operations

routes = Routes("openapi")
VERSION = "1"


@routes.get(
    "/openapi.json",
    Answer(
        200,
        dict,
        "The OpenAPI 3.1 document.",
        example={"openapi": "3.1.1", "info": {"title": "Lichtbild", "version": VERSION}, "paths": {}},
    ),
)
def get_openapi() -> dict[str, object]:
    """Return the OpenAPI document of this API."""
    return current_document()


# Built once, under a lock: it takes 0.25 s, and CPython 3.11 cannot parse sources in two threads at the same time.
@cached({}, lock=Lock(), key=lambda: "document")
def current_document() -> dict[str, object]:
    """The document of the current app."""
    return document(operations(current_app).values(), VERSION)
