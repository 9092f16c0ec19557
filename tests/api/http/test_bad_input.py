"""Bad input of every kind to every route, read off the declarations: a 4xx that names the field, and nothing stored."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from api.app import create_app
from shared.catalogue.connect import connect as connect_catalogue
from shared.ledger.connection import connect as connect_redis
from shared.ledger.ingest import IngestLedger
from shared.settings import Settings
from tests.api.http.declared_requests import Declared, declared, is_closed, places, replaced, wrong_texts, wrong_values
from tests.api.settling import settle
from tests.pictures import photo
from tests.webhook_receiver import SECRET

OPERATIONS = [*declared()]
JSON_BODIES = [operation for operation in OPERATIONS if operation.json is not None]
FORMS = [operation for operation in OPERATIONS if "multipart/form-data" in operation.bodies]
CURSORS = ["x", "-", "0-", "1-1-1", "-1-0", "1e5-0", "0-0 ", "٣-٣", "[]", "\0", "1772357400", "1-" + "a" * 65]
INSIDE = [
    *("http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.1/", "http://0177.0.0.1/"),
    *(
        "http://localhost/",
        "http://LOCALHOST./",
        "http://a.localhost/",
        "http://0/",
        "http://0.0.0.0/",
        "http://[::]/",
        "http://[::1]/",
    ),
    *("http://[::ffff:127.0.0.1]/", "http://[::ffff:7f00:1]/", "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/"),
    *("http://[2002:7f00:1::]/", "http://①②⑦.⓪.⓪.①/", "http://127。0。0。1/", "http://%31%32%37.0.0.1/"),
    *("http://10.0.0.1/", "http://172.16.0.1/", "http://192.168.1.1:8123/", "http://100.64.0.1/", "http://[fd00::1]/"),
    *("http://169.254.169.254/latest/", "http://0xa9fea9fe/", "http://[fe80::1]/", "http://[fe80::1%25eth0]/"),
    *("http://224.0.0.1/", "http://255.255.255.255/", "HTTP://127.0.0.1\\@example.org/", "http://127.0.0.1#@a.org/"),
]
NO_URL = ["", "x", "ftp://example.org/", "file:///etc/passwd", "//example.org/", "http://a:b@example.org/", "http:///"]


@dataclass(frozen=True)
class Api:
    """An API with an ended ingest, one of whose items failed."""

    app: Flask
    redis: Any
    uploads: Path
    job_id: str

    def send(self, operation: Declared, query: Any = (), **body: Any) -> Any:
        """A request to `operation` with its example as body, or another one."""
        path = operation.at(job_id=self.job_id, name="photos", photo_id="a")
        given = body or ({} if operation.json is None else {"json": operation.json})
        if "json" in given:
            given = {"data": json.dumps(given["json"]), "content_type": "application/json"}
        return self.app.test_client().open(path, method=operation.method, query_string=query, **given)

    def stored(self) -> Any:
        """All that is in Redis and in the folder of uploads."""
        return {key: self.redis.dump(key) for key in self.redis.scan_iter()}, [*self.uploads.rglob("*.*")]


@pytest.fixture(scope="module")
def api(redis_url: str, catalogue_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    uploads = tmp_path_factory.mktemp("uploads")
    options = {"redis_url": redis_url, "catalogue_url": catalogue_url, "uploads_folder": str(uploads)}
    settings = Settings(**options, webhook_secret=SECRET)
    connect_catalogue(settings).ensure("photos", "m", 4)
    connection = connect_redis(settings)
    connection.flushall()
    app = create_app(settings)
    items = {"items": [{"photo_id": "a", "url": "http://h/a"}]}
    job_id = app.test_client().post("/v1/ingest", json=items).json["id"]
    settle(IngestLedger(connection, settings), 1)
    yield Api(app, connection, uploads, job_id)
    connection.close()


@pytest.fixture(autouse=True)
def nothing_is_stored(api: Api) -> Iterator[None]:
    before = api.stored()
    yield
    assert api.stored() == before


def named(operation: Declared) -> str:
    return operation.name


every = pytest.mark.parametrize("operation", OPERATIONS, ids=named)
with_json = pytest.mark.parametrize("operation", JSON_BODIES, ids=named)


def refused(answer: Any, status: int = 422, **place: str) -> None:
    """A problem with a fault at `place`: a parameter, or a pointer or what is under it."""
    assert answer.status_code == status, f"{place}: {answer.text}"
    [(kind, where)] = place.items()
    found = [fault.get(kind) for fault in answer.json["faults"]]
    assert any(one is not None and f"{one}/".startswith(f"{where}/") for one in found), f"{place}: {answer.text}"


@every
def test_an_unknown_parameter_is_named(api, operation):
    refused(api.send(operation, {"colection": "x"}), parameter="colection")


@every
def test_a_parameter_that_is_given_twice_is_named(api, operation):
    for name, parameter in operation.query.items():
        refused(api.send(operation, [(name, parameter["example"])] * 2), parameter=name)


@every
def test_a_parameter_of_another_type_is_named(api, operation):
    for name, parameter in operation.query.items():
        for text in wrong_texts(parameter):
            refused(api.send(operation, {name: text}), parameter=name)


def test_control_most_parameters_have_wrong_values():
    """Free texts have none."""
    without = {
        name for operation in OPERATIONS for name, parameter in operation.query.items() if not [*wrong_texts(parameter)]
    }
    assert without <= {"callback_url", "code", "columns", "filter", "name", "v"}


@pytest.mark.parametrize("filter_", ["x", "[]", "1", '{"a": {"like": 1}}', '{"a": null}', "[" * 9999, '{"a": NaN}'])
def test_a_filter_in_the_query_that_is_none_is_named(api, filter_):
    [operation] = [one for one in OPERATIONS if "filter" in one.query]
    refused(api.send(operation, {"filter": filter_}), parameter="filter")


@every
def test_a_cursor_that_was_not_ours_is_named(api, operation):
    for cursor in CURSORS if "cursor" in operation.query else ():
        refused(api.send(operation, {"cursor": cursor}), parameter="cursor")


@pytest.mark.parametrize("cursor", ["0-1", "1-0", "0-999999999", "999999999-0"])
def test_a_cursor_beyond_the_failed_items_is_named(api, cursor):
    [operation] = [one for one in OPERATIONS if one.name == "list_failures"]
    refused(api.send(operation, {"cursor": cursor}), parameter="cursor")


@with_json
@pytest.mark.parametrize("body", [b"", b"{", b"nonsense", b"\xff", b"\xef\xbb\xbf", b"[" * 9999], ids=range(6))
def test_a_body_that_is_no_json_is_malformed(api, operation, body):
    answer = api.send(operation, data=body, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (400, "malformed"), answer.text


@with_json
def test_a_body_of_another_media_type_is_refused(api, operation):
    assert api.send(operation, data=b"<x/>", content_type="application/xml").status_code == 415


@with_json
def test_an_unknown_field_of_a_body_is_named(api, operation):
    for body in operation.examples():
        for pointer, schema in places(body, operation.bodies["application/json"]["schema"]):
            if is_closed(schema) and isinstance(at(body, pointer), dict):
                wrong = replaced(body, f"{pointer}/colection", "x")
                refused(api.send(operation, json=wrong), pointer=f"{pointer}/colection")


@with_json
def test_a_field_of_another_type_is_named(api, operation):
    for body in operation.examples():
        for pointer, schema in places(body, operation.bodies["application/json"]["schema"]):
            for value in wrong_values(schema):
                # A list is taken as the array of its items, too: its elements are named.
                refused(api.send(operation, json=replaced(body, pointer, value)), pointer=pointer)


def at(body: Any, pointer: str) -> Any:
    """What a body has at a pointer, None if it has nothing there."""
    for step in pointer.split("/")[1:]:
        body = body[int(step)] if isinstance(body, list) else body.get(step)
    return body


@pytest.mark.parametrize("operation", FORMS, ids=named)
def test_an_unknown_part_of_a_form_is_named(api, operation):
    data = {"text": "a", "colection": "x"} if operation.name == "search" else {"colection": file()}
    refused(api.send(operation, data=data, content_type="multipart/form-data"), pointer="/colection")


@pytest.mark.parametrize("name", ["text", "top_k", "filter", "image"])
def test_a_part_of_a_search_that_is_given_twice_is_named(api, name):
    [operation] = [one for one in FORMS if one.name == "search"]
    value = [file(), file()] if name == "image" else ["1", "1"]
    refused(api.send(operation, data={name: value}, content_type="multipart/form-data"), pointer=f"/{name}")


@pytest.mark.parametrize("text", ["", "{", "[" * 9999])
def test_a_part_of_a_search_that_is_no_json_is_named(api, text):
    [operation] = [one for one in FORMS if one.name == "search"]
    data = {"text": "a", "filter": text}
    refused(api.send(operation, data=data, content_type="multipart/form-data"), pointer="/filter")


def file() -> tuple[io.BytesIO, str]:
    return io.BytesIO(photo(1)), "a.jpg"


@pytest.mark.parametrize("url", [*INSIDE, *NO_URL])
def test_a_callback_that_points_inside_or_nowhere_is_named(api, url):
    tried = set()
    for operation in OPERATIONS:
        if "callback_url" in operation.query:
            refused(api.send(operation, {"callback_url": url}), parameter="callback_url")
            tried.add(operation.name)
        for pointer, _ in places(operation.json, operation.bodies.get("application/json", {}).get("schema", {})):
            if pointer.endswith("/callback_url"):
                refused(api.send(operation, json=replaced(operation.json, pointer, url)), pointer=pointer)
                tried.add(operation.name)
    form = {"text": "a", "callback_url": url}
    answer = api.app.test_client().post("/v1/search", data=form, content_type="multipart/form-data")
    refused(answer, pointer="/callback_url")
    assert tried == {"ingest", "retry_job", "search", "search_batch", "embed"}
