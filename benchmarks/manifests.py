"""Synthetic manifests: random ids and URLs, with no attributes, with three, or with all columns of Unsplash's list."""

import random
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from shared.domain.items import Item
from tests.unsplash import COLUMNS

_LETTERS = string.ascii_letters + string.digits + "-_"
_BLUR_HASH = string.digits + string.ascii_letters + "#$%*+,-.:;=?@[]^_{|}~"
_FIRST = ["Anna", "Ben", "Chiara", "Dmitri", "Elif", "Fatou", "Goran", "Hana", "Igor", "Jun", "Kwame", "Lena", "Mia"]
_LAST = ["Larsen", "Okafor", "Tanaka", "Silva", "Novak", "Rossi", "Haddad", "Kim", "Weber", "Dubois", "Moreno", "Singh"]
_CAMERAS = [
    ("Canon", "Canon EOS 5D Mark III"),
    ("NIKON CORPORATION", "NIKON D750"),
    ("SONY", "ILCE-7M3"),
    ("Apple", "iPhone X"),
]
_PLACES = [("Bergen", "Norway"), ("Kyoto", "Japan"), ("Lisbon", "Portugal"), ("Cusco", "Peru"), ("Hamburg", "Germany")]
_NOUNS = "beach mountain forest street river woman man dog boat house bridge sunset road field window city tree lake"
_OTHERS = "green brown wooden white black misty golden empty old small quiet bright during daytime near under beside"
_WORDS = [*_NOUNS.split(), *_OTHERS.split()]


def plain(count: int, seed: int = 7) -> Iterator[Item]:
    """Items with an id and a URL."""
    rng = random.Random(seed)
    for n in range(count):
        yield Item(_id(rng, n), _url(rng), {})


def tagged(count: int, seed: int = 7) -> Iterator[Item]:
    """Items with an id, a URL and three attributes: title, author and year."""
    rng = random.Random(seed)
    for n in range(count):
        attributes = {
            "title": _sentence(rng, 3),
            "author": f"{rng.choice(_FIRST)} {rng.choice(_LAST)}",
            "year": 1990 + n % 36,
        }
        yield Item(_id(rng, n), _url(rng), attributes)


def wide(count: int, seed: int = 7) -> Iterator[Item]:
    """Items with Unsplash's columns, all filled. In the real list many cells are empty."""
    rng = random.Random(seed)
    for n in range(count):
        row = _row(rng, n)
        yield Item(row.pop("photo_id"), row.pop("photo_image_url"), row)


def chunked(items: Iterator[Item], size: int) -> Iterator[list[Item]]:
    """Lists of `size` items; the last one may be shorter."""
    while chunk := list(islice(items, size)):
        yield chunk


def _row(rng: random.Random, n: int) -> dict[str, str]:
    photo_id, first, last = _id(rng, n), rng.choice(_FIRST), rng.choice(_LAST)
    width, height = rng.choice(
        [(3840, 5760), (6000, 4000), (5472, 3648), (4032, 3024), (rng.randrange(2000, 8000), 3000)]
    )
    make, model = rng.choice(_CAMERAS)
    city, country = rng.choice(_PLACES)
    submitted = datetime(2015, 1, 1, tzinfo=UTC) + timedelta(microseconds=rng.randrange(10**14 * 2))
    latitude, longitude = rng.uniform(-60, 70), rng.uniform(-180, 180)
    values = [
        photo_id,
        f"https://unsplash.com/photos/{photo_id}",
        _url(rng),
        submitted.strftime("%Y-%m-%d %H:%M:%S.%f"),
        "t",
        str(width),
        str(height),
        f"{width / height:.2f}",
        _sentence(rng, 7),
        f"{first.lower()}{last.lower()}{rng.randrange(1000)}",
        first,
        last,
        make,
        model,
        str(rng.choice([100, 200, 400, 800, 1600])),
        rng.choice(["1.8", "2.8", "4.0", "5.6", "8.0"]),
        f"{rng.choice([24, 35, 50, 85, 200])}.0",
        f"1/{rng.choice([60, 125, 200, 500, 1000])}",
        f"{city}, {country}",
        f"{latitude:.6f}",
        f"{longitude:.6f}",
        country,
        city,
        str(rng.randrange(10**4, 10**7)),
        str(rng.randrange(10**2, 10**5)),
        _sentence(rng, 6),
        f"{city} {rng.choice(['Cathedral', 'Bridge', 'Castle', 'Tower'])}",
        f"{latitude + 0.001:.6f}",
        f"{longitude + 0.001:.6f}",
        f"{rng.uniform(20, 100):.4f}",
        "L" + "".join(rng.choices(_BLUR_HASH, k=27)),
    ]
    return dict(zip(COLUMNS, values, strict=True))


def _id(rng: random.Random, n: int) -> str:
    """Eleven characters, as Unsplash's ids have. The last four are the number, so that ids differ."""
    return "".join(rng.choices(_LETTERS, k=7)) + f"{n:04x}"[-4:]


def _url(rng: random.Random) -> str:
    return f"https://images.unsplash.com/photo-{rng.randrange(1416000000000, 1600000000000)}-{rng.getrandbits(48):012x}"


def _sentence(rng: random.Random, words: int) -> str:
    return " ".join(rng.choices(_WORDS, k=words))
