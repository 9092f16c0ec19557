"""The items of the sample photos, and the constants that the command and the stack share."""

import json
from pathlib import Path

import pytest

import lichtbild.cli.commands.up as up_module
from embedded import stack
from lichtbild.cli.sample_photos import sample_cache, sample_folder, sample_items, write_manifest
from lichtbild.client import DEFAULT_API

INDEX = "photo_id\tphoto_file\tdescription\tplace\nscene-1\tscene-1.jpg\ta man on the beach\tbeach\n"


def test_items_have_the_urls_of_the_stack_that_serves_them(tmp_path: Path) -> None:
    (tmp_path / "photos.tsv").write_text(INDEX)
    item = {
        "photo_id": "scene-1",
        "url": "http://127.0.0.1:9/samples/scene-1.jpg",
        "attributes": {"description": "a man on the beach", "place": "beach"},
    }

    assert list(sample_items(tmp_path, "http://127.0.0.1:9")) == [item]

    write_manifest(tmp_path, "http://127.0.0.1:9", tmp_path / "samples.ndjson")
    assert [json.loads(line) for line in (tmp_path / "samples.ndjson").read_text().splitlines()] == [item]


def test_the_folder_is_the_same_as_long_as_the_generator_is(tmp_path: Path) -> None:
    assert sample_folder(tmp_path) == sample_folder(tmp_path)
    assert sample_folder(tmp_path).parent == tmp_path


def test_without_a_home_to_write_to_the_photos_go_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")
    assert sample_cache(tmp_path) == tmp_path

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert sample_cache(tmp_path) == tmp_path / "cache" / "lichtbild"


def test_the_client_looks_where_the_stack_usually_is() -> None:
    assert f"http://{stack.LOOPBACK}:{stack.PREFERRED_API_PORT}" == DEFAULT_API
    assert up_module.DEMO_MODEL == stack.DEMO_MODEL
