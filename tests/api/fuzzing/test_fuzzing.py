"""Schemathesis sends what the OpenAPI document allows and what it forbids, and follows the links between operations.

For a minute; with FUZZ_SECONDS for longer. No answer may be an error of the server, have a status, a header or a shape
that the document does not declare, or accept what the document forbids.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from embedded.servers import running_catalogue
from tests.api.fuzzing.played_workers import played_workers
from tests.api.serving import served

ROOT = Path(__file__).parents[3]
SECONDS = int(os.environ.get("FUZZ_SECONDS", "45"))


@pytest.fixture(scope="module")
def catalogue_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A catalogue of their own: these tests fill and empty the default collection."""
    with running_catalogue(tmp_path_factory.mktemp("catalogue")) as url:
        yield url


@pytest.mark.slow
@pytest.mark.timeout(SECONDS + 150)
@pytest.mark.parametrize(
    ("phases", "share"), [("examples,coverage,fuzzing", 2 / 3), ("stateful", 1 / 3)], ids=["each", "linked"]
)
def test_every_answer_is_one_that_the_document_declares(connection, settings, tmp_path, phases, share):
    settings = settings.model_copy(update={"uploads_folder": str(tmp_path / "uploads")})
    log = tmp_path / "log"
    changed = {"uploads_folder": settings.uploads_folder, "chunk_size": "4"}
    config = Path(__file__).parent / "schemathesis.toml"
    command = [Path(sys.executable).parent / "schemathesis", "--config-file", config]
    options = [
        "--phases",
        phases,
        "--max-time",
        str(round(SECONDS * share)),
        "--no-color",
        "--generation-database",
        "none",
    ]
    options += ["--max-examples", "5" if SECONDS < 120 else "50"]
    with served(settings, log, **changed) as address, played_workers(connection, settings):
        done = subprocess.run(
            [*command, "run", f"{address}/openapi.json", *options],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "No tests were run" not in done.stdout, done.stdout
    assert "Traceback" not in log.read_text()
