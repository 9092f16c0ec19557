"""`X-Robots-Tag`: which directives end a download, and which address somebody else."""

import pytest

from tests.image_server import reply
from tests.pictures import photo
from tests.raw_server import sends, talking
from tests.worker.fetch.fetching import failure_of, fetcher

PHOTO = photo(1)


@pytest.fixture
def tagged(image_server):
    def serve(tag: str) -> str:
        image_server.answers["/a"] = lambda request: reply(request, 200, PHOTO, X_Robots_Tag=tag)
        return f"{image_server.url}/a"

    return serve


@pytest.mark.parametrize(
    "tag",
    ["noai", "noai, noimageai", "NoImageIndex", "nofollow, noai", "lichtbild: noai", "googlebot: all, lichtbild: noai"],
)
def test_an_opt_out_ends_the_download(tagged, tag):
    failure = failure_of(tagged(tag), fetch_attempts=3)
    assert failure.code == "opted_out"
    assert "LICHTBILD_OPT_OUT_DIRECTIVES" in str(failure)
    assert failure.attempts == 1


@pytest.mark.parametrize(
    "tag", ["noindex", "all", "googlebot: noai", "otherbot: x, noai", "unavailable_after: 2099-01-01"]
)
def test_other_directives_and_those_for_other_robots_do_not(tagged, tag):
    assert fetcher().fetch(tagged(tag)) == PHOTO


def test_a_directive_for_another_robot_does_not_hide_the_next_header():
    head = b"HTTP/1.1 200 OK\r\nX-Robots-Tag: googlebot: noindex\r\nX-Robots-Tag: noai\r\n\r\n"
    with talking(sends(head + PHOTO)) as port:
        assert failure_of(f"http://127.0.0.1:{port}/a").code == "opted_out"


def test_the_directives_are_a_setting(tagged):
    assert failure_of(tagged("none"), opt_out_directives=("noindex",)).code == "opted_out"
    assert fetcher(opt_out_directives=()).fetch(tagged("noai, noimageai, noimageindex")) == PHOTO
