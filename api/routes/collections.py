"""`/v1/collections`: collections, their models and their indexes."""

from dataclasses import asdict
from typing import Any, Literal

from flask import Blueprint
from flask.typing import ResponseReturnValue

from api.http import parameters as arguments
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
    return _body(_found(name))


@routes.post("/v1/collections/<name>/index")
def build_index(name: str) -> ResponseReturnValue:
    return _order_index(name, "build")


@routes.delete("/v1/collections/<name>/index")
def drop_index(name: str) -> ResponseReturnValue:
    return _order_index(name, "drop")


def _order_index(name: str, action: Literal["build", "drop"]) -> ResponseReturnValue:
    arguments.only(())
    parts = services()
    _found(name)
    job = parts.jobs.get(parts.indexes.enqueue(name, action))
    return job.as_json(), 202, {"Location": f"/v1/jobs/{job.id}", "Retry-After": "1"}


def _found(name: str) -> Collection:
    found = services().catalogue.describe(check_name(name))
    if found is None:
        raise NotFoundError(f"There is no collection {name!r}; the first ingest creates it.")
    return found


def _body(collection: Collection) -> dict[str, Any]:
    return {
        "name": collection.name,
        "rows": services().catalogue.count(collection.name),
        "model": collection.model,
        "dimension": collection.dimension,
        "index": asdict(services().catalogue.index(collection.name)),
    }
