"""Results and jobs display themselves in a real notebook: a kernel runs it, Chromium renders it."""

import pytest

from tests.image_server import serving
from tests.lichtbild.fake_api import Reply, hit, ingest_job, running_fake_api, search_job
from tests.notebook import executed, rendered
from tests.pictures import photo


@pytest.mark.slow
def test_a_job_and_a_contact_sheet_are_displayed(tmp_path):
    with running_fake_api() as api, serving() as images:
        images.default = lambda path: photo(len(path))
        hits = [hit(f"beach-{n}", 0.1 * n, f"{images.url}/{n}.jpg") for n in range(1, 4)]
        api.on("GET", "/v1/jobs", Reply({"jobs": [ingest_job("running", pending=3)], "next_cursor": None}))
        api.on("POST", "/v1/search", Reply(search_job(*hits)))
        notebook = executed(api.url)
        sizes = rendered(notebook, tmp_path / "notebook.png")

    _, job, search = [cell.outputs for cell in notebook.cells]
    assert "<progress" in job[0].data["text/html"]
    assert all(f"beach-{n}" in search[0].data["text/html"] for n in range(1, 4))
    # Each photo was loaded, and there is no other picture.
    assert len(sizes) == 3
    assert all(width > 1 and height > 1 for width, height in sizes)
    assert (tmp_path / "notebook.png").stat().st_size > 10_000
