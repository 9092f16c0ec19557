"""`/v1/collections`: what is stored, by which model."""

from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from api import arguments
from api.services import services
from shared.catalogue.interface import Collection, check_name
from shared.errors import NotFoundError

routes = Blueprint("collections", __name__)


@routes.get("/v1/collections")
def listing() -> ResponseReturnValue:
    arguments.only(())
    return {"collections": [_body(collection) for collection in services().catalogue.collections()]}


@routes.get("/v1/collections/<name>")
def collection(name: str) -> ResponseReturnValue:
    arguments.only(())
    found = services().catalogue.describe(check_name(name))
    if found is None:
        raise NotFoundError(f"There is no collection {name!r} yet; it is made by the first ingest into it.")
    return _body(found)


def _body(collection: Collection) -> dict[str, Any]:
    return {
        "name": collection.name,
        "rows": services().catalogue.count(collection.name),
        "model": collection.model,
        "dimension": collection.dimension,
        # Searches scan exactly; there is no index to build yet.
        "index": {"type": None, "status": "none", "reason": None},
    }
