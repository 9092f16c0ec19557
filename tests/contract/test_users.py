"""The statements of each process, compared with the rights of the users in deploy/.

The engine has no users here, so it is not proven that a server grants what these files state, or that it is enough.
`readonly = 2` is the engine's own.
"""

import re
from pathlib import Path

import clickhouse_connect
import numpy as np
import pytest
from pydantic import SecretStr

from shared.catalogue.connect import connect, parse
from shared.catalogue.interface import Row
from shared.domain.filters import parse as parse_filter
from shared.errors import UnavailableError
from shared.settings import Settings
from tests.contract.conftest import until_built
from tests.contract.myscale_build import Build

ROOT = Path(__file__).parents[2]
FILES = {name: (ROOT / "deploy" / name / "users.sql").read_text() for name in ("clickhouse", "myscale")}
DIMENSION = 4
EAST = np.array([1, 0, 0, 0], np.float32)


def statements(text: str) -> list[str]:
    plain = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    return [statement.strip() for statement in plain.split(";") if statement.strip()]


def rights(text: str, user: str) -> set[str]:
    """The user's rights in the database, and the `system.NAME` tables that it may read."""
    granted = set()
    for what, where, whom in re.findall(r"^GRANT (.+) ON (\S+) TO (.+);$", text, re.MULTILINE):
        if user in whom.split(", "):
            granted |= {where} if where.startswith("system.") else set(what.split(", "))
    return granted


@pytest.fixture(params=["clickhouse", "myscale"])
def server(request, myscale):
    """The stand-in as that server; it can enforce `readonly`, and records the statements."""
    myscale.become(Build(stock=request.param == "clickhouse"))
    return myscale


@pytest.fixture
def settings(server) -> Settings:
    """The stand-in is the only target."""
    return Settings(catalogue_url=SecretStr(server.url))


@pytest.fixture
def filled(server, collection):
    owner = connect(Settings(catalogue_url=SecretStr(server.url)))
    owner.ensure(collection, "m", DIMENSION)
    owner.write(collection, [row("a", 1, place="x"), row("b", 1, place="y")])
    owner.build_index(collection)
    until_built(owner, collection)
    server.statements()
    return collection


def row(photo_id: str, version: int, **attributes) -> Row:
    return Row(photo_id, "http://h/x", EAST, bytes(32), attributes, version)


def kinds_of_statements(server) -> set[str]:
    return {sql.split()[0] for sql, _ in server.statements()}


def test_a_read_only_user_has_exactly_the_rights_of_searches_and_the_api(server, filled):
    server.read_only(True)
    catalogue = connect(Settings(catalogue_url=SecretStr(server.url)))
    catalogue.ping()
    assert {hit.photo.photo_id for hit in catalogue.search(filled, EAST, 2)} == {"a", "b"}
    assert [hit.photo.photo_id for hit in catalogue.search(filled, EAST, 2, parse_filter({"place": "y"}))] == ["b"]
    assert len(catalogue.search(filled, EAST, 2, exact=True)) == 2
    assert catalogue.get(filled, "a").photo_id == "a"
    assert catalogue.random(filled) is not None
    assert (catalogue.count(filled), catalogue.index(filled).status) == (2, "built")
    assert filled in {known.name for known in catalogue.collections()}
    assert kinds_of_statements(server) == {"SELECT"}
    forbidden = (
        lambda: catalogue.write(filled, [row("c", 1)]),
        lambda: catalogue.ensure(f"{filled}_2", "m", DIMENSION),
        lambda: catalogue.drop_index(filled),
    )
    for change in forbidden:
        with pytest.raises(UnavailableError):
            change()
    assert (catalogue.count(filled), catalogue.index(filled).status) == (2, "built")
    # The control: without `readonly` the same calls succeed.
    server.read_only(False)
    for change in forbidden:
        change()
    assert (catalogue.count(filled), catalogue.index(filled).status) == (3, "none")
    assert catalogue.describe(f"{filled}_2") is not None


def test_ingests_and_deletions_need_no_more_than_select_and_insert(server, filled):
    catalogue = connect(Settings(catalogue_url=SecretStr(server.url)))
    catalogue.ensure(filled, "m", DIMENSION)
    catalogue.write(filled, [row("c", 1)])
    catalogue.delete(filled, {"c": 2})
    assert set(catalogue.known(filled, ["a", "c"])) == {"a"}
    assert set(catalogue.embeddings(filled, ["b"])) == {"b"}
    assert kinds_of_statements(server) == {"SELECT", "INSERT"}


@pytest.mark.parametrize("name", FILES)
def test_the_engine_can_parse_the_statements(name, catalogue_url):
    address = parse(catalogue_url)
    client = clickhouse_connect.get_client(host=address.host, port=address.port, password=address.password)
    found = statements(FILES[name])
    assert len(found) > 10
    for statement in found:
        assert client.query("SELECT formatQuery({sql:String})", parameters={"sql": statement}).result_rows


@pytest.mark.parametrize("name", FILES)
def test_each_user_has_the_rights_that_it_needs_and_no_others(name):
    text = FILES[name]
    needed = {
        "owner": {"SELECT", "INSERT", "CREATE TABLE", "DROP TABLE", "ALTER ADD COLUMN", "ALTER INDEX"},
        "ingest": {"SELECT", "INSERT"},
        "search": {"SELECT"},
    }
    for user, expected in needed.items():
        system = {right for right in rights(text, f"lichtbild_{user}") if right.startswith("system.")}
        assert rights(text, f"lichtbild_{user}") - system == expected
    assert "readonly = 2" in next(made for made in statements(text) if "USER IF NOT EXISTS lichtbild_search" in made)


@pytest.mark.parametrize("user", ["owner", "ingest", "search"])
def test_each_system_table_that_is_read_is_granted(user):
    files = {path: set(re.findall(r"\bsystem\.\w+", path.read_text())) for path in ROOT.glob("shared/catalogue/*.py")}
    mine = {"clickhouse": ("clickhouse.py", "hnsw.py"), "myscale": ("myscale.py",)}
    others = set(sum(mine.values(), ()))
    for name, text in FILES.items():
        wanted = set().union(
            *(tables for path, tables in files.items() if path.name not in others or path.name in mine[name])
        )
        assert len(wanted) > 3
        assert wanted <= rights(text, f"lichtbild_{user}")
