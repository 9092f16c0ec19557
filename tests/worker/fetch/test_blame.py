"""A redirecting host, such as a shortener, is neither slowed down nor blamed for what its targets do."""

import pytest

from tests.image_server import redirect, reply, serving
from tests.pictures import photo
from tests.worker.fetch.fetching import failure_of, fetcher

PHOTO = photo(1)


@pytest.fixture
def target(image_server):
    """A server to which the image server redirects everything under /to."""
    with serving("127.0.0.2") as server:
        image_server.default = lambda path: redirect(f"{server.url}{path}") if path.startswith("/to") else PHOTO
        yield server


def test_the_pause_is_the_targets(image_server, target):
    target.answers["/to/busy"] = lambda request: reply(request, 429, Retry_After="3600")
    ours = fetcher(fetch_attempts=3)
    busy = ours.submit(f"{image_server.url}/to/busy", lambda download: download.content)
    failure = busy.exception(20)
    assert (failure.code, failure.host, failure.attempts) == ("http_429", "127.0.0.2", 1)
    # The redirecting host answers as before; the target is not asked until its pause is over.
    assert ours.fetch(f"{image_server.url}/own") == PHOTO
    again = ours.submit(f"{image_server.url}/to/other", lambda download: download.content).exception(20)
    assert (again.code, again.host) == ("http_429", "127.0.0.2")
    assert list(target.asked) == ["/to/busy"]


def test_a_retry_asks_the_target_alone(image_server, target):
    answers = iter([503, 503])
    target.answers["/to/a"] = lambda request: reply(request, next(answers, 200), PHOTO)
    assert fetcher(fetch_attempts=3).fetch(f"{image_server.url}/to/a") == PHOTO
    assert (image_server.asked["/to/a"], target.asked["/to/a"]) == (1, 3)


def test_a_target_that_is_down_closes_itself_alone(image_server):
    with serving("127.0.0.2") as gone:
        pass
    image_server.default = lambda path: redirect(f"{gone.url}{path}") if path.startswith("/to") else PHOTO
    ours = fetcher(fetch_concurrency=1)
    failures = [ours.submit(f"{image_server.url}/to/{n}", len).exception(20) for n in range(12)]
    assert {failure.host for failure in failures} == {"127.0.0.2"}
    assert {failure.code for failure in failures} == {"connection_failed", "host_unreachable"}
    assert ours.fetch(f"{image_server.url}/own") == PHOTO


def test_redirects_between_hosts_share_the_limit(image_server):
    with serving("127.0.0.2") as other:
        image_server.default = lambda _: redirect(f"{other.url}/x")
        other.default = lambda _: redirect(f"{image_server.url}/x")
        assert failure_of(f"{image_server.url}/x").code == "too_many_redirects"
        assert image_server.asked.total() + other.asked.total() == 21


def test_the_images_own_host_is_not_named(image_server):
    assert failure_of(f"{image_server.url}/gone").host == ""
