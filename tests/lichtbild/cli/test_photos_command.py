"""`lichtbild photos`: show and delete stored photos."""

import json

from tests.lichtbild.cli.running import lichtbild
from tests.lichtbild.fake_api import FakeApi, Reply

PHOTO = {"photo_id": "a/b", "url": "http://x/a", "attributes": {"place": "Sylt\x1b[31m", "n": [1]}, "model": "m"}


def test_a_photo_is_shown_by_its_id(api: FakeApi) -> None:
    api.on("GET", "/v1/photos/a%2Fb", Reply(PHOTO))

    shown = lichtbild("photos", "a/b", "--collection", "mine", api=api.url)
    as_json = lichtbild("photos", "a/b", "--json", api=api.url)

    assert shown.stdout.splitlines() == [
        "photo_id  a/b",
        "url       http://x/a",
        "model     m",
        "place     Sylt [31m",
        "n         [1]",
    ]
    assert api.calls("GET", "/v1/photos/a%2Fb")[0].query == {"collection": "mine"}
    assert json.loads(as_json.stdout) == PHOTO


def test_deleting_an_unknown_photo_is_no_error_and_says_that_there_was_none(api: FakeApi) -> None:
    api.on("DELETE", "/v1/photos/nobody", Reply(b"", 204))

    done = lichtbild("photos", "nobody", "--delete", api=api.url)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "nobody was not stored; earlier ingests cannot store it any more.\n"
    assert len(api.calls("DELETE", "/v1/photos/nobody")) == 1


def test_a_photo_is_deleted(api: FakeApi) -> None:
    api.on("GET", "/v1/photos/a%2Fb", Reply(PHOTO))
    api.on("DELETE", "/v1/photos/a%2Fb", Reply(b"", 204))

    done = lichtbild("photos", "a/b", "--delete", "--collection", "mine", api=api.url)

    assert (done.returncode, done.stdout, done.stderr) == (0, "a/b is deleted.\n", "")
    assert [call.query for call in api.calls("DELETE", "/v1/photos/a%2Fb")] == [{"collection": "mine"}]


def test_a_random_photo_is_shown_with_its_embedding(api: FakeApi) -> None:
    api.on("GET", "/v1/photos/random", Reply(PHOTO))
    api.on("GET", "/v1/photos/a%2Fb", Reply(PHOTO | {"embedding": [0.5, 0.25, 0.125, 0, 1]}))

    plain = lichtbild("photos", "--random", api=api.url)
    shown = lichtbild("photos", "--random", "--embedding", api=api.url)
    as_json = lichtbild("photos", "--random", "--embedding", "--json", api=api.url)

    assert "embedding" not in plain.stdout
    assert "embedding  0.5000, 0.2500, 0.1250, 0.0000, … (5 numbers)" in shown.stdout
    assert json.loads(as_json.stdout)["embedding"] == [0.5, 0.25, 0.125, 0, 1]


def test_an_unknown_photo_exits_with_1(api: FakeApi) -> None:
    done = lichtbild("photos", "nobody", api=api.url)

    assert (done.returncode, done.stdout) == (1, "")
    assert "not_found" in done.stderr
