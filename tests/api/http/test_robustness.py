"""For any request, the API returns a 4xx problem, never a 500."""

import json

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=10)
    | st.sampled_from(["http://h/x", "image", "a" * 300, "\ud800", "%00", "10" * 3000]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["items", "id", "url", "attributes", "text", "terms", "image", "weight", "top_k", "x"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
ROUGH = hypothesis_settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def expect_client_error_or_accepted(answer) -> None:
    assert answer.status_code in (202, 400, 413, 415, 422), answer.text
    if answer.status_code != 202:
        assert answer.content_type == "application/problem+json"


@ROUGH
@given(value=JSON)
def test_any_json_as_items(client, value):
    for body in (value, {"items": value}, {"items": [value]}):
        expect_client_error_or_accepted(
            client.post("/v1/ingest", data=json.dumps(body), content_type="application/json")
        )
    expect_client_error_or_accepted(
        client.post("/v1/ingest", data=json.dumps(value), content_type="application/x-ndjson")
    )


@ROUGH
@given(value=JSON)
def test_any_json_as_a_query(client, value):
    for body in (value, {"text": value}, {"terms": [value]}):
        expect_client_error_or_accepted(
            client.post("/v1/search", data=json.dumps(body), content_type="application/json")
        )


@ROUGH
@given(
    body=st.binary(max_size=60) | st.text(alphabet='id,url\t\n"{}[]:\\\x00ü', max_size=60).map(str.encode),
    header=st.sampled_from([b"", b"id,url\n", b"id\turl\n", b'{"items":[']),
    media=st.sampled_from(["application/json", "application/x-ndjson", "text/csv", "text/tab-separated-values"]),
    encoding=st.sampled_from([{}, {"Content-Encoding": "gzip"}, {"Content-Encoding": "br"}]),
)
def test_any_bytes(client, body, header, media, encoding):
    expect_client_error_or_accepted(client.post("/v1/ingest", data=header + body, content_type=media, headers=encoding))
    expect_client_error_or_accepted(client.post("/v1/search", data=header + body, content_type=media))


@pytest.mark.parametrize(
    "body",
    [
        b'{"items":[{"id":"a","url":"http://h/","attributes":{"n":' + b"9" * 6000 + b"}}]}",
        b'{"items":' + b"[" * 5000,
        b'{"items":[{"id":"a","url":"http://h/","attributes":' + b'{"a":' * 5000 + b"1" + b"}" * 5001 + b"]}",
        b'{"items":[{"id":"a","url":"http://h/","attributes":{"n":1e999}}]}',
        b'{"items":[{"id":"\\ud800","url":"http://h/"}]}',
        b'{"items":[{"id":"a","url":"http://h/","attributes":{"\\ud800":"\\udfff"}}]}',
    ],
    ids=["long number", "deep array", "deep object", "infinite number", "half a character", "halves in attributes"],
)
def test_extreme_json(client, body):
    expect_client_error_or_accepted(client.post("/v1/ingest", data=body, content_type="application/json"))
    line = body.removeprefix(b'{"items":[').removesuffix(b"]}")
    expect_client_error_or_accepted(client.post("/v1/ingest", data=line, content_type="application/x-ndjson"))


@pytest.mark.parametrize("path", ["%00", "%ff%fe", "a%0ab", "'%20OR%201=1", "..%2f..", "%252F", "x" * 2000])
def test_odd_photo_ids_are_not_found(client, path):
    assert client.get(f"/v1/photos/{path}").status_code == 404
