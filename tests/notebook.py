"""`python -m tests.notebook PICTURE`: how the client shows itself in a notebook, with the sample photos of the demo.

The notebook is executed by a real kernel against a running API, converted to HTML, and rendered by Chromium.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

from embedded.stack import DEMO_MODEL, StackOptions, running_stack
from lichtbild import Client
from lichtbild.cli.sample_photos import draw_sample_photos, sample_cache, sample_items
from tests.chromium import running_chromium

_CONNECT = 'from lichtbild import Client\n\nlichtbild = Client("{address}")'
_JOB = "lichtbild.jobs(limit=1)[0]"
_SEARCH = 'lichtbild.search("a man standing on the beach", top_k=4)'
_WIDTH = 860


def executed(address: str) -> nbformat.NotebookNode:
    """A notebook with the newest ingest and a search, and what they displayed."""
    cells = [nbformat.v4.new_code_cell(source) for source in (_CONNECT.format(address=address), _JOB, _SEARCH)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    return NotebookClient(notebook, timeout=60, kernel_name="python3").execute()


def rendered(notebook: nbformat.NotebookNode, picture: Path) -> list[tuple[int, int]]:
    """Write the picture of a notebook; return the width and height of each photo that it shows."""
    page, _ = HTMLExporter(template_name="lab").from_notebook_node(notebook)
    with running_chromium() as browser:
        tab = browser.new_page(viewport={"width": _WIDTH, "height": 800}, device_scale_factor=1.5)
        # The template asks a CDN for MathJax, which this notebook does not need.
        tab.route("**/*", lambda route: route.abort() if "cdn" in route.request.url else route.continue_())
        tab.set_content(page, wait_until="load")
        tab.wait_for_function("[...document.images].every((image) => image.complete)")
        sizes = tab.eval_on_selector_all("img", "all => all.map((image) => [image.naturalWidth, image.naturalHeight])")
        tab.locator("main").screenshot(path=picture)
    return [(width, height) for width, height in sizes]


@contextmanager
def demo_stack() -> Iterator[str]:
    """The address of a stack with the demo model and the sample photos."""
    with TemporaryDirectory() as folder:
        samples = draw_sample_photos(sample_cache(Path(folder)))
        options = StackOptions(data=Path(folder) / "data", model=DEMO_MODEL, samples=samples, quiet=True)
        with running_stack(options) as stack, Client(stack.api_url) as client:
            client.wait(client.ingest(sample_items(samples, client.api)).id)
            yield stack.api_url


if __name__ == "__main__":
    with demo_stack() as address:
        rendered(executed(address), Path(sys.argv[1]))
