"""Search requests as clients send them, each with a new text."""

import base64
import json
import random
import string
from collections.abc import Sequence

KINDS = ("text", "image", "both")


def short_text() -> str:
    """Three random words, so that no cache has the text. The models with random weights use one token per letter:
    8 to 14 tokens, as many as CLIP needs for a sentence of six to twelve words."""
    return " ".join("".join(random.choices(string.ascii_lowercase, k=random.randint(2, 4))) for _ in range(3))


class Bodies:
    """JSON bodies of searches in one collection. Pictures are drawn at random from a fixed list."""

    def __init__(self, collection: str, pictures: Sequence[bytes]) -> None:
        self._collection = collection
        self._pictures = [base64.b64encode(picture).decode() for picture in pictures]

    def make(self, kind: str) -> bytes:
        """A query by text, by image, or by both."""
        text = {"text": short_text()} if kind != "image" else {}
        image = {"image": random.choice(self._pictures)} if kind != "text" else {}
        return json.dumps({**text, **image, "collection": self._collection}).encode()
