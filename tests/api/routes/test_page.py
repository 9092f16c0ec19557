"""The page's files: with the policy that forbids inline code, compressed, revalidated, small."""

import gzip
import re
from pathlib import Path

import pytest

from api.routes.page import FOLDER

SCRIPTS = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.js"))
STYLES = sorted(path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.css"))


def test_the_page_forbids_inline_code_and_other_hosts(client):
    policy = client.get("/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules.pop("img-src") == "* data: blob:"
    assert set(rules.values()) == {"'self'", "'none'"}


def test_the_page_loads_only_files_that_exist(client):
    page = client.get("/").text
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert len(loaded) > 3
    for address in loaded:
        assert client.get(f"/{address}").status_code == 200, address
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*src=)", page)


@pytest.mark.parametrize("name", SCRIPTS)
def test_every_import_of_a_script_exists(name):
    script = FOLDER / name
    for imported in re.findall(r"""(?:from|import)\s*["'](\.[^"']+)["']""", script.read_text(encoding="utf-8")):
        assert (script.parent / imported).resolve().is_file(), imported


def test_files_are_compressed_and_revalidated(client):
    plain = client.get("/page/js/main.js")
    packed = client.get("/page/js/main.js", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["ETag"] != plain.headers["ETag"]
    again = client.get("/page/js/main.js", headers={"Accept-Encoding": "gzip", "If-None-Match": packed.headers["ETag"]})
    assert again.status_code == 304


@pytest.mark.parametrize("name", ["missing.js", "../app.py", "..%2fapp.py", "js", "index.html"])
def test_nothing_but_the_files_of_the_page_is_served(client, name):
    assert client.get(f"/page/{name}").status_code == 404


def test_all_of_it_is_under_120_kilobytes(client):
    names = [*SCRIPTS, *STYLES]
    sizes = [len(client.get(f"/page/{name}", headers={"Accept-Encoding": "gzip"}).data) for name in names]
    assert sum(sizes) < 120_000


def test_no_script_writes_markup():
    for name in SCRIPTS:
        if not name.startswith("vendor/"):
            text = Path(FOLDER, name).read_text(encoding="utf-8")
            assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text), (
                name
            )
