"""The backups of docs/catalogue.md: the folder of a stopped stack, and BACKUP and RESTORE of a server."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from embedded.servers import ServerFailedError, project_root, running_catalogue
from shared.catalogue.connect import connect
from shared.catalogue.interface import Row
from shared.settings import Settings

DIMENSION = 8
DRAWN = np.random.default_rng(3).normal(size=(200, DIMENSION)).astype(np.float32)
ROWS = [
    Row(str(n), f"http://h/{n}", vector, bytes(32), {"n": n, "title": "Möwe's \\ nest"}, 1)
    for n, vector in enumerate(DRAWN / np.linalg.norm(DRAWN, axis=1, keepdims=True))
]

# The embedded server refuses BACKUP, which leaves the database, so the test uses the engine. It may write to no disk
# either, so the backup is in memory: the test covers what the statements keep, not where.
ON_THE_ENGINE = """
import json, sys
from pathlib import Path
from embedded.catalogue_server.engine import Engine
from shared.catalogue.clickhouse import ClickHouse
from shared.catalogue.vector_sql import VectorSql
from tests.embedded.test_backup import DIMENSION, ROWS

engine = Engine(Path(sys.argv[1]))

def ask(sql):
    return engine.run(sql.encode(), "JSONEachRow", parameters={}, settings={}, database=None, read_only=False).body

def rows(sql):
    return [json.loads(line) for line in ask(sql).decode().splitlines()]

ALL = "SELECT photo_id, photo_embed, attributes, version, deleted FROM photos FINAL ORDER BY photo_id"
TABLE = "SELECT comment, engine_full FROM system.tables WHERE name = 'photos'"
INDEXES = "SELECT name, type_full, granularity FROM system.data_skipping_indices WHERE table = 'photos'"

ask(ClickHouse(VectorSql()).create_table("photos", DIMENSION, '{"kind": "lichtbild"}'))
ask(f"ALTER TABLE photos ADD INDEX vidx photo_embed TYPE vector_similarity('hnsw', 'cosineDistance', {DIMENSION})")
for row in ROWS[:10]:
    vector = [float(value) for value in row.embedding]
    ask(f"INSERT INTO photos (photo_id, photo_embed, version) VALUES ('{row.photo_id}', {vector}, 1)")
before = [rows(sql) for sql in (ALL, TABLE, INDEXES)]
assert len(before[0]) == 10 and before[2]
engine._column("BACKUP TABLE default.photos TO Memory('photos')")  # a session of its own would lose it
engine._column("DROP TABLE default.photos SYNC")
engine._column("RESTORE TABLE default.photos FROM Memory('photos')")
assert [rows(sql) for sql in (ALL, TABLE, INDEXES)] == before
ask("INSERT INTO photos (photo_id, photo_embed, version) VALUES ('short', [1], 1)")
"""


@pytest.fixture
def folder(tmp_path) -> Path:
    """The folder of a stopped catalogue with one collection."""
    with running_catalogue(tmp_path / "first") as url:
        catalogue = connect(Settings(catalogue_url=SecretStr(url)))
        catalogue.ensure("photos", "m", DIMENSION)
        catalogue.write("photos", ROWS)
        catalogue.delete("photos", {"7": 2})
    return tmp_path / "first"


def test_a_copy_of_a_stopped_stacks_folder_is_a_backup(folder, tmp_path):
    subprocess.run(["cp", "-a", folder, tmp_path / "copy"], check=True)
    shutil.rmtree(folder)
    with running_catalogue(tmp_path / "copy") as url:
        catalogue = connect(Settings(catalogue_url=SecretStr(url)))
        (known,) = catalogue.collections()
        assert (known.name, known.model, known.dimension) == ("photos", "m", DIMENSION)
        assert catalogue.count("photos") == len(ROWS) - 1
        assert catalogue.get("photos", "7") is None
        found = catalogue.search("photos", ROWS[3].embedding, 1)[0]
        assert (found.photo.photo_id, found.photo.attributes) == ("3", ROWS[3].attributes)
        catalogue.write("photos", [Row("7", "http://h/7", ROWS[7].embedding, bytes(32), {}, 3)])
        assert catalogue.count("photos") == len(ROWS)


def test_a_copy_without_symbolic_links_is_refused_instead_of_appearing_empty(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "copy")
    with pytest.raises(ServerFailedError, match="symbolic links"), running_catalogue(tmp_path / "copy"):
        pass


def test_backup_and_restore_keep_rows_index_constraint_and_comment(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", ON_THE_ENGINE, str(tmp_path / "engine")],
        cwd=project_root(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "VIOLATED_CONSTRAINT" in done.stderr, done.stderr
