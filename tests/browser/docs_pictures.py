"""Takes the pictures of the page for the docs: `python -m tests.browser.docs_pictures docs` (`make pictures`).

Starts a stack with the demo model and the sample photos; or `--api URL` names one that runs.
"""

import argparse
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

from embedded.stack import DEMO_MODEL, StackOptions, running_stack
from lichtbild import Client
from lichtbild.cli.sample_photos import draw_sample_photos, sample_cache, sample_items
from tests.browser.screen import Screen, query

_SIZE = {"width": 1280, "height": 800}
_QUALITY = 78


def take_pictures(api: str, folder: Path) -> None:
    """Search in light, a hit in dark, the facets in light, a job on a phone."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        for name, theme, act in (
            ("page-search", "light", _search),
            ("page-hit", "dark", _hit),
            ("page-filters", "light", _filters),
        ):
            page = browser.new_page(viewport=_SIZE, color_scheme=theme, reduced_motion="reduce", locale="en-GB")
            act(Screen(page, api))
            _save(page, folder / f"{name}.webp")
        browser.close()


def _search(screen: Screen) -> None:
    screen.open(query(text="a man standing on the beach", photo="scene-0210", weights="1,0.4")).settled()


def _hit(screen: Screen) -> None:
    screen.open(query(text="two red boats at sunset")).settled()
    screen.hits.first.locator("a").click()


def _filters(screen: Screen) -> None:
    screen.open(query(text="a house")).settled()
    screen.button("More options").click()
    screen.page.get_by_role("group", name="time").get_by_role("button", name="night").click()


def _save(page: Page, path: Path) -> None:
    page.wait_for_load_state("networkidle")
    expect(page.locator(".is-old, .hit img.is-loading >> visible=true")).to_have_count(0)
    page.wait_for_timeout(400)
    Image.open(io.BytesIO(page.screenshot())).save(path, quality=_QUALITY, method=6)


@contextmanager
def _demo() -> Iterator[str]:
    """A stack with the sample photos, as `lichtbild demo` has it."""
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary)
        samples = draw_sample_photos(sample_cache(data))
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LICHTBILD_")}
        options = StackOptions(data / "data", model=DEMO_MODEL, samples=samples, environment=environment, quiet=True)
        with running_stack(options) as stack, Client(stack.api_url) as client:
            client.wait(client.ingest(sample_items(samples, stack.api_url)).id, timeout=300)
            yield stack.api_url


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--api", help="a running API with the sample photos")
    options = parser.parse_args()
    if options.api:
        take_pictures(options.api.rstrip("/"), options.folder)
        return
    with _demo() as api:
        take_pictures(api, options.folder)


if __name__ == "__main__":
    main()
