"""What a server is sent: the URL as it was listed, the contact, the headers of its origin."""

import pytest

from shared.errors import ConfigurationError
from shared.settings import Settings, load_settings
from tests.image_server import redirect, serving
from tests.pictures import photo
from tests.worker.fetch.fetching import failure_of, fetcher

PHOTO = photo(1)


@pytest.mark.parametrize(
    ("listed", "sent"),
    [
        ("/a%20b/100%.jpg", "/a%20b/100%.jpg"),
        ("/a%2fb%e4.jpg?sig=ab%2fc%3d", "/a%2fb%e4.jpg?sig=ab%2fc%3d"),
        ("/[a]|b.jpg?[c]", "/[a]|b.jpg?[c]"),
        ("/a b.jpg ", "/a%20b.jpg"),
        ("/ä.jpg", "/%C3%A4.jpg"),
        ("/a.jpg#b", "/a.jpg"),
        ("?a", "/?a"),
    ],
)
def test_a_url_is_sent_as_it_is_listed(image_server, listed, sent):
    image_server.default = lambda _: PHOTO
    assert fetcher().fetch(image_server.url + listed) == PHOTO
    assert list(image_server.asked) == [sent]


@pytest.mark.parametrize(
    ("location", "sent"),
    [
        ("/a%2fb%e4.jpg?sig=%2f", "/a%2fb%e4.jpg?sig=%2f"),
        ("/a b.jpg", "/a%20b.jpg"),
        ("/ä.jpg".encode().decode("latin-1"), "/%C3%A4.jpg"),
        ("/\xe4.jpg", "/%E4.jpg"),
    ],
)
def test_a_redirect_is_sent_as_it_came(image_server, location, sent):
    image_server.answers["/from"] = redirect(location)
    image_server.default = lambda _: PHOTO
    assert fetcher().fetch(f"{image_server.url}/from") == PHOTO
    assert list(image_server.asked) == ["/from", sent]


@pytest.mark.parametrize("url", ["https://images.example.company%20by%20someone.jpg", "http://a.example%2fb/x.jpg"])
def test_a_host_that_is_none_is_not_looked_up(monkeypatch, url):
    looked_up = []
    monkeypatch.setattr("socket.getaddrinfo", lambda host, *_, **__: looked_up.append(host))
    assert failure_of(url).code == "bad_url"
    assert not looked_up


def test_the_contact_is_part_of_the_user_agent(image_server):
    image_server.answers["/a"] = PHOTO
    fetcher(fetch_contact="https://example.org/bot; bot@example.org").fetch(f"{image_server.url}/a")
    assert "https://example.org/bot; bot@example.org" in image_server.headers["/a"]["User-Agent"]


def test_headers_are_sent_to_their_own_origin_alone(image_server):
    with serving("127.0.0.2") as other:
        image_server.answers["/a"] = redirect(f"{other.url}/b")
        other.answers["/b"] = PHOTO
        given = {image_server.url.upper(): {"authorization": "Bearer secret", "Referer": "https://example.org/"}}
        assert fetcher(fetch_headers=given).fetch(f"{image_server.url}/a") == PHOTO
    assert image_server.headers["/a"]["authorization"] == "Bearer secret"
    assert image_server.headers["/a"]["Referer"] == "https://example.org/"
    assert not {"authorization", "Authorization", "Referer"} & set(other.headers["/b"])


def test_a_header_replaces_ours(image_server):
    image_server.answers["/a"] = PHOTO
    fetcher(fetch_headers={image_server.url: {"user-agent": "Other/1.0"}}).fetch(f"{image_server.url}/a")
    assert [v for k, v in image_server.headers["/a"].items() if k.lower() == "user-agent"] == ["Other/1.0"]


def test_headers_come_from_the_environment_and_their_values_are_not_shown(monkeypatch):
    monkeypatch.setenv("LICHTBILD_FETCH_HEADERS", '{"https://a.example": {"Authorization": "Bearer secret"}}')
    settings = Settings()
    assert settings.fetch_headers["https://a.example"]["Authorization"].get_secret_value() == "Bearer secret"
    assert "Bearer secret" not in repr(settings)


@pytest.mark.parametrize("value", ["secret", '{"https://a.example": "secret"}', '["secret"]', '{"a": {"b": "secret"}'])
def test_headers_that_are_no_json_of_the_right_shape_are_refused_without_showing_them(monkeypatch, value):
    monkeypatch.setenv("LICHTBILD_FETCH_HEADERS", value)
    with pytest.raises(ConfigurationError, match="LICHTBILD_FETCH_HEADERS") as refused:
        load_settings()
    assert "secret" not in str(refused.value)
    monkeypatch.setenv("LICHTBILD_FETCH_HEADERS", "")
    assert load_settings().fetch_headers == {}


@pytest.mark.parametrize(
    "settings",
    [
        {"fetch_headers": {"a.example": {"A": "secret"}}},
        {"fetch_headers": {"https://a.example/path": {"A": "secret"}}},
        {"fetch_headers": {"https://a.example": {"A": "secret\r\nB: c"}}},
        {"fetch_headers": {"https://a.example": {"A: b": "secret"}}},
        {"fetch_headers": {"https://a.example": {"Host": "secret"}}},
        {"fetch_contact": "secret\r\nA: b"},
        {"fetch_proxy": "socks5://user:secret@proxy:1080"},
        {"fetch_proxy": "http://user:secret@proxy:port"},
        {"fetch_proxy": "http://user:secret@proxy:80/path"},
    ],
)
def test_settings_that_no_request_can_hold_are_refused_without_showing_them(settings):
    with pytest.raises(ConfigurationError, match="LICHTBILD_FETCH_") as refused:
        fetcher(**settings)
    assert "secret" not in str(refused.value)
