"""Scores the demo model on fresh scenes: `python -m embedded.demo_model.evaluate`."""

import argparse
import sys
from pathlib import Path

from embedded.demo_model import MODEL_FOLDER
from embedded.demo_model.encoder import Encoder
from embedded.demo_model.gallery import Change, Gallery, changes_among, draw_gallery, random_scenes
from embedded.demo_model.scores import Score, change_scores, held_out_score, text_score

GALLERY_SCENES = 4000
CHANGES_PER_ATTRIBUTE = 100
SEED = 2026
BEGIN, END = "<!-- scores: begin -->", "<!-- scores: end -->"


def main() -> None:
    """Prints the table, writes it to the model card if asked, exits 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m embedded.demo_model.evaluate", description=__doc__)
    parser.add_argument("--model", type=Path, default=MODEL_FOLDER)
    parser.add_argument("--scenes", type=int, default=GALLERY_SCENES, help="photos in the gallery")
    parser.add_argument("--write-card", action="store_true", help="put the table into the model's README.md")
    options = parser.parse_args()
    scores = evaluate(options.model, options.scenes)
    table = as_table(scores)
    print(table)
    if options.write_card:
        write_card(options.model / "README.md", table)
    sys.exit(not all(score.is_met() for score in scores))


def evaluate(folder: Path, scene_count: int, changes_per_attribute: int = CHANGES_PER_ATTRIBUTE) -> list[Score]:
    """All scores of the model in `folder`, in one gallery that includes held-out and changed scenes."""
    encoder = Encoder(folder)
    scenes = random_scenes(scene_count, SEED)
    changes = changes_among(scenes, changes_per_attribute, SEED)
    gallery = draw_gallery(encoder, scenes + [change.changed for change in changes], folder)
    return scores_in(encoder, gallery, changes)


def scores_in(encoder: Encoder, gallery: Gallery, changes: list[Change]) -> list[Score]:
    """All scores in a gallery that has the changed scenes."""
    return [
        text_score("place + time", encoder, gallery, ("place", "time"), 0.95),
        text_score("place + subject", encoder, gallery, ("place", "subject"), 0.95),
        text_score("subject + colour", encoder, gallery, ("subject", "colour"), 0.95),
        held_out_score("place + subject, held out", encoder, gallery, ("place", "subject"), 0.85),
        held_out_score("subject + colour, held out", encoder, gallery, ("subject", "colour"), 0.85),
        text_score("place", encoder, gallery, ("place",), None),
        text_score("time", encoder, gallery, ("time",), None),
        text_score("subject", encoder, gallery, ("subject",), None),
        text_score("colour", encoder, gallery, ("colour",), None),
        text_score("count", encoder, gallery, ("count",), None),
        text_score("subject + count", encoder, gallery, ("subject", "count"), None),
        text_score("place + subject + time", encoder, gallery, ("place", "time", "subject"), None),
        *change_scores(encoder, gallery, changes, 0.7),
    ]


def as_table(scores: list[Score]) -> str:
    """The scores as a Markdown table."""
    lines = ["| query | in the top five | queries | target |", "| --- | ---: | ---: | ---: |"]
    for score in scores:
        target = "" if score.target is None else f"{score.target:.2f}{'' if score.is_met() else ' missed'}"
        lines.append(f"| {score.name} | {score.value:.3f} | {score.queries} | {target} |")
    return "\n".join(lines)


def write_card(card: Path, table: str) -> None:
    """Replaces the table between the card's two markers."""
    text = card.read_text(encoding="utf-8")
    before, after = text.split(BEGIN)[0], text.split(END)[1]
    card.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
