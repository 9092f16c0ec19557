"""Searches as clients send them, each another one."""

import base64
import json
import random
import string
from collections.abc import Sequence

KINDS = ("text", "image", "both")


def short_text() -> str:
    """Three made-up words, never the same again, so that no cache knows them. The models of random weights take each
    letter for a token: 8 to 14 of them, which is what a sentence of six to twelve words has for CLIP."""
    return " ".join("".join(random.choices(string.ascii_lowercase, k=random.randint(2, 4))) for _ in range(3))


class Bodies:
    """JSON bodies of searches in one collection; pictures come again after as many as there are."""

    def __init__(self, collection: str, pictures: Sequence[bytes]) -> None:
        self._collection = collection
        self._pictures = [base64.b64encode(picture).decode() for picture in pictures]

    def make(self, kind: str) -> bytes:
        """A text, a picture, or both."""
        text = {"text": short_text()} if kind != "image" else {}
        image = {"image": random.choice(self._pictures)} if kind != "text" else {}
        return json.dumps({**text, **image, "collection": self._collection}).encode()
