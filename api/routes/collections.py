"""`/v1/collections`: collections, their models and their vector indexes."""

import json
from typing import Annotated, Literal

from pydantic import Field

from api.http import examples, links, request_id
from api.http.operations import POLLING, Answer, Reply, Routes
from api.http.parameters import Collection, Parameters
from api.http.views import collection_view
from api.routes.address import api_url, job_url
from api.services import services
from shared.catalogue.interface import Collection as StoredCollection
from shared.domain.attribute_counts import CollectionAttributes
from shared.domain.filters import Condition, parse
from shared.domain.job_view import job_view
from shared.domain.results import CollectionList, CollectionView, JobView
from shared.errors import ConflictError, Fault, InvalidRequestError, NewerSchemaError, NotFoundError

routes = Routes("collections")


class AttributesQuery(Parameters):
    filter: Annotated[str | None, Field(examples=['{"place": "beach"}'])] = None
    """Counts only the photos that match this filter: JSON as in a search."""


@routes.get(
    "/v1/collections",
    Answer(200, CollectionList, "All collections.", example=examples.COLLECTIONS, links=links.FIRST_COLLECTION),
    raises=[NewerSchemaError],
)
def list_collections() -> CollectionList:
    """List all collections."""
    states = services().catalogue.states()
    return CollectionList([collection_view(state.collection, state.photos, state.index) for state in states])


@routes.get(
    "/v1/collections/<name>",
    Answer(200, CollectionView, "The collection.", example=examples.COLLECTION),
    raises=[NotFoundError, NewerSchemaError],
)
def get_collection(name: Collection) -> CollectionView:
    """Return one collection."""
    return _view(_find(name))


@routes.delete(
    "/v1/collections/<name>",
    Answer(
        202,
        JobView,
        "The job that deletes it.",
        headers=POLLING,
        example=examples.QUEUED_DELETION,
        links=links.FOLLOW,
    ),
    raises=[NotFoundError, ConflictError, NewerSchemaError],
)
def delete_collection(name: Collection) -> Reply:
    """Delete a collection: all of its photos, thumbnails and vectors, and its index.

    409 while an ingest into it is unfinished: cancel that first. An ingest that is sent before the job has ended gets
    503; afterwards one creates a new collection of this name, of any model. Repeating the deletion returns its job.
    """
    _find(name)
    return _accepted(services().deletions.enqueue(name, "", request_id.current()))


@routes.get(
    "/v1/collections/<name>/attributes",
    Answer(
        200,
        CollectionAttributes,
        "The attributes; of a large collection, those of a sample.",
        example=examples.ATTRIBUTES,
    ),
    raises=[NotFoundError, NewerSchemaError],
)
def get_attributes(name: Collection, query: AttributesQuery) -> CollectionAttributes:
    """Return the names, kinds, most frequent values and ranges of the photos' attributes."""
    where = _condition(query.filter)
    return services().catalogue.attributes(_find(name).name, where)


@routes.post(
    "/v1/collections/<name>/index",
    Answer(202, JobView, "The job that builds it.", headers=POLLING, example=examples.QUEUED_INDEX, links=links.FOLLOW),
    raises=[NotFoundError, NewerSchemaError],
)
def build_index(name: Collection) -> Reply:
    """Build the collection's vector index, or extend it to photos that came later."""
    return _command_index(name, "build")


@routes.delete(
    "/v1/collections/<name>/index",
    Answer(202, JobView, "The job that drops it.", headers=POLLING, example=examples.QUEUED_INDEX, links=links.FOLLOW),
    raises=[NotFoundError, NewerSchemaError],
)
def drop_index(name: Collection) -> Reply:
    """Drop the collection's vector index; no index is built automatically from then on."""
    return _command_index(name, "drop")


def _command_index(name: str, action: Literal["build", "drop"]) -> Reply:
    _find(name)
    return _accepted(services().indexes.enqueue(name, action, request_id.current()))


def _accepted(job_id: str) -> Reply:
    headers = {"Location": job_url(job_id), "Retry-After": "1"}
    return Reply(job_view(services().jobs.get(job_id), api_url()), headers=headers)


def _condition(text: str | None) -> Condition | None:
    if text is None:
        return None
    try:
        return parse(json.loads(text))
    except InvalidRequestError as error:
        raise InvalidRequestError(str(error), [Fault(str(error), parameter="filter")]) from None
    except (ValueError, RecursionError):
        reason = '`filter` must be JSON, for example {"place": "beach"}.'
        raise InvalidRequestError(reason, [Fault(reason, parameter="filter")]) from None


def _find(name: str) -> StoredCollection:
    found = services().catalogue.describe(name)
    if found is None:
        raise NotFoundError(f"There is no collection {name!r}; the first ingest creates it.")
    return found


def _view(collection: StoredCollection) -> CollectionView:
    catalogue = services().catalogue
    return collection_view(collection, catalogue.count(collection.name), catalogue.index(collection.name))
