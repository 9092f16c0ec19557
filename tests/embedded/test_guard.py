"""The SQL guard's rules, and its lexer against the engine's own."""

import json
import string

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from embedded.catalogue_server.access import is_loopback
from embedded.catalogue_server.errors import CatalogueError
from embedded.catalogue_server.guard import EngineNames, Guard
from embedded.catalogue_server.statement import split_insert
from embedded.catalogue_server.tokens import Kind, tokenize
from tests.embedded.conftest import CatalogueAddress

GUARD = Guard(
    EngineNames(
        ["file", "url", "remote", "s3", "python", "numbers", "view", "aiGenerate", "executable"],
        ["File", "URL", "MergeTree", "ReplacingMergeTree", "Memory", "Filesystem", "Distributed", "S3"],
        [
            "format_schema",
            "format_template_resultset",
            "dialect",
            "additional_result_filter",
            "database",
            "log_comment",
        ],
    )
)


def refused(sql: str) -> int | None:
    """The code of the refusal, or None if the statement may run."""
    try:
        GUARD.check(list(tokenize(sql.encode())))
    except CatalogueError as error:
        return error.code
    return None


ALLOWED = [
    "SELECT 1",
    "SELECT 'file(1)', \"url\", `s3` FROM t -- remote(",
    "SELECT url, file FROM t WHERE url IN ('file(x)') AND file = 'a'",
    "SELECT /* file( */ 1 # url(\n + 1 // s3(\n",
    "SELECT url FROM (SELECT 1 AS url)",
    "WITH file AS (SELECT 1) SELECT * FROM file",
    "(SELECT 1) UNION ALL (SELECT 2);",
    "SELECT * FROM numbers(3)",
    "SELECT extractURLParameter(photo_url, 'a'), domain(url) FROM t",
    "CREATE TABLE t (url String, engine String, INDEX i url TYPE set(0)) ENGINE = MergeTree ORDER BY url",
    "CREATE OR REPLACE TABLE t (a Int8) ENGINE ReplacingMergeTree(a) ORDER BY a SETTINGS index_granularity = 1",
    "CREATE MATERIALIZED VIEW v ENGINE = Memory AS SELECT 1",
    "CREATE DATABASE IF NOT EXISTS d",
    "ALTER TABLE t ADD INDEX v vec TYPE vector_similarity('hnsw', 'cosineDistance', 512)",
    "ALTER TABLE t DELETE WHERE id = {id:String}",
    "INSERT INTO t (url, function) VALUES ('file(', 1)",
    "DELETE FROM t WHERE id = 'x'",
    "SYSTEM FLUSH LOGS",
    "OPTIMIZE TABLE t FINAL",
    "SELECT engine FROM system.tables WHERE engine = 'File' AND database = 'default'",
    "SELECT 1 SETTINGS max_threads = 1, log_comment = 'x'",
    "UPDATE t SET a = 1, b = 2 WHERE c = 'x'",
]

REFUSED = [
    "SELECT * FROM file('/etc/passwd')",
    "SELECT * FROM FILE ( '/etc/passwd')",
    "SELECT * FROM `file`('/etc/passwd')",
    "SELECT * FROM \"file\"('/etc/passwd')",
    "SELECT * FROM `fi\\le`('/etc/passwd')",
    "SELECT * FROM `\\x66ile`('/etc/passwd')",
    "SELECT * FROM \"\\x66ile\"('/etc/passwd')",
    "SELECT * FROM file/**/('/etc/passwd')",
    "SELECT * FROM file -- x\n ('/etc/passwd')",
    "SELECT * FROM file # x\n ('/etc/passwd')",
    "SELECT * FROM file // x\n ('/etc/passwd')",
    "SELECT '\\'', file('/etc/passwd'), '\\''",
    "SELECT '''', file('/etc/passwd'), ''''",
    "SELECT file('/etc/passwd')",
    "SELECT 1 /* /* */ ' */, file('/etc/passwd') /* ' */",
    "SELECT /* never closed",
    "SELECT $$ heredocs are refused as such $$",
    "SELECT 11$1$ #! $1$ (file('/etc/passwd'))",
    "SELECT $a$ $b$ $a$, file('/etc/passwd'), $b$",
    "SELECT 1$$, file('/etc/passwd'), $$",
    "SELECT a$$, file('/etc/passwd'), $$",
    "SELECT (SELECT count() FROM url('http://127.0.0.1', 'CSV'))",
    "SELECT * FROM view(SELECT * FROM file('/etc/passwd'))",
    "EXPLAIN SELECT * FROM file('/etc/passwd')",
    "CREATE TABLE t AS file('/etc/passwd')",
    "CREATE TABLE t (a String) ENGINE = File(CSV, '/etc/passwd')",
    "CREATE TABLE t (a String) ENGINE File",
    "CREATE TABLE t (a String) ENGINE=`URL`",
    "CREATE TABLE t (a String) ENGINE = {e:Identifier}",
    "CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a SETTINGS disk = disk(type = 'local', path = '/tmp/x/')",
    "CREATE TABLE t (a String) ENGINE = MergeTree ORDER BY a SETTINGS storage_policy = 'x'",
    "CREATE DATABASE d ENGINE = Filesystem('/etc')",
    "CREATE DICTIONARY d (a String) PRIMARY KEY a SOURCE(FILE(path '/x' format 'TSV')) LAYOUT(FLAT())",
    "CREATE FUNCTION f AS x -> x",
    "CREATE OR REPLACE FUNCTION f AS x -> x",
    "CREATE NAMED COLLECTION c AS a = 1",
    "CREATE USER u",
    "INSERT INTO FUNCTION file('/tmp/x', 'CSV') SELECT 1",
    "INSERT INTO TABLE FUNCTION file('/tmp/x', 'CSV') SELECT 1",
    "INSERT INTO t VALUES (file('/etc/passwd'))",
    "INSERT INTO t FROM INFILE '/etc/passwd' FORMAT LineAsString",
    "SELECT 1 INTO OUTFILE '/tmp/x'",
    "SELECT 1 INTO/**/OUTFILE '/tmp/x' TRUNCATE",
    "SELECT 1; SELECT 2",
    "SELECT 1;;SELECT 2",
    "SYSTEM SHUTDOWN",
    "SYSTEM KILL",
    "SYSTEM RELOAD CONFIG",
    "BACKUP TABLE t TO File('x')",
    "RESTORE TABLE t FROM File('x')",
    "ATTACH TABLE t FROM '/etc' (a String) ENGINE = MergeTree ORDER BY a",
    "DETACH DATABASE default",
    "ALTER TABLE t ATTACH PARTITION 1",
    "ALTER TABLE t FREEZE",
    "ALTER TABLE t FETCH PARTITION 1 FROM '/x'",
    "ALTER TABLE t MODIFY SETTING disk = 'x'",
    "ALTER USER default IDENTIFIED BY 'x'",
    "CREATE TABLE a (x Int8) ENGINE = Memory PARALLEL WITH CREATE FUNCTION f AS x -> x",
    "CREATE TABLE parallel (x Int8) ENGINE = Memory PARALLEL WITH CREATE FUNCTION f AS x -> x",
    "SET format_schema = '/etc/passwd'",
    "SELECT 1 SETTINGS format_template_resultset = '/etc/passwd'",
    "SELECT 1 SETTINGS max_threads = 1, `dialect` = 'prql'",
    "SELECT * FROM (SELECT 1 SETTINGS additional_result_filter = 'file(1)')",
    "SELECT * FROM format(Values, 'a String', '(file(1))')",
    "SELECT aiGenerate('x')",
    "GRANT ALL ON *.* TO default",
    "SELECT \u2018file(\u2018",
    "SELECT 'never closed",
    "SELECT\u00a01",
    "",
    "-- nothing",
]


@pytest.mark.parametrize("sql", ALLOWED)
def test_ordinary_statements_pass(sql: str) -> None:
    assert refused(sql) is None


@pytest.mark.parametrize("sql", REFUSED)
def test_statements_that_leave_the_database_are_refused(sql: str) -> None:
    assert refused(sql) in {497, 62}


TEXT = st.text(alphabet=string.printable + "äß\u2018\u2019\u201c\u201d\u00a0", max_size=60)
PIECES = st.sampled_from(
    [
        "SELECT ",
        "file",
        "(",
        ")",
        "'",
        '"',
        "`",
        "\\",
        "--",
        "//",
        "# ",
        "#",
        "/*",
        "*/",
        "$",
        "$$",
        "$a$",
        "\n",
        " ",
        "1",
        "a",
        ";",
        "x'",
        "0x",
    ]
)


@given(TEXT)
def test_a_string_literal_is_one_token_whatever_its_content(text: str) -> None:
    literal = "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    tokens = list(tokenize(f"SELECT {literal}, 1".encode()))

    assert [token.kind for token in tokens] == [Kind.WORD, Kind.STRING, Kind.SIGN, Kind.NUMBER]
    assert refused(f"SELECT {literal}, 1") is None


@given(
    st.sampled_from(["file", "FILE", "`file`", '"File"', "url", "`s3`"]),
    st.lists(st.sampled_from([" ", "\n", "/* ( */", "-- '\n", "# `\n"])),
)
def test_blanks_and_comments_do_not_hide_a_call(name: str, filling: list[str]) -> None:
    assert refused(f"SELECT 'x' FROM {name}{''.join(filling)}('/etc/passwd')") == 497


@given(TEXT | st.lists(PIECES).map("".join))
def test_tokens_cover_the_text_in_order(text: str) -> None:
    sql = text.encode()
    at = 0
    for token in tokenize(sql):
        assert at <= token.start < token.end
        assert token.text == sql[token.start : token.end]
        at = token.end


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(PIECES, max_size=25).map("".join))
@example("1$$ file('/etc/passwd') $$")
@example("a$$ file('/etc/passwd') $$")
@example("/* /* */ ' */ file( /* ' */")
@example("11$1$ #! $1$ (file)")
@example("$a b$ file( $a b$")
@example("x'41' b'1' 1.5e3.file( 0x1F 1_000")
def test_the_lexer_skips_nothing_that_the_engine_reads(address: CatalogueAddress, text: str) -> None:
    """Each word or bracket outside of quotes in the engine's lexer is a token in ours, too."""
    answer = address.post(
        "SELECT tokenizeQuery({text:String}) AS tokens FORMAT JSONEachRow",
        params={
            "param_text": text.replace("\\", "\\\\").replace("\n", "\\n"),
            "output_format_json_named_tuples_as_objects": "0",
        },
    )
    assert answer.ok, answer.text
    theirs = json.loads(answer.text)["tokens"]
    ours = list(tokenize(text.encode()))
    if any(token.kind is Kind.OTHER for token in ours):
        return  # the guard refuses the whole statement

    for start, end, kind in theirs:
        if kind == "BareWord" or kind.endswith("RoundBracket"):
            covering = [token for token in ours if token.start <= int(start) and int(end) <= token.end]
            assert [token.kind for token in covering] in ([Kind.WORD], [Kind.SIGN], [Kind.NUMBER]), (
                text,
                start,
                end,
                kind,
            )


def test_the_data_of_an_insert_is_not_parsed_as_sql() -> None:
    head = split_insert(b"INSERT INTO `t` (a, `format`) SETTINGS async_insert = 1 FORMAT Native \r\n\x00'file(")

    assert head is not None
    assert (
        head.reading("/x") == b"INSERT INTO `t` (a, `format`)  FROM INFILE '/x' SETTINGS async_insert = 1 FORMAT Native"
    )
    assert head.data_start == len(b"INSERT INTO `t` (a, `format`) SETTINGS async_insert = 1 FORMAT Native \r\n")


@pytest.mark.parametrize(
    "sql",
    [
        b"SELECT 1 FORMAT CSV",
        b"INSERT INTO t VALUES (1)",
        b"INSERT INTO t FORMAT Values (file('/etc/passwd'))",
        b"INSERT INTO t FORMAT VALUES (file('/etc/passwd'))",
        b"INSERT INTO t SELECT * FROM s FORMAT CSV",
        b"INSERT INTO t WITH 1 AS x SELECT x FORMAT CSV",
        b"INSERT INTO t FROM INFILE '/x' FORMAT CSV",
        b"INSERT INTO t",
    ],
)
def test_other_inserts_are_sql_up_to_their_end(sql: bytes) -> None:
    assert split_insert(sql) is None


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9:8123", "localhost", "LOCALHOST:1", "[::1]", "[::1]:8123"])
def test_loopback_hosts(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "example.org",
        "127.0.0.1.example.org",
        "localhost.example.org:80",
        "10.0.0.1",
        "0.0.0.0",
        "[::]",
        "127.0.0.1@x",
        "127.0.0.1:x",
        "2130706433",
        "[::1",
        "::1",
    ],
)
def test_other_hosts(host: str) -> None:
    assert not is_loopback(host)
