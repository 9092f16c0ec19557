"""Three photos in four dimensions, and how the tests of our dialect of MyScale read and search them."""

import numpy as np
from pydantic import SecretStr

from shared.catalogue.connect import connect
from shared.catalogue.interface import Catalogue, Row
from shared.settings import Settings

DIMENSION = 4


def unit(*values: float) -> np.ndarray:
    vector = np.array(values, np.float32)
    return vector / np.linalg.norm(vector)


EAST, NORTH, UP, NORTHEAST = unit(1, 0, 0, 0), unit(0, 1, 0, 0), unit(0, 0, 1, 0), unit(1, 1, 0, 0)


def row(photo_id: str, vector: np.ndarray, version: int = 1, **attributes: object) -> Row:
    return Row(photo_id, "http://h/x", vector, bytes(32), attributes, version)


def open_catalogue(url: str, **chosen: object) -> Catalogue:
    return connect(Settings(catalogue_url=SecretStr(url), **chosen))


def found(catalogue: Catalogue, collection: str, vector: np.ndarray, top_k: int = 10, **more) -> list[str]:
    return [hit.photo.photo_id for hit in catalogue.search(collection, vector, top_k, **more)]


def searches(myscale) -> list[tuple[str, dict[str, str]]]:
    return [(sql, settings) for sql, settings in myscale.statements() if " distance(" in sql or " distance('" in sql]


PHOTOS = [row("a", EAST, place="x"), row("b", NORTH, place="x"), row("c", NORTHEAST, place="y")]
