"""Embeddings: a vector for each input, or why there is none."""

import numpy as np
import pytest

from shared.domain.queries import Query, Term
from shared.ledger import keys
from shared.ledger.watcher import Watcher
from tests.pictures import photo
from worker.images.decoder import decode


@pytest.fixture
def embed(worker, searches, connection, jobs):
    def embed(*inputs: Term | bytes):
        images = {n: given for n, given in enumerate(inputs) if isinstance(given, bytes)}
        terms = tuple(Term("image", "") if n in images else given for n, given in enumerate(inputs))
        job_id = searches.enqueue(Query(terms, 0, ""), images, kind="embed").job_id
        worker.search.answer_bell()
        return Watcher(connection, jobs).wait(job_id, 30)

    return embed


def test_texts_and_images_have_the_vectors_of_the_model(embed, worker, connection):
    job = embed(Term("text", "a dog"), photo(3))
    assert (job.kind, job.status) == ("embed", "succeeded")
    encoder = worker.encoder
    assert (job.result["model"], job.result["dimension"]) == (encoder.name, encoder.dimension)
    expected = [
        encoder.encode_texts(["a dog"])[0],
        encoder.encode_images([encoder.prepare(decode(photo(3), 10**8))])[0],
    ]
    for found, vector in zip(job.result["embeddings"], expected, strict=True):
        assert np.array(found["embedding"]) @ vector >= 0.9999
    assert job.result["took_ms"].keys() == {"queue", "encode"}
    assert not connection.exists(keys.image(job.id, 1)), "the bytes go as soon as they are encoded"


def test_an_input_that_fails_does_not_harm_its_neighbours(embed):
    job = embed(Term("text", "a"), b"not an image", Term("image_url", "http://127.0.0.1:1/x.jpg"), photo(1))
    assert job.status == "succeeded"
    errors = [found["error"] and found["error"]["code"] for found in job.result["embeddings"]]
    assert errors == [None, "not_an_image", "connection_failed", None]
    assert [found["embedding"] is None for found in job.result["embeddings"]] == [False, True, True, False]


def test_a_text_longer_than_the_model_reads_states_how_much_was_used(embed, worker):
    most = worker.encoder.max_tokens
    short, long = embed(Term("text", "dog"), Term("text", "x" * (most + 10))).result["embeddings"]
    # Each letter is a token of the tiny model, which adds one at the beginning and one at the end.
    assert short["tokens"] == {"used": 5, "of": 5}
    assert long["tokens"] == {"used": most, "of": most + 12}


def test_a_search_states_it_for_each_text(worker, searches, connection, jobs, photos, collection):
    photos({"a": (1, 0)})
    most = worker.encoder.max_tokens
    query = Query((Term("text", "x" * most), Term("photo_id", "a"), Term("text", "dog")), 5, collection)
    for _ in range(2):  # the second time from the cache of texts
        job_id = searches.enqueue(query, {}).job_id
        worker.search.answer_bell()
        result = Watcher(connection, jobs).wait(job_id, 30).result
        assert result["tokens"] == [{"used": most, "of": most + 2}, None, {"used": 5, "of": 5}]


def test_embeddings_and_searches_share_a_batch(embed, worker, encoded):
    embed(*(Term("text", f"text {n}") for n in range(20)))
    assert encoded == [f"text {n}" for n in range(20)]
