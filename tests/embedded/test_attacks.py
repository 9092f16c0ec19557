"""Attacks on a running catalogue server: files, the network, and web pages.

Each attack runs on two servers. The control has no defences (`unguarded_catalogue.py`), and there it must succeed:
otherwise its failure on the real server would prove nothing.
"""

import socket
import sqlite3
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from embedded.data_folder import DataFolder
from embedded.ports import LOOPBACK, free_ports
from embedded.readiness import http_answers
from embedded.servers import _running
from tests.embedded.conftest import CatalogueAddress

SECRET = "only-the-file-says-this"
CLEAN_UP = ["TABLE x", "DATABASE x", "DICTIONARY x", "FUNCTION leak"]


@pytest.fixture(scope="module")
def control(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CatalogueAddress]:
    """A server without defences."""
    data = DataFolder(tmp_path_factory.mktemp("unguarded"))
    password_file, port = data.password("catalogue"), free_ports(1)[0]
    command = [
        *(sys.executable, "-m", "tests.embedded.unguarded_catalogue", "--data", str(data.catalogue)),
        *("--port", str(port), "--password-file", str(password_file)),
    ]
    with _running("unguarded", command, data.logs, lambda: http_answers(f"http://{LOOPBACK}:{port}/ping")):
        yield CatalogueAddress(f"clickhouse://default:{password_file.read_text()}@{LOOPBACK}:{port}/default")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder outside of the servers' own, with files that contain the secret."""
    (tmp_path / "secret.csv").write_text(f"{SECRET}\n{SECRET}\n")
    (tmp_path / "header.csv").write_text(f"{SECRET}\n7\n")
    with sqlite3.connect(tmp_path / "secret.sqlite") as database:
        database.execute("CREATE TABLE t (a TEXT)")
        database.execute("INSERT INTO t VALUES (?)", (SECRET,))
    database.close()
    return tmp_path


def run(address: CatalogueAddress, attack: str, **places: object) -> list[requests.Response]:
    """The answers to the attack's statements, which are separated by `|`, on a server without its leftovers."""
    for leftover in CLEAN_UP:
        address.post(f"DROP {leftover}" if "FUNCTION" in leftover else f"DROP {leftover.replace(' ', ' IF EXISTS ')}")
    address.post("CREATE OR REPLACE TABLE stolen (a String) ENGINE = Log")
    answers = [address.post(statement.format(**places)) for statement in attack.split("|")]
    return [*answers, address.post("SELECT * FROM stolen"), address.post("SELECT * FROM x")]


def leaks(answers: list[requests.Response]) -> bool:
    return any(SECRET in answer.text for answer in answers)


LEAK = "CREATE FUNCTION leak AS path -> file(path)|SELECT leak('{folder}/secret.csv')"
READS = [
    "SELECT * FROM file('{folder}/secret.csv', 'LineAsString')",
    "SELECT * FROM `file`('{folder}/secret.csv', 'LineAsString')",
    "SELECT * FROM \"file\" /* ( */ ('{folder}/secret.csv', 'LineAsString')",
    "SELECT * FROM `\\x66ile`('{folder}/secret.csv', 'LineAsString')",
    "SELECT * FROM loop(file('{folder}/secret.csv', 'LineAsString')) LIMIT 1",
    "SELECT * FROM view(SELECT * FROM file('{folder}/secret.csv', 'LineAsString'))",
    "SELECT file('{folder}/secret.csv')",
    "SELECT * FROM '{folder}/secret.csv'",
    "SELECT * FROM `{folder}/secret.csv`",
    "SELECT * FROM default.`{folder}/secret.csv`",
    "SELECT * FROM url('file://{folder}/secret.csv', 'LineAsString')",
    "SELECT * FROM filesystem('{folder}/secret.csv')",
    "SELECT * FROM sqlite('{folder}/secret.sqlite', 't')",
    "SELECT * FROM eval('SELECT file(''{folder}/secret.csv'')') SETTINGS allow_experimental_eval_table_function = 1",
    "INSERT INTO stolen FROM INFILE '{folder}/secret.csv' FORMAT LineAsString",
    "INSERT INTO stolen VALUES (file('{folder}/secret.csv'))",
    "INSERT INTO stolen FORMAT Values (file('{folder}/secret.csv'))",
    "CREATE TABLE x (a String) ENGINE = File(LineAsString, '{folder}/secret.csv')",
    "CREATE TABLE x ENGINE = Log AS SELECT * FROM file('{folder}/secret.csv', 'LineAsString')",
    "CREATE VIEW x AS SELECT file('{folder}/secret.csv') AS a",
    "CREATE DATABASE x ENGINE = Filesystem('{folder}')|SELECT * FROM x.`secret.csv`",
    LEAK,
    f"CREATE TABLE x (a Int8) ENGINE = Log PARALLEL WITH {LEAK}",
    "SELECT 1 FORMAT Template SETTINGS format_template_resultset = '{folder}/secret.csv'",
    "SELECT * FROM format(Values, 'a String', '(file(\\'{folder}/secret.csv\\'))')",
    "SELECT * FROM format(JSONEachRow, 'a Int8, b String DEFAULT file(\\'{folder}/secret.csv\\')', '{{\"a\": 1}}')",
    "SELECT 1 SETTINGS additional_result_filter = 'throwIf(1, file(\\'{folder}/secret.csv\\'))'",
    "DESCRIBE file('{folder}/header.csv', 'CSVWithNames')",
    "DESCRIBE '{folder}/header.csv'",
    "EXPLAIN SELECT * FROM file('{folder}/header.csv', 'CSVWithNames')",
]


@pytest.mark.parametrize("attack", READS)
def test_no_statement_reads_a_file(
    address: CatalogueAddress, control: CatalogueAddress, folder: Path, attack: str
) -> None:
    assert leaks(run(control, attack, folder=folder)), "the attack does not work without the defences either"

    answers = run(address, attack, folder=folder)

    assert not answers[0].ok, answers[0].text
    assert not leaks(answers)


# Today's engine refuses these without a guard. If a newer one does not, this test fails: move the attack to READS then.
FUTILE_READS = [
    "SELECT * FROM executable('{folder}/secret.csv', 'TSV', 'a String')",
    "SELECT * FROM merge('default', '.*secret.*')",
    "SELECT 1 SETTINGS format_schema = '{folder}/secret.csv:M' FORMAT Protobuf",
]


@pytest.mark.parametrize("attack", FUTILE_READS)
def test_no_statement_reads_a_file_that_the_engine_itself_refuses_to_read(
    address: CatalogueAddress, control: CatalogueAddress, folder: Path, attack: str
) -> None:
    for server in (control, address):
        answers = run(server, attack, folder=folder)
        assert not answers[0].ok, answers[0].text
        assert not leaks(answers)


def test_no_parameter_names_a_file(address: CatalogueAddress, control: CatalogueAddress, folder: Path) -> None:
    def read(server: CatalogueAddress, name: str) -> requests.Response:
        return server.post("SELECT * FROM {t:Identifier}", params={"param_t": name})

    assert SECRET in read(control, f"{folder}/secret.csv").text
    for name in (f"{folder}/secret.csv", f"default.{folder}/secret.csv"):
        answer = read(address, name)
        assert answer.status_code == 404, answer.text
        assert SECRET not in answer.text


def test_no_setting_names_a_file(address: CatalogueAddress, control: CatalogueAddress, folder: Path) -> None:
    setting = {"format_template_resultset": f"{folder}/secret.csv"}
    assert SECRET in control.post("SELECT 1 FORMAT Template", params=setting).text

    answer = address.post("SELECT 1 FORMAT Template", params=setting)

    assert answer.headers["X-ClickHouse-Exception-Code"] == "497"
    assert SECRET not in answer.text


WRITES = [
    "SELECT 'x' INTO OUTFILE '{path}'",
    "SELECT 'x' INTO OUTFILE '{path}' TRUNCATE FORMAT CSV",
    "INSERT INTO FUNCTION file('{path}', 'CSV', 'a String') VALUES ('x')",
    "INSERT INTO TABLE FUNCTION file('{path}', 'CSV', 'a String') SELECT 'x'",
    "CREATE TABLE x (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local, path = '{path}/')",
    "CREATE TABLE x (a String) ENGINE = File(CSV, '{path}')|INSERT INTO x VALUES ('x')",
    "CREATE DATABASE x ENGINE = SQLite('{path}')",
]


@pytest.mark.parametrize("attack", WRITES)
def test_no_statement_writes_a_file(
    address: CatalogueAddress, control: CatalogueAddress, tmp_path: Path, attack: str
) -> None:
    run(control, attack, path=tmp_path / "control")
    assert (tmp_path / "control").exists(), "the attack does not work without the defences either"

    answers = run(address, attack, path=tmp_path / "written")

    assert not answers[0].ok, answers[0].text
    assert not (tmp_path / "written").exists()


# As FUTILE_READS.
FUTILE_WRITES = ["INSERT INTO `{path}` VALUES ('x')", "BACKUP DATABASE default TO File('{path}')"]


@pytest.mark.parametrize("attack", FUTILE_WRITES)
def test_no_statement_writes_a_file_that_the_engine_itself_refuses_to_write(
    address: CatalogueAddress, control: CatalogueAddress, tmp_path: Path, attack: str
) -> None:
    for server in (control, address):
        answers = run(server, attack, path=tmp_path / "written")
        assert not answers[0].ok, answers[0].text
        assert not (tmp_path / "written").exists()


@pytest.fixture
def listener() -> Iterator[tuple[int, list[str]]]:
    """A port of this machine, and a record of each connection to it; it answers 403."""
    connections: list[str] = []

    def serve() -> None:
        while True:
            try:
                connection, peer = server.accept()
            except OSError:
                return
            connections.append(str(peer))
            with connection:
                connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1], connections
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


DICTIONARY = (
    "CREATE DICTIONARY x (a String, b String) PRIMARY KEY a SOURCE(HTTP(url 'http://127.0.0.1:{port}/' format 'TSV'))"
    " LAYOUT(COMPLEX_KEY_HASHED()) LIFETIME(0)|SELECT * FROM x"
)
CONNECTIONS = [
    "SELECT * FROM url('http://127.0.0.1:{port}/', 'CSV', 'a String')",
    "SELECT * FROM remote('127.0.0.1:{port}', system.one)",
    "SELECT * FROM s3('http://127.0.0.1:{port}/bucket/key', NOSIGN, 'CSV', 'a String')",
    "SELECT * FROM mysql('127.0.0.1:{port}', 'd', 't', 'u', 'p')",
    "CREATE TABLE x (a String) ENGINE = URL('http://127.0.0.1:{port}/', 'CSV')|SELECT * FROM x",
    DICTIONARY,
    "BACKUP DATABASE default TO S3('http://127.0.0.1:{port}/bucket/key', 'a', 'b')",
]


@pytest.mark.parametrize("attack", CONNECTIONS)
def test_no_statement_reaches_the_network(
    address: CatalogueAddress, control: CatalogueAddress, listener: tuple[int, list[str]], attack: str
) -> None:
    port, connections = listener
    run(control, attack, port=port)
    assert connections, "the attack does not work without the defences either"
    connections.clear()

    answers = run(address, attack, port=port)

    # 62: BACKUP is not among the statements that the server knows.
    assert answers[0].headers["X-ClickHouse-Exception-Code"] in ("497", "62")
    assert not connections


def test_no_statement_reaches_a_cluster_that_the_engine_does_not_know(
    address: CatalogueAddress, control: CatalogueAddress, listener: tuple[int, list[str]]
) -> None:
    port, connections = listener
    for server in (control, address):
        assert not run(server, "SELECT * FROM cluster('127.0.0.1:{port}', system.one)", port=port)[0].ok
    assert not connections


def test_literals_and_parameters_may_contain_the_names_of_functions(address: CatalogueAddress) -> None:
    answer = address.post("SELECT 'file(x)', {p:String}", params={"param_p": "url('http://x')"})

    assert answer.text == "file(x)\turl(\\'http://x\\')\n"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://127.0.0.1"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-origin"},
        {"Host": "rebound.example.org"},
        {"Host": "10.0.0.1:8123"},
    ],
)
def test_a_web_page_gets_no_answer(address: CatalogueAddress, headers: dict[str, str]) -> None:
    assert address.post("SELECT 1").ok, "the same request without these headers"
    assert requests.get(address.http + "ping", timeout=5).ok

    assert address.post("SELECT 1", headers=headers).status_code == 403
    assert requests.get(address.http + "ping", headers=headers, timeout=5).status_code == 403


def test_table_functions_and_engines_are_refused_unless_they_are_allowed(address: CatalogueAddress) -> None:
    """A new chDB may bring new ones: they are refused until they are added to the lists of allowed names."""
    functions = address.post("SELECT lower(name) FROM system.table_functions").text.split()
    engines = address.post("SELECT lower(name) FROM system.table_engines").text.split()

    assert {"numbers", "file", "url", "s3", "remote", "python", "executable"} <= set(functions)
    assert {"mergetree", "replacingmergetree", "file", "url", "distributed"} <= set(engines)
    for name in (
        "file",
        "url",
        "s3",
        "remote",
        "python",
        "executable",
        "eval",
        "sqlite",
        "mysql",
        "icebergLocal",
        "hdfs",
    ):
        assert address.post(f"SELECT * FROM {name}('x')").headers["X-ClickHouse-Exception-Code"] == "497", name
