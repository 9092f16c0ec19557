"""The words for each value: nouns and phrases that captions choose from."""

from typing import Final

PLACE_PHRASES: Final[dict[str, tuple[str, ...]]] = {
    "beach": ("on the beach", "at the beach", "by the sea", "at the seaside", "on the sea shore", "on the coast"),
    "mountain": ("in the mountains", "on a mountain", "below the peaks", "in front of mountains", "in the alps"),
    "forest": ("in the forest", "in the woods", "among the firs", "in a wood", "in a forest"),
    "city": ("in the city", "in town", "in front of skyscrapers", "on a city street", "downtown"),
    "desert": ("in the desert", "among the dunes", "in the dunes", "in a desert", "among cacti"),
    "lake": ("by the lake", "at the lake", "on the lake shore", "at a lake", "by a lake"),
    "meadow": ("in the meadow", "in a field", "on the grass", "in a meadow", "in the fields"),
    "snow": ("in the snow", "in a snowy landscape", "in winter", "on snow", "in deep snow"),
    "harbour": ("in the harbour", "at the harbour", "in the port", "on the quay", "at the docks", "in the harbor"),
    "village": ("in the village", "in a village", "by the church", "in a small village", "in a hamlet"),
    "road": ("on the road", "on a country road", "on the highway", "on a road", "on the tarmac"),
    "garden": ("in the garden", "in a garden", "in the backyard", "among the flowers", "by the flower beds"),
}

PLACE_NOUNS: Final[dict[str, tuple[str, ...]]] = {
    "beach": ("beach", "sea shore", "seaside", "coast"),
    "mountain": ("mountain", "mountains", "peaks"),
    "forest": ("forest", "woods", "wood"),
    "city": ("city", "town", "skyscrapers"),
    "desert": ("desert", "dunes"),
    "lake": ("lake", "lake shore"),
    "meadow": ("meadow", "field", "fields"),
    "snow": ("snow", "snowy landscape", "winter landscape"),
    "harbour": ("harbour", "port", "docks", "quay", "harbor"),
    "village": ("village", "hamlet"),
    "road": ("road", "country road", "highway"),
    "garden": ("garden", "backyard"),
}

TIME_PHRASES: Final[dict[str, tuple[str, ...]]] = {
    "day": ("by day", "during the day", "in daylight", "on a sunny day", "in the sunshine", "under a blue sky"),
    "sunset": ("at sunset", "at sundown", "at dusk", "in the evening", "under an orange sky", "in the evening light"),
    "night": ("at night", "by night", "by moonlight", "after dark", "under the stars", "under the moon"),
    "rain": ("in the rain", "on a rainy day", "while it rains", "in a downpour", "in rainy weather"),
    "fog": ("in the fog", "in fog", "in the mist", "on a foggy day", "in misty weather"),
}

TIME_NOUNS: Final[dict[str, tuple[str, ...]]] = {
    "day": ("day", "daylight", "sunshine", "sunny day", "sunny"),
    "sunset": ("sunset", "dusk", "evening", "sundown"),
    "night": ("night", "moonlight", "night time", "dark"),
    "rain": ("rain", "rainy day", "rainy", "raining"),
    "fog": ("fog", "mist", "foggy", "misty"),
}

SUBJECT_NOUNS: Final[dict[str, tuple[tuple[str, str], ...]]] = {
    "man": (("man", "men"), ("man", "men"), ("guy", "guys"), ("gentleman", "gentlemen")),
    "woman": (("woman", "women"), ("woman", "women"), ("lady", "ladies"), ("girl", "girls")),
    "dog": (("dog", "dogs"), ("dog", "dogs"), ("puppy", "puppies"), ("hound", "hounds")),
    "cat": (("cat", "cats"), ("cat", "cats"), ("kitten", "kittens"), ("kitty", "kitties")),
    "horse": (("horse", "horses"), ("horse", "horses"), ("pony", "ponies")),
    "bird": (("bird", "birds"), ("bird", "birds"), ("songbird", "songbirds")),
    "boat": (("boat", "boats"), ("sailing boat", "sailing boats"), ("sailboat", "sailboats"), ("ship", "ships")),
    "house": (("house", "houses"), ("house", "houses"), ("cottage", "cottages"), ("home", "homes")),
    "car": (("car", "cars"), ("car", "cars"), ("automobile", "automobiles")),
    "bus": (("bus", "buses"), ("bus", "buses"), ("coach", "coaches")),
    "bicycle": (("bicycle", "bicycles"), ("bike", "bikes"), ("bicycle", "bicycles"), ("cycle", "cycles")),
    "tree": (("tree", "trees"),),
    "tent": (("tent", "tents"),),
    "balloon": (("balloon", "balloons"), ("hot air balloon", "hot air balloons")),
    "umbrella": (("umbrella", "umbrellas"), ("parasol", "parasols")),
}

PERSON_NOUNS: Final = ("person", "people")
"""Singular and plural of the one word that stands for two subjects, man and woman."""

PEOPLE: Final = ("man", "woman")

VERBS: Final[dict[str, tuple[str, ...]]] = {
    "man": ("standing", "waiting", ""),
    "woman": ("standing", "waiting", ""),
    "dog": ("standing", ""),
    "cat": ("sitting", ""),
    "horse": ("standing", "grazing", ""),
    "bird": ("standing", "perching", ""),
    "boat": ("sailing", "floating", ""),
    "house": ("standing", ""),
    "car": ("parked", "standing", ""),
    "bus": ("parked", "standing", ""),
    "bicycle": ("parked", "leaning", ""),
    "tree": ("growing", "standing", ""),
    "tent": ("pitched", "standing", ""),
    "balloon": ("flying", "floating", ""),
    "umbrella": ("standing", ""),
}

CLOTHES: Final = ("in a {} coat", "wearing a {} coat", "in {}", "dressed in {}", "wearing {}", "in {} clothes")

COUNT_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "one": ("one", "a single", "just one", "a"),
    "two": ("two", "two", "a pair of", "a couple of", "2"),
    "three": ("three", "three", "a group of three", "3"),
}

COUNT_ALONE: Final[dict[str, tuple[str, ...]]] = {
    "one": ("just one", "a single one", "only one", "one", "alone"),
    "two": ("two", "two of them", "a pair", "a couple", "2"),
    "three": ("three", "three of them", "a group of three", "3"),
}

COLOUR_ALONE: Final = ("{}", "in {}", "something {}", "{} colour", "a {} one", "coloured {}")

OPENINGS: Final = ("a photo of ", "a picture of ", "photo of ", "an image of ", "there is ", "showing ")
