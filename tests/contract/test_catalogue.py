"""Writing, reading, searching and deleting, on every target."""

import threading

import numpy as np
import pytest
from pydantic import SecretStr

from shared.catalogue.connect import connect
from shared.catalogue.interface import Row
from shared.errors import ConfigurationError, InvalidRequestError, ModelMismatchError, UnavailableError

DIMENSION = 16


def unit(seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).normal(size=DIMENSION).astype(np.float32)
    return vector / np.linalg.norm(vector)


def row(photo_id: str, seed: int, version: int = 1, url: str = "http://h/x", **attributes) -> Row:
    return Row(photo_id, url, unit(seed), bytes(32), attributes, version)


@pytest.fixture
def filled(catalogue, collection):
    catalogue.ensure(collection, "m", DIMENSION)
    catalogue.write(collection, [row(str(n), n, place="beach", n=n) for n in range(50)])
    return collection


def test_written_photos_are_found_at_once(catalogue, filled):
    hits = catalogue.search(filled, unit(7), 3)
    assert hits[0].photo.photo_id == "7"
    assert hits[0].distance == pytest.approx(0, abs=1e-6)
    assert hits[0].photo.attributes == {"place": "beach", "n": 7}
    assert np.allclose(hits[0].embedding, unit(7))


def test_an_id_that_was_stored_in_form_d_is_found_by_either_form(catalogue, collection):
    """As earlier versions stored the names of files on macOS."""
    composed, apart = "f\u00fcr.jpg", "fu\u0308r.jpg"
    catalogue.ensure(collection, "m", DIMENSION)
    catalogue.write(collection, [row(apart, 1)])
    assert [catalogue.get(collection, form).photo_id for form in (composed, apart)] == [apart] * 2
    catalogue.write(collection, [row(composed, 2)])
    assert [catalogue.get(collection, form).photo_id for form in (composed, apart)] == [composed] * 2


def test_top_k_equals_an_exact_scan(catalogue, filled):
    query = unit(1000)
    distances = {str(n): 1 - float(unit(n) @ query) for n in range(50)}
    hits = catalogue.search(filled, query, 10)
    assert [hit.photo.photo_id for hit in hits] == sorted(distances, key=distances.__getitem__)[:10]
    for hit in hits:
        assert hit.distance == pytest.approx(distances[hit.photo.photo_id], abs=1e-5)


def test_the_highest_version_of_a_photo_is_current_in_any_order_of_writes(catalogue, filled):
    catalogue.write(filled, [row("7", 107, version=3, url="http://h/new")])
    catalogue.write(filled, [row("7", 207, version=2, url="http://h/late")])
    photo = catalogue.get(filled, "7")
    assert photo.url == "http://h/new"
    assert np.allclose(photo.embedding, unit(107))
    assert catalogue.search(filled, unit(7), 1)[0].photo.photo_id != "7"
    assert catalogue.search(filled, unit(207), 1)[0].distance > 0.01
    assert catalogue.count(filled) == 50


def test_writing_twice_changes_nothing(catalogue, filled):
    catalogue.write(filled, [row(str(n), n) for n in range(50)])
    assert catalogue.count(filled) == 50
    assert len({hit.photo.photo_id for hit in catalogue.search(filled, unit(3), 50)}) == 50


def test_odd_ids_and_attributes_survive(catalogue, filled):
    attributes = {"quote": 'it\'s "so" \\ {x:String} \n', "emoji": "🐕", "deep": {"a": [1, None, 2.5, True]}}
    odd = "a/b'c\\d {e} 🐕%20"
    catalogue.write(filled, [Row(odd, "http://h/'x", unit(900), bytes(32), attributes, 1)])
    photo = catalogue.get(filled, odd)
    assert (photo.photo_id, photo.url, photo.attributes) == (odd, "http://h/'x", attributes)
    assert catalogue.search(filled, unit(900), 1)[0].photo.photo_id == odd


def test_a_collection_of_another_model_is_refused(catalogue, filled):
    for model, dimension in (("other", DIMENSION), ("m", 8)):
        with pytest.raises(ModelMismatchError, match="LICHTBILD_MODEL"):
            catalogue.ensure(filled, model, dimension)


def test_one_of_several_models_that_create_a_collection_concurrently_wins(settings, collection):
    outcomes = {}

    def create(model: str) -> None:
        try:
            connect(settings).ensure(collection, model, DIMENSION)
            outcomes[model] = True
        except ModelMismatchError:
            outcomes[model] = False

    threads = [threading.Thread(target=create, args=(f"model '{n}' \\",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes.values()) == [False, False, False, True]
    assert outcomes[connect(settings).describe(collection).model]


def test_a_vector_of_the_wrong_length_is_refused(catalogue, filled):
    with pytest.raises(UnavailableError):
        catalogue.write(filled, [Row("x", "http://h", np.ones(3, np.float32), bytes(32), {}, 1)])
    assert catalogue.count(filled) == 50


@pytest.mark.parametrize("exact", [False, True])
def test_a_query_of_another_dimension_is_rejected(catalogue, filled, exact):
    catalogue.build_index(filled)
    with pytest.raises(UnavailableError):
        catalogue.search(filled, np.ones(3, np.float32), 5, exact=exact)


def test_an_absent_collection_or_photo_is_none(catalogue, collection, filled):
    missing = f"{collection}_missing"
    assert catalogue.describe(missing) is None
    assert catalogue.get(missing, "x") is None
    assert catalogue.random(missing) is None
    assert catalogue.search(missing, unit(1), 5) == []
    assert catalogue.get(filled, "nobody") is None


def test_random_photos_differ(catalogue, filled):
    assert len({catalogue.random(filled).photo_id for _ in range(20)}) > 3


def test_several_random_photos_are_different_and_current(catalogue, filled):
    catalogue.write(filled, [row(str(n), n, version=2, place="city") for n in range(25)])
    catalogue.delete(filled, {str(n): 3 for n in range(40, 50)})
    drawn = catalogue.random_photos(filled, 10)
    assert len({photo.photo_id for photo in drawn}) == 10
    everything = catalogue.random_photos(filled, 100)
    assert sorted(int(photo.photo_id) for photo in everything) == list(range(40))
    assert all((photo.attributes["place"] == "city") == (int(photo.photo_id) < 25) for photo in everything)


def test_collections_are_listed_with_model_and_dimension(catalogue, filled):
    found = {known.name: known for known in catalogue.collections()}
    assert (found[filled].model, found[filled].dimension) == ("m", DIMENSION)


@pytest.mark.parametrize("name", ["", "Photos", "a-b", "a.b", "1a", "a`", "a b", "x" * 64, "a;drop", "ü"])
def test_an_invalid_name_never_reaches_the_server(catalogue, name):
    for call in (catalogue.describe, catalogue.random, lambda n: catalogue.ensure(n, "m", 4)):
        with pytest.raises(InvalidRequestError):
            call(name)


@pytest.mark.parametrize("bad", [np.zeros(DIMENSION), np.full(DIMENSION, np.nan), np.full(DIMENSION, np.inf)])
def test_a_query_without_direction_is_refused(catalogue, filled, bad):
    with pytest.raises(ValueError, match="finite"):
        catalogue.search(filled, bad.astype(np.float32), 5)


def test_an_unreachable_server_is_unavailable_and_the_error_hides_the_password(settings):
    url = SecretStr("clickhouse://default:hunter2@127.0.0.1:1/default")
    with pytest.raises(UnavailableError) as failure:
        connect(settings.model_copy(update={"catalogue_url": url})).ping()
    assert "hunter2" not in str(failure.value)


def test_a_wrong_password_is_unavailable_and_the_error_hides_it(settings):
    right = settings.catalogue_url.get_secret_value()
    wrong = SecretStr(right.replace("default:", "default:hunter2", 1))
    with pytest.raises(UnavailableError) as failure:
        connect(settings.model_copy(update={"catalogue_url": wrong})).ping()
    assert "hunter2" not in str(failure.value)


@pytest.mark.parametrize("url", ["", "http://h", "clickhouse://", "clickhouse://h:port/x", "mysql://h/d"])
def test_a_malformed_url_is_a_configuration_error_with_an_example(settings, url):
    with pytest.raises(ConfigurationError, match="must look like"):
        connect(settings.model_copy(update={"catalogue_url": SecretStr(url)}))
