"""Attacks on a running catalogue server: files, the network, and web pages."""

import socket
from pathlib import Path

import pytest
import requests

from tests.embedded.conftest import CatalogueAddress

SECRET = "only-the-file-says-this"


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "secret.csv"
    path.write_text(SECRET + "\n")
    return path


READS = [
    "SELECT * FROM file('{path}', 'LineAsString')",
    "SELECT * FROM `file`('{path}', 'LineAsString')",
    "SELECT * FROM \"file\" /* ( */ ('{path}', 'LineAsString')",
    "SELECT * FROM `\\x66ile`('{path}', 'LineAsString')",
    "SELECT file('{path}')",
    "SELECT * FROM '{path}'",
    "SELECT * FROM `{path}`",
    "SELECT * FROM default.`{path}`",
    "SELECT * FROM url('file://{path}', 'LineAsString')",
    "SELECT * FROM filesystem('{path}')",
    "SELECT * FROM sqlite('{path}', 't')",
    "SELECT * FROM executable('{path}', 'TSV', 'a String')",
    "SELECT * FROM eval('SELECT file(''{path}'')')",
    "SELECT * FROM merge('default', '.*secret.*')",
    "INSERT INTO stolen FROM INFILE '{path}' FORMAT LineAsString",
    "INSERT INTO stolen VALUES (file('{path}'))",
    "INSERT INTO stolen FORMAT Values (file('{path}'))",
    "CREATE TABLE x (a String) ENGINE = File(LineAsString, '{path}')",
    "CREATE TABLE x ENGINE = Log AS SELECT * FROM file('{path}', 'LineAsString')",
    "CREATE VIEW x AS SELECT file('{path}') AS a",
    "CREATE DATABASE x ENGINE = Filesystem('/')",
    "SELECT 1 FORMAT Template SETTINGS format_template_resultset = '{path}'",
    "SELECT * FROM format(Values, 'a String', '(file(\\'{path}\\'))')",
    "SELECT * FROM format(JSONEachRow, 'a Int8, b String DEFAULT file(\\'{path}\\')', '{{\"a\": 1}}')",
    "SELECT 1 SETTINGS additional_result_filter = 'throwIf(1, file(\\'{path}\\'))'",
    "SELECT 1 SETTINGS format_schema = '{path}:M' FORMAT Protobuf",
    "DESCRIBE file('{path}', 'LineAsString')",
    "DESCRIBE '{path}'",
]


@pytest.mark.parametrize("attack", READS)
def test_no_statement_reads_a_file(address: CatalogueAddress, secret_file: Path, attack: str) -> None:
    address.post("CREATE TABLE IF NOT EXISTS stolen (a String) ENGINE = Log")

    answer = address.post(attack.format(path=secret_file))

    assert not answer.ok, answer.text
    assert SECRET not in answer.text
    assert SECRET not in address.post("SELECT * FROM stolen").text


@pytest.mark.parametrize("name", ["{path}", "default.{path}"])
def test_no_parameter_names_a_file(address: CatalogueAddress, secret_file: Path, name: str) -> None:
    answer = address.post("SELECT * FROM {t:Identifier}", params={"param_t": name.format(path=secret_file)})

    assert answer.status_code == 404, answer.text
    assert SECRET not in answer.text


def test_no_setting_names_a_file(address: CatalogueAddress, secret_file: Path) -> None:
    answer = address.post("SELECT 1 FORMAT Template", params={"format_template_resultset": str(secret_file)})

    assert answer.headers["X-ClickHouse-Exception-Code"] == "497"
    assert SECRET not in answer.text


@pytest.mark.parametrize(
    "attack",
    [
        "SELECT 'x' INTO OUTFILE '{path}'",
        "SELECT 'x' INTO OUTFILE '{path}' TRUNCATE FORMAT CSV",
        "INSERT INTO FUNCTION file('{path}', 'CSV', 'a String') VALUES ('x')",
        "INSERT INTO TABLE FUNCTION file('{path}', 'CSV', 'a String') SELECT 'x'",
        "INSERT INTO `{path}` VALUES ('x')",
        "CREATE TABLE x (a Int8) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = local, path = '{path}/')",
        "CREATE TABLE x (a String) ENGINE = File(CSV, '{path}')",
        "BACKUP DATABASE default TO File('{path}')",
    ],
)
def test_no_statement_writes_a_file(address: CatalogueAddress, tmp_path: Path, attack: str) -> None:
    answer = address.post(attack.format(path=tmp_path / "written"))

    assert not answer.ok, answer.text
    assert not (tmp_path / "written").exists()


def test_no_statement_reaches_the_network(address: CatalogueAddress) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        port = listener.getsockname()[1]
        for attack in (
            f"SELECT * FROM url('http://127.0.0.1:{port}/', 'CSV', 'a String')",
            f"SELECT * FROM remote('127.0.0.1:{port}', system.one)",
            f"SELECT * FROM s3('http://127.0.0.1:{port}/b/k', 'CSV', 'a String')",
            f"SELECT * FROM cluster('127.0.0.1:{port}', system.one)",
            f"CREATE TABLE x (a String) ENGINE = URL('http://127.0.0.1:{port}/', 'CSV')",
        ):
            assert address.post(attack).headers["X-ClickHouse-Exception-Code"] == "497", attack
        with pytest.raises(TimeoutError):
            listener.accept()


def test_a_literal_and_a_parameter_may_speak_of_files(address: CatalogueAddress) -> None:
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
    assert address.post("SELECT 1", headers=headers).status_code == 403
    assert requests.get(address.http + "ping", headers=headers, timeout=5).status_code == 403


def test_every_table_function_and_engine_is_allowed_on_purpose(address: CatalogueAddress) -> None:
    """Another chDB may bring new ones: they are refused until somebody allows them, which this makes visible."""
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
