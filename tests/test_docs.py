"""The docs are correct: their commands run, their links have targets, their tables are complete."""

import importlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import click
import pytest

from api.app import create_app
from api.http.openapi.parameters import path_of
from api.http.operations import operations
from api.intake.lists.row import Code as RowCode
from embedded.stack import StackOptions, running_stack
from lichtbild import Client
from lichtbild.cli.main import lichtbild
from shared import errors
from shared.settings import Settings
from shared.settings_table import with_table
from tests.docs_pages import ROOT, Page, pages
from tests.image_server import EVERY_ADDRESS, ImageServer, reply, serving
from tests.pictures import photo
from tests.unsplash import row, table, write_zip
from worker.upkeep.indexes import IndexFailedError

HTTP_API, OPERATING = Page(ROOT / "docs" / "http-api.md"), Page(ROOT / "docs" / "operating.md")
DOCUMENT = json.loads((ROOT / "docs" / "openapi.json").read_text(encoding="utf-8"))
BIN = Path(sys.executable).parent

# Lines that would start another stack or these tests, or need software that a test machine lacks: what runs instead in
# the repository's root (None: nothing), and the reason.
INSTEAD = [
    (r"make (\w+).*", r"make --dry-run \1", "it sets up, tests or starts everything"),
    (r"(?:\.venv/bin/)?lichtbild (up|demo)\b.*", r"lichtbild \1 --help", "it starts another stack"),
    (r"\.venv/bin/python -m pytest (\S+)", r"python -m pytest --collect-only --quiet \1", "these are tests"),
    (r"(?:[A-Z_]+=\w+ )?\.venv/bin/python -m benchmarks\.\w+\b.*", None, "it takes minutes; its options are checked"),
    (r"deploy/new-env", None, "it writes into the checkout; tests/deploy runs it on a copy"),
    (r"(?:docker|kubectl) .*", None, "there is no engine here; tests/deploy holds what it would read"),
]


def instead(line: str) -> str | None:
    """The line to run instead; the line itself if it can be run."""
    for pattern, replacement, _ in INSTEAD:
        if found := re.fullmatch(pattern, line.partition("  #")[0].strip()):
            return found.expand(replacement) if replacement else None
    return line


LINES = [(page.name, line) for page in pages for line in page.commands()]
RUN_HERE = [(name, line) for name, line in LINES if instead(line) == line]
RUN_IN_ROOT = [(name, line) for name, line in LINES if instead(line) not in (line, None)]
BENCHMARKS = [(name, line.partition("  #")[0]) for name, line in LINES if re.search(r"python -m benchmarks\.", line)]
SNIPPETS = [(page.name, snippet) for page in pages for snippet in page.snippets()]


@dataclass(frozen=True)
class Place:
    """A folder with the files named in the docs, and a running stack with the photos and jobs named there."""

    folder: Path
    api: str
    images: str
    cancelled: str
    paused: str
    failed: str

    def stand_in(self, text: str) -> str:
        """Replace the names in the docs by those of this place, and JOB_ID by a job that allows the action."""
        job_id = self.cancelled
        if re.search(r"\b(pause|resume)\b", text):
            job_id = self.paused
        elif re.search(r"\bretry\b", text):
            job_id = self.failed
        text = text.replace("http://127.0.0.1:8700", self.api).replace("https://example.org", self.images)
        return re.sub(r"\b(JOB_)?ID\b", job_id, text).replace(".venv/bin/", f"{BIN}/")

    def run(self, *command: str, folder: Path | None = None) -> "subprocess.CompletedProcess[str]":
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LICHTBILD_")}
        environment |= {"LICHTBILD_API": self.api, "PATH": f"{BIN}:{os.environ['PATH']}"}
        return subprocess.run(
            command,
            cwd=folder or self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )


@pytest.fixture(scope="module")
def images() -> Iterator[ImageServer]:
    with serving(EVERY_ADDRESS) as server:
        server.default = lambda path: photo(sum(path.encode()))
        yield server


@pytest.fixture(scope="module")
def place(images: ImageServer, tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("newcomer")
    # Drawing a contact sheet warns of letters that no font of the machine has: here are none.
    photos = [row(n, images.url) | {"photo_description": f"a fence {n}"} for n in range(6)]
    (folder / "photos.tsv").write_text(table(photos))
    (folder / "photo.jpg").write_bytes(photo(1))
    (folder / "holiday").mkdir()
    (folder / "holiday" / "1.jpg").write_bytes(photo(2))
    write_zip(folder / "unsplash-research-dataset-lite-latest.zip", {"photos.tsv000": table(photos)})
    environment = {**os.environ, "LICHTBILD_FETCH_ALLOW": "127.0.0.0/8", "LICHTBILD_CHUNK_SIZE": "1"}
    data = tmp_path_factory.mktemp("stack")
    options = StackOptions(data=data, model=str(tiny_model), environment=environment, quiet=True, bundled_redis=True)
    with running_stack(options) as stack, Client(stack.api_url) as client:
        client.wait(client.ingest([("beach-1", f"{images.url}/beach.jpg", {"place": "Sylt"})]).id)
        yield Place(
            folder,
            stack.api_url,
            images.url,
            cancelled=client.cancel(slow_job(client, images)).id,
            paused=client.pause(slow_job(client, images)).id,
            failed=failed_job(client, images),
        )


def slow_job(client: Client, images: ImageServer) -> str:
    """An ingest with more items than the worker claims at a time, and slow downloads."""
    images.answers["/slow.jpg"] = lambda request: reply(request, 429, Retry_After="1")
    # A second host: the worker pauses requests to a host that returns 429; other tests' photos are on the first.
    host = f"http://127.0.0.2:{images.port}"
    return client.ingest(((f"slow-{n}", f"{host}/slow.jpg") for n in range(40)), "slow").id


def failed_job(client: Client, images: ImageServer) -> str:
    """An ended ingest whose only item failed."""
    images.answers["/gone.jpg"] = 404
    return client.wait(client.ingest([("gone", f"{images.url}/gone.jpg")], "gone").id).id


@pytest.mark.parametrize(("page", "line"), RUN_HERE)
def test_a_command_of_the_docs_runs(place, page, line):
    if line.startswith("curl"):
        if shutil.which("curl") is None and "CI" not in os.environ:
            pytest.skip("there is no curl here")
        # Without --fail-with-body curl exits with 0 for any response.
        line = line.replace("curl", "curl --silent --show-error --fail-with-body", 1)

    done = place.run("bash", "-euo", "pipefail", "-c", place.stand_in(line))

    assert (done.returncode, done.stderr) == (0, ""), f"{page}: {line}\n{done.stdout}{done.stderr}"
    assert '"status":"failed"' not in done.stdout, f"{page}: {line}\n{done.stdout}"
    if "resume" in line:
        # Pause it again, so that it does not compete with other jobs for the worker.
        place.run("lichtbild", "jobs", place.paused, "--pause")


@pytest.mark.parametrize(("page", "line"), RUN_IN_ROOT)
def test_a_command_that_would_do_too_much_is_known(page, line):
    place = Place(ROOT, "http://127.0.0.1:1", images="", cancelled="", paused="", failed="")

    done = place.run("bash", "-c", str(instead(line)))

    assert done.returncode == 0, f"{page}: {line}\n{done.stdout}{done.stderr}"
    if found := re.match(r"\S*lichtbild (\w+)", line):
        check_options(found[1], line)


@pytest.mark.parametrize(("page", "line"), BENCHMARKS)
def test_a_benchmark_of_the_docs_takes_its_options(monkeypatch, capsys, page, line):
    name = re.search(r"benchmarks\.\w+", line)
    assert name
    benchmark = importlib.import_module(name[0])
    monkeypatch.setattr(sys, "argv", [name[0], "--help"])

    with pytest.raises(SystemExit, match="0"):
        benchmark.main()

    known = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", capsys.readouterr().out))
    assert set(re.findall(r"(?<= )--[a-z][\w-]*", line)) <= known, page


@pytest.mark.parametrize(("page", "snippet"), SNIPPETS)
def test_a_snippet_of_the_docs_runs(place, page, snippet):
    done = place.run(sys.executable, "-c", place.stand_in(snippet))

    assert (done.returncode, done.stderr) == (0, ""), page
    # The first snippet submits this photo and finds it; the second ends with an event.
    assert ("beach-1" if "beach-1" in snippet else "done") in done.stdout


def check_options(name: str, line: str) -> None:
    known = lichtbild.get_command(click.Context(lichtbild), name)
    assert known is not None, line
    options = {option for parameter in known.params for option in parameter.opts}
    used = set(re.findall(r"(?<= )--?[a-z][\w-]*", line.partition("  #")[0]))
    assert used <= options, line


@pytest.mark.parametrize("page", pages, ids=lambda page: page.name)
def test_commands_named_in_the_text_exist_with_their_options(page):
    for line in page.code():
        if found := re.match(r"(?:\.venv/bin/)?lichtbild ([a-z]+)\b", line):
            check_options(found[1], line)
        elif found := re.match(r"make ([a-z]+)$", line):
            assert re.search(rf"^{found[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), line


@pytest.mark.parametrize("page", pages, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for link in page.links():
        path, _, anchor = link.partition("#")
        target = page.path.parent / path if path else page.path
        assert target.exists(), f"{page.name}: {link}"
        assert not anchor or anchor in Page(target).anchors(), f"{page.name}: {link}"


@pytest.mark.parametrize("page", pages, ids=lambda page: page.name)
def test_files_named_in_the_text_exist(page):
    ours = re.compile(r"(api|worker|shared|lichtbild|embedded|tests|docs|deploy|benchmarks|\.ci)/[\w./-]*")
    missing = {word for word in page.code() if ours.fullmatch(word) and not (ROOT / word).exists()}
    assert missing == set()


def test_every_page_is_linked_from_the_readme():
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in pages[0].links()}
    assert {page.name for page in pages[1:] if page.path not in linked} == set()


def test_the_table_of_settings_is_that_of_the_class():
    assert with_table(OPERATING.text) == OPERATING.text, "run `make docs`"


@pytest.mark.parametrize("page", pages, ids=lambda page: page.name)
def test_variables_named_in_the_docs_exist(page):
    named = set(re.findall(r"(?<![A-Z_])LICHTBILD_([A-Z_]+[A-Z])\b", page.text))
    known = {name.upper() for name in Settings.model_fields} | {"API", "API_KEY", "PROFILE", "TEST_CATALOGUE_URL"}
    assert named <= known


def test_the_document_has_every_route_and_the_text_names_no_other():
    routes = {f"{operation.method} {path_of(operation)}" for operation in operations(create_app(Settings())).values()}
    described = {f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods}
    assert described == routes
    named = {word.partition("?")[0] for word in HTTP_API.code() if re.match(r"(GET|POST|DELETE|PUT) /", word)}
    assert named <= routes
    assert len(named) > 5


def source(*folders: str) -> str:
    return "\n".join(path.read_text() for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))


def test_the_document_has_every_type_of_error_with_its_cause():
    raised = set(re.findall(r"\bproblem\(\s*\d+, \"(\w+)\"", source("api")))
    raised |= set(re.findall(r"^    code = \"(\w+)\"", source("api"), re.MULTILINE))
    raised |= {kind.code for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "code")}
    # A wrong setting ends the process, and a mismatch fails the job: neither is an HTTP response.
    described = {code: example["summary"] for code, example in DOCUMENT["components"]["examples"].items()}
    assert described.keys() == raised - {"configuration", "model_mismatch"}
    assert all(described.values())


def test_every_code_of_a_failed_item_has_its_line():
    raised = set(re.findall(r"\bItemError\(\s*\"(\w+)\"", source("worker"))) | {"crashed_worker", *get_args(RowCode)}
    raised = {code for code in raised if not code.startswith("http_")}
    job_codes = {errors.NotFoundError.code, errors.ModelMismatchError.code, errors.NewerSchemaError.code}
    job_codes |= {errors.ConfigurationError.code, IndexFailedError.code}
    listed = HTTP_API.first_column("### Codes of failed items and searches")
    assert {code for code in listed if not code.startswith("http_")} == raised | job_codes


def test_the_docs_have_commands():
    """If parsing found no commands, the other tests would pass without testing anything."""
    lines = [line for _, line in LINES]
    assert len(lines) > 25
    for line in ("make demo", "lichtbild status", "curl http://127.0.0.1:8700/healthz"):
        assert any(found.startswith(line) for found in lines), line
