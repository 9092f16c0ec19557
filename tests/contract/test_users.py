"""What each process asks of the catalogue, against the rights that the users in deploy/ have.

The engine has no users here: that its servers grant what these files say, and that it is enough, is not proven.
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
    """What a user may do in the database, and `system.…` of what else it may read."""
    granted = set()
    for what, where, whom in re.findall(r"^GRANT (.+) ON (\S+) TO (.+);$", text, re.MULTILINE):
        if user in whom.split(", "):
            granted |= {where} if where.startswith("system.") else set(what.split(", "))
    return granted


@pytest.fixture(params=["clickhouse", "myscale"])
def server(request, myscale):
    """The stand-in as that server; it can be told to keep to reading, and notes what it is asked."""
    myscale.become(Build(stock=request.param == "clickhouse"))
    return myscale


@pytest.fixture
def settings(server) -> Settings:
    """This target alone."""
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


def asked(server) -> set[str]:
    return {sql.split()[0] for sql, _ in server.statements()}


def test_who_only_reads_can_do_all_that_searches_and_the_api_do(server, filled):
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
    assert asked(server) == {"SELECT"}
    for forbidden in (
        lambda: catalogue.write(filled, [row("c", 1)]),
        lambda: catalogue.ensure(f"{filled}_2", "m", DIMENSION),
        lambda: catalogue.drop_index(filled),
    ):
        with pytest.raises(UnavailableError):
            forbidden()
    assert (catalogue.count(filled), catalogue.index(filled).status) == (2, "built")
    server.read_only(False)  # what is made is dropped in the end


def test_who_writes_needs_no_more_than_select_and_insert(server, filled):
    catalogue = connect(Settings(catalogue_url=SecretStr(server.url)))
    catalogue.ensure(filled, "m", DIMENSION)
    catalogue.write(filled, [row("c", 1)])
    catalogue.delete(filled, {"c": 2})
    assert set(catalogue.known(filled, ["a", "c"])) == {"a"}
    assert set(catalogue.embeddings(filled, ["b"])) == {"b"}
    assert asked(server) == {"SELECT", "INSERT"}


@pytest.mark.parametrize("name", FILES)
def test_the_statements_are_ones_that_the_engine_can_parse(name, catalogue_url):
    address = parse(catalogue_url)
    client = clickhouse_connect.get_client(host=address.host, port=address.port, password=address.password)
    found = statements(FILES[name])
    assert len(found) > 10
    for statement in found:
        assert client.query("SELECT formatQuery({sql:String})", parameters={"sql": statement}).result_rows


@pytest.mark.parametrize("name", FILES)
def test_each_user_has_the_rights_of_its_work_and_no_others(name):
    text = FILES[name]
    index = {"ALTER INDEX"} if name == "clickhouse" else {"ALTER"}
    own = {"owner": {"SELECT", "INSERT", "CREATE TABLE", "DROP TABLE"} | index, "ingest": {"SELECT", "INSERT"}}
    for user, expected in (own | {"search": {"SELECT"}}).items():
        system = {right for right in rights(text, f"lichtbild_{user}") if right.startswith("system.")}
        assert rights(text, f"lichtbild_{user}") - system == expected
    assert "readonly = 2" in next(made for made in statements(text) if "USER IF NOT EXISTS lichtbild_search" in made)


@pytest.mark.parametrize("user", ["owner", "ingest", "search"])
def test_each_system_table_that_is_asked_for_is_granted(user):
    files = {path: set(re.findall(r"\bsystem\.\w+", path.read_text())) for path in ROOT.glob("shared/catalogue/*.py")}
    mine = {"clickhouse": ("clickhouse.py", "hnsw.py"), "myscale": ("myscale.py",)}
    others = set(sum(mine.values(), ()))
    for name, text in FILES.items():
        wanted = set().union(
            *(tables for path, tables in files.items() if path.name not in others or path.name in mine[name])
        )
        assert len(wanted) > 3
        assert wanted <= rights(text, f"lichtbild_{user}")
