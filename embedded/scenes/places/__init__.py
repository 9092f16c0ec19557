"""Painters of places by name: each paints its backdrop and returns where subjects stand."""

from collections.abc import Callable

from embedded.scenes.places.built import paint_city, paint_garden, paint_road, paint_village
from embedded.scenes.places.water import paint_beach, paint_harbour, paint_lake
from embedded.scenes.places.wild import paint_desert, paint_forest, paint_meadow, paint_mountain, paint_snow
from embedded.scenes.view import Stage, View

PLACE_PAINTERS: dict[str, Callable[[View], Stage]] = {
    "beach": paint_beach,
    "mountain": paint_mountain,
    "forest": paint_forest,
    "city": paint_city,
    "desert": paint_desert,
    "lake": paint_lake,
    "meadow": paint_meadow,
    "snow": paint_snow,
    "harbour": paint_harbour,
    "village": paint_village,
    "road": paint_road,
    "garden": paint_garden,
}
