"""Which URL is asked for instead of a photo's own, and what of it stays."""

from urllib.parse import parse_qsl, urlsplit

import pytest

from benchmarks.drawn_photos import SHAPES, jpeg, picture
from embedded.demo_model import MODEL_FOLDER
from shared.settings import Settings
from worker.fetch.renditions import small_rendition
from worker.images.decoder import decode, kept_pixels
from worker.model.encoder import ClipEncoder

HOSTS = ("images.unsplash.com", "127.0.0.1:8080")
OURS = {"w": "672", "h": "672", "fit": "max", "fm": "jpg", "q": "75"}


def asked(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(small_rendition(url, 224, HOSTS)).query))


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://images.unsplash.com/photo-1", {}),
        ("https://IMAGES.unsplash.com/photo-1?w=5000", {}),
        ("http://127.0.0.1:8080/photo-1?dpr=3&auto=format&fm=webp&q=100", {}),
        # As Unsplash's API gives it: the tracking id has to stay, and a crop that fit=max never applies.
        (
            "https://images.unsplash.com/photo-1?crop=entropy&cs=tinysrgb&fit=max&fm=jpg&ixid=M3w%3D&q=80&w=1080",
            {"crop": "entropy", "cs": "tinysrgb", "ixid": "M3w="},
        ),
        ("https://images.unsplash.com/photo-1?rect=0,0,10,10", {"rect": "0,0,10,10"}),
    ],
)
def test_a_small_jpeg_of_the_whole_picture_is_requested(url, kept):
    assert asked(url) == OURS | kept
    assert urlsplit(small_rendition(url, 224, HOSTS))[:3] == urlsplit(url)[:3]


def test_other_parts_of_the_url_are_kept_unchanged():
    url = "https://images.unsplash.com/photo-1?ixid=a%2Fb+c&flag"
    assert small_rendition(url, 224, HOSTS) == f"{url}&w=672&h=672&fit=max&fm=jpg&q=75"


@pytest.mark.parametrize(
    "url",
    [
        "https://example.org/photo-1?w=5000",
        "https://images.unsplash.com.evil.example/photo-1",
        "https://example.org/images.unsplash.com",
        "http://127.0.0.1:8081/photo-1",
        # These ask for a cut, and another size of box would cut otherwise.
        "https://images.unsplash.com/photo-1?fit=crop&w=100&h=300",
        "https://images.unsplash.com/photo-1?fit=facearea&facepad=2",
        "https://images.unsplash.com/photo-1?ar=16:9",
        # Signed: with other parameters the server answers 403.
        "http://127.0.0.1:8080/photo-1?w=300&s=0123abcd",
        "https://images.unsplash.com/photo-1?ixid=a&S=0123abcd",
        "https://images.unsplash.com/photo-1?Expires=1&Signature=a&Key-Pair-Id=b",
        "https://images.unsplash.com/photo-1?X-Amz-Signature=a%2Fb",
        "https://images.unsplash.com/photo-1?sv=1&sig=ab%2fc%3d",
        "https://images.unsplash.com/photo-1?token=",
    ],
)
def test_urls_that_are_signed_or_of_other_hosts_or_with_a_crop_are_unchanged(url):
    assert small_rendition(url, 224, HOSTS) == url


def test_it_can_be_switched_off(monkeypatch):
    assert Settings().renditions == ("images.unsplash.com",)
    monkeypatch.setenv("LICHTBILD_RENDITIONS", "")
    url = "https://images.unsplash.com/photo-1"
    assert small_rendition(url, 224, Settings().renditions) == url


@pytest.mark.parametrize(("width", "height"), [(6000, 4000), (4000, 6000), (1000, 1000), (4000, 2000), (300, 250)])
def test_the_shortest_side_reaches_the_models_where_the_original_does(width, height):
    box = int(asked("https://images.unsplash.com/photo-1")["w"])
    scale = min(1.0, box / max(width, height))
    assert min(width, height) * scale >= min(224, width, height)


@pytest.mark.slow
def test_a_rendition_has_nearly_the_vector_of_its_original():
    encoder = ClipEncoder(Settings(model=str(MODEL_FOLDER)))
    pictures = [picture(kind, n, 1500) for kind in ("scene", "grain") for n in range(len(SHAPES))]
    sent = dict(parse_qsl(urlsplit(small_rendition("https://images.unsplash.com/p", encoder.edge, HOSTS)).query))

    renditions = []
    for original in pictures:
        smaller = original.copy()
        smaller.thumbnail((int(sent["w"]), int(sent["h"])))
        content = jpeg(smaller, quality=int(sent["q"]))
        renditions.append(decode(content, 10**8, kept_pixels(Settings(), encoder.edge)))

    originals, smaller_ones = (
        encoder.encode_images([encoder.prepare(image) for image in group]) for group in (pictures, renditions)
    )
    cosines = (originals * smaller_ones).sum(axis=1)
    assert cosines.min() >= 0.999, cosines
