"""The page of the API shows the whole OpenAPI document, runs no script, and loads nothing from other hosts."""

import copy
from html.parser import HTMLParser

import pytest
from pydantic import SecretStr

from api.app import create_app
from api.http.operations import operations
from api.reference.page import render
from tests.api.conftest import api_document


class Tags(HTMLParser):
    """All tags of a page with their attributes, and its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text += data

    def attribute(self, name: str) -> list[str]:
        return [attributes[name] or "" for _, attributes in self.found if name in attributes]


@pytest.fixture
def page(client) -> Tags:
    return Tags(client.get("/docs").text)


def test_the_policy_allows_neither_scripts_nor_inline_styles_nor_other_hosts(client):
    policy = client.get("/docs").headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src data:;")
    assert "unsafe" not in policy
    assert "script-src" not in policy
    assert "http" not in policy


def test_the_page_needs_nothing_that_the_policy_forbids(page):
    assert not {tag for tag, _ in page.found} & {"script", "style", "iframe", "img", "form"}
    assert not page.attribute("style")
    assert not page.attribute("src")
    assert not [name for _, attributes in page.found for name in attributes if name.startswith("on")]
    assert {href for href in page.attribute("href") if not href.startswith("#")} == {
        "data:,",
        "docs/reference.css",
        "openapi.json",
    }


def test_the_page_shows_every_operation_parameter_status_schema_and_problem(page):
    document = api_document()
    anchors = set(page.attribute("id"))
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["operationId"] in anchors
            assert path in page.text
            assert all(parameter["name"] in page.text for parameter in operation["parameters"] if "name" in parameter)
    assert {f"schema-{name}" for name in document["components"]["schemas"]} <= anchors
    assert all(code in page.text for code in document["components"]["examples"])


def test_each_link_within_the_page_has_its_target_and_each_id_is_unique(page):
    anchors = page.attribute("id")
    assert len(anchors) == len(set(anchors))
    assert {href.removeprefix("#") for href in page.attribute("href") if href.startswith("#")} <= set(anchors)


def test_texts_of_the_document_are_escaped():
    document = copy.deepcopy(api_document())
    markup = "<script>alert(1)</script> `<b>`"
    operation = document["paths"]["/v1/ingest"]["post"]
    operation["summary"] = operation["description"] = operation["parameters"][0]["description"] = markup
    operation["responses"]["202"]["content"]["application/json"]["example"] = markup
    page = render(document, "http://h")
    assert "<script" not in page
    assert "<b>" not in page
    assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;") == 4


def test_the_commands_have_the_address_under_which_the_page_was_requested(client):
    assert "curl -X POST http://localhost:8765/v1/ingest" in client.get("/docs", base_url="http://localhost:8765").text


def test_the_style_sheet_is_served_and_revalidated(client):
    answer = client.get("/docs/reference.css")
    assert (answer.status_code, answer.mimetype) == (200, "text/css")
    assert client.get("/docs/reference.css", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304


def test_the_operations_that_need_no_key_are_those_that_answer_without_one(connection, settings):
    app = create_app(settings.model_copy(update={"api_keys": (SecretStr("secret-key-of-the-test"),)}))
    client = app.test_client()
    for operation in operations(app).values():
        path = operation.path.replace("<path:", "<")
        for part in ("job_id", "photo_id", "name"):
            path = path.replace(f"<{part}>", "x")
        refused = client.open(path, method=operation.method).status_code == 401
        assert refused == operation.needs_key, operation.name
