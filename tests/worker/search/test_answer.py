"""The result of a search: its hits, pages, groups and counts."""

import pytest

from shared.catalogue.interface import Row
from shared.domain.items import Item, Outcome
from shared.domain.job import Job
from shared.domain.queries import Query, Term
from shared.ledger.watcher import Watcher
from tests.worker.search.answers import found, unit


def test_a_result_has_weights_distances_and_counts(search, photos):
    photos({"a": (1, 0), "b": (1, 1), "c": (0, 1)})
    job = search("a", Term("photo_id", "c", -0.5), top_k=2)
    assert found(job) == ["a", "b"]
    assert job.result["weights"] == [0.666667, -0.333333]
    assert job.result["hits"][1]["similarities"] == pytest.approx([0.707107, 0.707107])
    assert job.result["searchable_photos"] == 3
    assert job.result["pending_photos"] == 0
    assert job.result["took_ms"].keys() == {"queue", "encode", "search"}


def test_pending_photos_are_those_of_unfinished_ingests(search, photos, ingests, collection):
    photos({"a": (1, 0)})
    submission = ingests.submission(collection)
    submission.stage([Item("x", "http://h/x", {}), Item("y", "http://h/y", {})])
    submission.submit()
    assert search().result["pending_photos"] == 2


def test_searchable_photos_include_new_photos(search, photos, ingests, catalogue, collection, worker):
    photos({"a": (1, 0)})
    assert search().result["searchable_photos"] == 1
    submission = ingests.submission(collection)
    submission.stage([Item("b", "http://h/b", {})])
    submission.submit()
    claim = ingests.claim()
    photos({"a": (1, 0), "b": (0, 1)})
    ingests.settle(claim, Outcome(1, 0, [], 1, {}))
    assert search().result["searchable_photos"] == 2


def test_pages_of_equally_distant_photos_are_consistent(search, photos):
    """Some are the same picture under several ids: which of them an engine returns first is its own affair."""
    photos({f"p{n:02}": (1, n // 4) for n in range(20)} | {"a": (1, 0)})
    whole = found(search(top_k=21))
    assert len(set(whole)) == 21
    pages = [found(search(top_k=3, offset=offset)) for offset in range(0, 21, 3)]
    assert [photo_id for page in pages for photo_id in page] == whole
    assert found(search(top_k=5, offset=40)) == []


def test_hits_beyond_max_distance_are_left_out(search, photos):
    photos({"a": (1, 0), "b": (1, 1), "c": (0, 1)})
    assert found(search(max_distance=0.5)) == ["a", "b"]


def test_near_duplicates_are_listed_in_the_nearest_hit(search, photos):
    photos({"a": (1, 0), **{f"a{n}": (1, 0.01 * n) for n in range(1, 30)}, "b": (1, 1), "b1": (1, 1.01), "c": (0, 1)})
    job = search(group_distance=0.1, top_k=3)
    assert found(job) == ["a", "b", "c"]
    assert [len(hit.get("similar", ())) for hit in job.result["hits"]] == [29, 1, 0]
    assert job.result["hits"][1]["similar"][0].keys() == {"photo_id", "url", "distance", "attributes"}
    assert found(search(group_distance=0.1, top_k=1, offset=1)) == ["b"]


@pytest.mark.parametrize("rounding", [1e-7, 2.6e-5], ids=["float32", "bfloat16"])
def test_one_picture_from_batches_of_different_sizes_is_one_hit_at_group_distance_0(search, photos, rounding):
    """The vectors of one picture differ by rounding with the size of its batch."""
    tilt = (2 * rounding) ** 0.5
    copies = {"a": (1, 0), "a1": (1, tilt), "a2": (1, 0, tilt)}
    assert len({unit(*vector).tobytes() for vector in copies.values()}) == 3
    photos({**copies, "other": (1, 0.05), "far": (0, 1)})
    job = search(group_distance=0)
    assert found(job) == ["a", "other", "far"]
    assert {similar["photo_id"] for similar in job.result["hits"][0]["similar"]} == {"a1", "a2"}


def test_a_filter_compares_attributes(search, photos):
    photos({"a": (1, 0), "b": (1, 1), "c": (0, 1)})
    assert found(search(filter={"n": {"gte": 1}})) == ["b", "c"]


def test_embeddings_are_returned_on_request(search, photos):
    photos({"a": (1, 0)})
    assert "embedding" not in search().result["hits"][0]
    assert search(include_embedding=True).result["hits"][0]["embedding"] == unit(1, 0).tolist()


def test_a_repeated_text_is_encoded_once(search, photos, encoded):
    photos({"a": (1, 0)})
    first, second = (search("a", Term("text", "a dog")) for _ in range(2))
    assert encoded == ["a dog"]
    assert first.result["hits"] == second.result["hits"]
    search("a", Term("text", "a cat"))
    assert encoded == ["a dog", "a cat"]


def test_an_absent_collection_or_one_of_another_model_is_refused(search, catalogue, collection):
    assert search("a", collection="nowhere").error["code"] in ("not_found", "photo_not_found")
    catalogue.ensure(collection, "another", 64)
    catalogue.write(collection, [Row("a", "http://h/a", unit(1, 0), b"", {}, 1)])
    assert search().error["code"] == "model_mismatch"


def test_a_collection_that_another_client_drops_is_noticed(
    worker, searches, connection, jobs, photos, catalogue, collection
):
    def ask() -> Job:
        job_id = searches.enqueue(Query((Term("text", "a dog"),), 5, collection), {}).job_id
        worker.search.answer_bell()
        return Watcher(connection, jobs).wait(job_id, 30)

    photos({"a": (1, 0), "b": (0, 1)})
    assert len(found(ask())) == 2
    catalogue._session.command(f"DROP TABLE `{collection}` SYNC")
    assert found(ask()) == []
    assert ask().error["code"] == "not_found"
