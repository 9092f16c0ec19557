"""Results and jobs show themselves, and nothing in them becomes markup."""

import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from lichtbild import Job, MissingPackage, SearchResult
from tests.lichtbild.fake_api import TRIPPED, hit, ingest_job, search_job

ATTACKS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "javascript:alert(1)",
    "</div><iframe src=//evil>",
    "&lt;b&gt;\x1b[31m\x00",
]
TAGS = {"div", "a", "img", "b", "code", "progress", "span"}
ATTRIBUTES = {"style", "title", "src", "alt", "loading", "referrerpolicy", "href", "target", "rel", "max", "value"}


class Elements(HTMLParser):
    """Collects the tags, attributes and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def result(*hits: dict) -> SearchResult:
    return Job.from_json(search_job(*hits)).result


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("prefix", ["", "http://x/"])
def test_a_result_escapes_ids_urls_and_attributes(attack: str, prefix: str) -> None:
    page = Elements(result(hit(attack, url=prefix + attack, **{attack: attack}))._repr_html_())

    assert set(page.tags) <= TAGS
    assert {name for name, _ in page.attributes} <= ATTRIBUTES
    links = [value for name, value in page.attributes if name in ("src", "href")]
    assert links == ([prefix + attack] * 2 if prefix else [])
    assert attack.replace("\x00", "") in page.text.replace("\x00", "").replace("\ufffd", "")


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_job_escapes_its_texts(attack: str) -> None:
    body = ingest_job("failed", failed=1, job_id=attack, error={"code": attack, "detail": attack})
    body["progress"]["failed_by_code"] = {attack: 1}

    page = Elements(Job.from_json(body)._repr_html_())

    assert set(page.tags) <= TAGS
    assert {name for name, _ in page.attributes} <= ATTRIBUTES


def test_a_result_has_thumbnails_distances_and_a_bar_for_each_term() -> None:
    found = {**hit("a"), "similarities": [0.75, -0.5]}

    page = Elements(result(found)._repr_html_())

    assert ("src", "http://127.0.0.1:1/a.jpg") in page.attributes
    assert "0.2500 a" in page.text
    assert [value for name, value in page.attributes if name == "title"][1:] == ["0.750", "-0.500"]


def test_a_job_has_a_progress_bar() -> None:
    job = Job.from_json(ingest_job("paused", stored=3, failed=1, pending=4, error=TRIPPED))

    page = Elements(job._repr_html_())

    assert {("max", "8"), ("value", "4")} <= set(page.attributes)
    assert "http_404 1" in page.text
    assert "too_many_failures" in page.text


def test_a_result_is_a_table_in_a_terminal() -> None:
    from rich.console import Console

    console = Console(width=100, record=True, file=sys.stderr)
    console.print(result(hit("[bold]a\x1b[31m"), hit("b", 0.5)))

    shown = console.export_text()
    assert "[bold]a [31m" in shown
    assert "0.5000" in shown


def test_a_result_is_a_data_frame() -> None:
    frame = result(hit("a", place="Sylt"), hit("b", 0.5, width=3)).to_pandas()

    assert list(frame["photo_id"]) == ["a", "b"]
    assert frame["attributes"][0] == {"place": "Sylt"}


@pytest.mark.parametrize("hits", [[], [hit("a", k=1), hit("b", k="x")]])
def test_a_result_is_an_arrow_table(hits: list) -> None:
    table = result(*hits).to_arrow()

    assert table.column_names == [
        "rank",
        "photo_id",
        "url",
        "distance",
        "similarities",
        "attributes",
        "width",
        "height",
        "thumbnail",
        "embedding",
    ]
    assert table["photo_id"].to_pylist() == [found["photo_id"] for found in hits]
    assert table["attributes"].to_pylist() == ['{"k": 1}', '{"k": "x"}'][: len(hits)]


def test_a_result_is_saved_as_a_picture(tmp_path: Path) -> None:
    from PIL import Image

    result(hit("a")).save(tmp_path / "hits.png", "beach")

    with Image.open(tmp_path / "hits.png") as picture:
        assert picture.width > 400


def test_a_notebook_shows_the_thumbnail_and_links_to_the_picture() -> None:
    shown = result(hit("a") | {"thumbnail": 'http://127.0.0.1:1/thumbnails/a?v=1&b="'})._repr_html_()

    assert 'src="http://127.0.0.1:1/thumbnails/a?v=1&amp;b=&quot;"' in shown
    assert 'href="http://127.0.0.1:1/a.jpg"' in shown


def test_saving_under_another_suffix_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="png"):
        result().save(tmp_path / "hits.exe")


@pytest.mark.parametrize(
    ("module", "show", "requirement"),
    [
        ("pandas", SearchResult.to_pandas, "pip install 'pandas'"),
        ("pyarrow", SearchResult.to_arrow, "pip install 'pyarrow'"),
        ("rich.table", SearchResult.__rich__, r"pip install 'lichtbild\[cli\]'"),
        ("lichtbild.cli.contact_sheet", lambda found: found.save("x.png"), r"pip install 'lichtbild\[cli\]'"),
    ],
)
def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch, module: str, show, requirement: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(MissingPackage, match=requirement):
        show(result())
