"""The files that Pillow's own tests decode: a crash, a hang or noise in the log would be one in a worker, too.

They are part of Pillow's source package, which is downloaded: `make faults` needs a package index.
"""

import json
import subprocess
import sys
import tarfile
from collections import Counter
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.faults.sizes import FULL
from tests.faults.transcript import Story

# Per line: the name of a file, a tab, and its outcome: `decoded`, `one_colour`, or the code of the error. Pictures of
# one colour were checked: a viewer shows one colour, too.
OUTCOMES = Path(__file__).parent / "decoder_corpus.tsv"
MOST_SECONDS = 2.0


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder `Tests/images` of the installed version of Pillow."""
    if not FULL:
        pytest.skip("only in `make faults`: it downloads 47 MB")
    folder = tmp_path_factory.mktemp("pillow")
    wanted = ["--no-binary", "pillow", "--no-deps", f"pillow=={version('pillow')}"]
    subprocess.run([sys.executable, "-m", "pip", "download", "-q", "-d", folder, *wanted], check=True)
    with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
        archive.extractall(folder, filter="data")
    return next(folder.glob("*/Tests/images"))


def test_every_file_of_pillows_tests_is_decoded_or_refused_as_expected(corpus: Path, story: Story) -> None:
    arguments = [sys.executable, "-m", "tests.faults.corpus_worker", str(corpus)]
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=600, check=False)

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"crashed at {lines[-1]}"
    assert done.stderr == ""
    results = {start["name"]: end for start, end in zip(lines[::2], lines[1::2], strict=True)}
    slow = {name: end["seconds"] for name, end in results.items() if end["seconds"] > MOST_SECONDS}
    assert slow == {}
    found = {name: end["outcome"] for name, end in results.items()}
    story.note(f"Pillow {version('pillow')}: {dict(Counter(found.values()))}")
    expected = dict(line.split("\t") for line in OUTCOMES.read_text().splitlines())
    assert {name: (found.get(name), expected.get(name)) for name in found | expected} == {
        name: (outcome, outcome) for name, outcome in expected.items()
    }
