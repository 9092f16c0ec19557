"""Sizes and thumbnails of photos: made from the picture that is decoded for the model, and stored with its row."""

import io
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from PIL import Image

from shared.domain.items import Item
from shared.errors import ConfigurationError
from shared.settings import Settings
from shared.uploads.thumbnails import ROUTE, Thumbnails
from tests.pictures import encoded, photo, rotated, scribble
from tests.worker.ingest.counts import counts
from worker.ingest.image_sources import ImageSources


@pytest.fixture(params=["all"])
def settings(request, settings: Settings, tmp_path: Path) -> Settings:
    return settings.model_copy(update={"uploads_folder": str(tmp_path), "thumbnails": request.param})


@pytest.fixture
def shown(settings, catalogue, collection):
    """The thumbnail of a stored photo, as the API finds it; None if it has none."""

    def shown(photo_id: str) -> Image.Image | None:
        address = catalogue.get(collection, photo_id).picture.thumbnail
        if not address:
            return None
        parts = urlsplit(address)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        assert unquote(parts.path.removeprefix(ROUTE)) == photo_id
        path = Thumbnails.from_settings(settings).find(query.get("collection", "photos"), photo_id, query["v"])
        return Image.open(io.BytesIO(path.read_bytes()))

    return shown


def size(catalogue, collection, photo_id: str) -> tuple[int, int]:
    picture = catalogue.get(collection, photo_id).picture
    return picture.width, picture.height


def test_each_photo_has_its_size_and_a_thumbnail(ingest, image_server, shown, catalogue, collection):
    pictures = {
        "wide": photo(1, 1600, 1066),
        "tall": encoded(scribble(500, 900)),
        "small": photo(2, 100, 80),
        "upright": rotated(6),
        "odd": photo(3, 4001, 3001),
    }
    image_server.answers.update({f"/{name}": content for name, content in pictures.items()})
    assert counts(ingest([Item(name, f"{image_server.url}/{name}", {}) for name in pictures])) == {"stored": 5}
    sizes = {name: size(catalogue, collection, name) for name in pictures}
    assert sizes == {
        "wide": (1600, 1066),
        "tall": (500, 900),
        "small": (100, 80),
        "upright": (200, 300),
        "odd": (4001, 3001),
    }
    for name, (width, height) in sizes.items():
        small = shown(name)
        assert max(small.size) == min(320, max(width, height))
        assert small.width / small.height == pytest.approx(width / height, rel=0.01)


def test_a_large_photo_on_its_side_has_the_size_of_the_upright_picture(ingest, image_server, catalogue, collection):
    exif = Image.Exif()
    exif[0x0112] = 6
    image_server.answers["/a"] = encoded(scribble(3200, 1600), "JPEG", exif=exif)
    ingest([Item("a", f"{image_server.url}/a", {})])
    assert size(catalogue, collection, "a") == (1600, 3200)


def test_a_replaced_photo_shows_the_new_picture_only(ingest, image_server, shown, catalogue, collection):
    colours = {"red": (255, 0, 0), "blue": (0, 0, 255)}
    for colour in ("red", "blue", "red", "blue"):
        image_server.answers["/a"] = encoded(Image.new("RGB", (640, 480), colours[colour]))
        ingest([Item("a", f"{image_server.url}/a", {})])
        centre = shown("a").convert("RGB").getpixel((160, 120))
        assert max(range(3), key=centre.__getitem__) == {"red": 0, "blue": 2}[colour]


def test_new_attributes_keep_size_and_thumbnail(ingest, items, catalogue, collection):
    ingest(items)
    before = catalogue.get(collection, "p0").picture
    assert before.thumbnail
    relabelled = Item("p0", items[0].url, {"n": "new"})
    assert counts(ingest([relabelled])) == {"stored": 1}
    after = catalogue.get(collection, "p0")
    assert (after.attributes, after.picture) == ({"n": "new"}, before)


def test_a_list_ingested_again_adds_missing_thumbnails_without_the_model(
    ingest, items, worker, catalogue, collection, shown, monkeypatch
):
    sources = worker.ingest.pipeline.sources
    with monkeypatch.context() as before:
        before.setattr(sources, "_thumbnails_of", "uploads")
        ingest(items)
    assert shown("p0") is None
    assert size(catalogue, collection, "p0") == (160, 120)
    vectors = catalogue.embeddings(collection, ["p0"])
    monkeypatch.setattr(worker.batcher, "submit_unprepared", lambda *_: pytest.fail("an image was encoded"))
    assert counts(ingest(items)) == {"unchanged": 6}
    assert shown("p0").size == (160, 120)
    assert (catalogue.embeddings(collection, ["p0"])["p0"] == vectors["p0"]).all()
    monkeypatch.setattr(sources, "keep_thumbnail", lambda *_: pytest.fail("a thumbnail was made again"))
    assert counts(ingest(items)) == {"unchanged": 6}
    assert shown("p0").size == (160, 120)


def test_a_preflight_stores_no_thumbnails(ingest, items, tmp_path):
    ingest(items, preflight_of=6)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("settings", ["uploads", "none"], indirect=True)
def test_without_the_setting_photos_of_urls_have_their_size_alone(
    ingest, items, shown, catalogue, collection, tmp_path
):
    ingest(items)
    assert shown("p0") is None
    assert size(catalogue, collection, "p0") == (160, 120)
    assert [path for path in tmp_path.rglob("*.jpg") if path.is_file()] == []


def test_thumbnails_for_all_need_a_folder(settings):
    with pytest.raises(ConfigurationError, match="LICHTBILD_UPLOADS_FOLDER"):
        ImageSources(settings.model_copy(update={"uploads_folder": ""}), None, None)
