"""Each type of problem has its class, with what a program needs to react to it."""

import pickle
import re
from pathlib import Path

import pytest

import lichtbild.errors
from lichtbild import ApiError, Client, Conflict, Fault, InvalidRequest, NotFound, Overloaded, SpoolFull, Unavailable
from lichtbild.errors import refusal
from tests.lichtbild.conftest import Connect
from tests.lichtbild.fake_api import FakeApi, Reply, problem

SHARED = Path(__file__).parents[2] / "shared" / "errors.py"
# ItemError's codes are those of failed items.
CODES = sorted(set(re.findall(r'^    code = "(\w+)"', SHARED.read_text(), re.MULTILINE)))


@pytest.mark.parametrize("code", [*CODES, "unauthorized"])
def test_every_type_of_problem_has_a_class(code: str) -> None:
    assert type(refusal(400, code, "x")) is not ApiError


def test_all_classes_are_exported() -> None:
    kinds = {kind for kind in vars(lichtbild.errors).values() if isinstance(kind, type) and issubclass(kind, ApiError)}

    assert {kind.__name__ for kind in kinds} <= set(lichtbild.__all__)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (404, "not_found", NotFound),
        (409, "conflict", Conflict),
        (422, "invalid_request", InvalidRequest),
        (429, "spool_full", Overloaded),
        (418, "of_a_newer_api", ApiError),
    ],
)
def test_a_problem_raises_its_class(
    api: FakeApi, connect: Connect, status: int, code: str, kind: type[ApiError]
) -> None:
    api.on("GET", "/v1/jobs/j1", problem(status, code, "Because."))

    client = connect(api.url, patience=0)
    with pytest.raises(kind, match="Because") as raised:
        client.job("j1")

    error = raised.value
    assert (error.status, error.code, error.detail) == (status, code, "Because.")
    assert (error.retry_after, error.request_id) == (None, None)


def test_an_error_has_the_request_id_and_retry_after(api: FakeApi, connect: Connect) -> None:
    api.on("GET", "/v1/jobs/j1", problem(503, "unavailable", "x", Retry_After="7", X_Request_ID="r-1"))

    client = connect(api.url, patience=0)
    with pytest.raises(Unavailable) as raised:
        client.job("j1")

    assert (raised.value.retry_after, raised.value.request_id, raised.value.is_temporary) == (7.0, "r-1", True)


def test_an_answer_without_a_problem_has_the_request_id(api: FakeApi, client: Client) -> None:
    api.on("GET", "/v1/jobs/j1", Reply(b"<h1>no</h1>", 404, {"X-Request-ID": "r-2"}, "text/html"))

    with pytest.raises(ApiError) as raised:
        client.job("j1")

    assert (raised.value.code, raised.value.request_id) == ("http_404", "r-2")


def test_a_refused_request_has_all_its_faults(api: FakeApi, client: Client) -> None:
    refused = problem(422, "invalid_request", "text: must be a string.")
    refused.body["faults"] = [
        {"message": "must be a string", "pointer": "/text", "parameter": None},
        {"message": "is unknown", "parameter": "wiat", "of_a_newer_api": 1},
    ]
    api.on("POST", "/v1/search", refused)

    with pytest.raises(InvalidRequest) as raised:
        client.search("x")

    assert raised.value.faults == (Fault("must be a string", pointer="/text"), Fault("is unknown", parameter="wiat"))


def test_an_error_can_be_pickled() -> None:
    error = refusal(429, "spool_full", "Full.", 3.0, "r-3", faults=[Fault("too many", parameter="items")])

    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), str(copy), vars(copy)) == (SpoolFull, str(error), vars(error))
