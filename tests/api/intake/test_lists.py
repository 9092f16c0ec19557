"""Lists as the world writes them: encodings, delimiters, quotation marks, columns, bad rows."""

import codecs
import gzip
import json

import pytest

from tests.api.routes.test_ingest import NDJSON, claim_all, refused

CSV, TSV, TEXT = "text/csv", "text/tab-separated-values", "text/plain"


def send(client, body: bytes | str, content_type: str = CSV, **query: str):
    content = body.encode() if isinstance(body, str) else body
    return client.post("/v1/ingest", data=content, content_type=content_type, query_string=query)


def taken(client, ingests, body: bytes | str, content_type: str = CSV, **query: str) -> list[tuple[str, str, dict]]:
    """The items that an accepted list became."""
    answer = send(client, body, content_type, **query)
    assert answer.status_code == 202, answer.text
    return [(item.id, item.url, item.attributes) for item in claim_all(ingests)]


# Quotation marks


def test_a_cell_that_begins_with_a_quotation_mark_swallows_no_row_of_a_tsv(client, ingests):
    table = (
        "id\turl\tnote\n"
        'a\thttp://h/a\t"unfinished\nb\thttp://h/b\tgood\nc\thttp://h/c\tgood\nd\thttp://h/d\tthe end"\ne\thttp://h/e\t\n'
    )
    found = taken(client, ingests, table, TSV)
    assert [item[0] for item in found] == list("abcde")
    assert [item[2].get("note") for item in found] == ['"unfinished', "good", "good", 'the end"', None]


@pytest.mark.parametrize("between", ["", "b\thttp://h/b\tgood\n", "UNLIKELY\nb\thttp://h/b\tgood\n"])
def test_a_swallowed_row_is_found_wherever_the_cell_would_end(client, ingests, between):
    table = f'id\turl\tnote\na\thttp://h/a\t"unfinished\n{between}d\thttp://h/d\tthe end"\n'
    answer = send(client, table, TSV, on_bad_row="fail_item")
    assert answer.json["progress"]["total"] == len(table.splitlines()) - 1
    assert [item.id for item in claim_all(ingests)] == ["a", *(["b"] if between else []), "d"]


def test_in_a_csv_the_row_whose_cell_is_not_closed_is_named_and_the_others_are_taken(client, connection, ingests):
    table = 'id,url,note\na,http://h/a,"unfinished\nb,http://h/b,good\nc,http://h/c,good\nd,http://h/d,the end"\n'
    refused(connection, send(client, table), 400, "line 2", "quotation mark", '""')
    answer = send(client, table, on_bad_row="fail_item")
    assert answer.json["progress"]["total"] == 4
    assert [item.id for item in claim_all(ingests)] == ["b", "c", "d"]


def test_a_cell_that_never_ends_costs_one_row(client, ingests):
    rows = "".join(f"p{n},http://h/{n},x\n" for n in range(3000))
    answer = send(client, f'id,url,note\na,http://h/a,"open\n{rows}', on_bad_row="fail_item")
    assert (answer.json["progress"]["total"], answer.json["progress"]["failed"]) == (3001, 1)


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_quoted_cells_hold_delimiters_line_breaks_and_quotation_marks(client, ingests, delimiter):
    cell = f'"one{delimiter} ""two""\nand\n\nthree"'
    table = delimiter.join(["note", "url", "id"]) + "\n" + delimiter.join([cell, "http://h/a", "a"]) + "\n"
    expected = f'one{delimiter} "two"\nand\n\nthree'
    assert taken(client, ingests, table) == [("a", "http://h/a", {"note": expected})]


def test_a_caption_of_two_lines_before_the_url_is_one_row(client, ingests):
    assert taken(client, ingests, 'caption,url\n"one\ntwo",http://h/a\nthree,http://h/b\n') == [
        ("http://h/a", "http://h/a", {"caption": "one\ntwo"}),
        ("http://h/b", "http://h/b", {"caption": "three"}),
    ]


def test_quotation_marks_inside_cells_of_a_tsv_are_themselves(client, ingests):
    table = 'url\ttext\nhttp://h/a\ta 24" screen\nhttp://h/b\t"Big" house\nhttp://h/c\t"quoted"\n'
    assert [item[2]["text"] for item in taken(client, ingests, table, TSV)] == ['a 24" screen', '"Big" house', "quoted"]


# Columns


@pytest.mark.parametrize(
    ("table", "attributes"),
    [
        ("URL\tTEXT\nhttp://h/a\tx\n", {"TEXT": "x"}),
        ("url\tcaption\nhttp://h/a\tx\n", {"caption": "x"}),
        ("caption,Image URL\nx,http://h/a\n", {"caption": "x"}),
        ("http://h/a\n", {}),
        ("url\nhttp://h/a\n", {}),
    ],
)
def test_a_list_without_ids_takes_them_from_the_urls(client, ingests, table, attributes):
    assert taken(client, ingests, table) == [("http://h/a", "http://h/a", attributes)]


def test_a_long_url_becomes_an_id_that_is_the_same_every_time(client, ingests):
    url = "http://h/" + "ü" * 300
    first, again = (taken(client, ingests, f"url\n{url}\n")[0] for _ in range(2))
    assert first == again
    assert len(first[0].encode()) <= 256
    other = taken(client, ingests, f"url\n{url}x\n")[0]
    assert other[0] != first[0]


def test_columns_are_chosen_by_name_in_any_case(client, ingests):
    table = "ImageID,OriginalURL,Title\n7,http://h/7,x\n"
    found = taken(client, ingests, table, url_column="originalurl", id_column="imageid")
    assert found == [("7", "http://h/7", {"Title": "x"})]


@pytest.mark.parametrize("parameter", ["url_column", "id_column"])
def test_a_column_that_is_missing_is_named_with_those_that_are_there(client, connection, parameter):
    refused(connection, send(client, "id,url\na,http://h/a\n", **{parameter: "SKU"}), 422, "'SKU'", parameter, "'url'")


def test_the_column_that_holds_urls_is_proposed(client, connection):
    answer = send(client, "ImageID,OriginalURL\n7,http://h/7\n")
    refused(connection, answer, 422, "url_column=OriginalURL", "--url-column 'OriginalURL'", "'ImageID'")


def test_a_list_without_a_header_row_is_recognised_and_can_be_named(client, connection, ingests):
    table = "a caption\thttp://h/a\nanother\thttp://h/b\n"
    refused(connection, send(client, table, TSV), 422, "no header row", "--columns column_1,url")
    assert taken(client, ingests, table, TSV, columns="caption,url") == [
        ("http://h/a", "http://h/a", {"caption": "a caption"}),
        ("http://h/b", "http://h/b", {"caption": "another"}),
    ]


def test_columns_with_no_name_or_the_same_name_keep_their_values(client, ingests):
    assert taken(client, ingests, "url,note,,note\nhttp://h/a,x,y,z\n") == [
        ("http://h/a", "http://h/a", {"note": "x", "column_3": "y", "note_4": "z"})
    ]


def test_plain_text_is_one_url_per_line(client, ingests):
    found = taken(client, ingests, "\nhttp://h/a,b;c\r\n\r\nhttp://h/d|e\n", TEXT)
    assert [item[1] for item in found] == ["http://h/a,b;c", "http://h/d|e"]


def test_a_json_array_is_a_list(client, ingests):
    body = json.dumps([{"url": "http://h/a"}, {"id": "b", "url": "http://h/b"}])
    assert [item[0] for item in taken(client, ingests, f" \n{body}", "application/json")] == ["http://h/a", "b"]


@pytest.mark.parametrize("content_type", [NDJSON, "application/json"])
def test_objects_may_have_columns_in_place_of_attributes(client, ingests, content_type):
    row = {"URL": "http://h/a", "TEXT": "x", "width": 5, "sim": float("nan"), "none": None, "attributes": {"more": 1}}
    body = json.dumps(row) if content_type == NDJSON else json.dumps([{**row, "sim": None}])
    refused_answer = send(client, body, content_type)
    assert (refused_answer.status_code, "extra_keys=attributes" in refused_answer.text) == (422, True)
    found = taken(client, ingests, body, content_type, extra_keys="attributes")
    assert found == [("http://h/a", "http://h/a", {"TEXT": "x", "width": 5, "more": 1})]
    assert taken(client, ingests, body, content_type, id_column="WIDTH")[0][0] == "5"


# Spreadsheets

EXCEL = "id;URL;Größe\r\na;http://h/a;zwölf\r\n;;\r\n"


@pytest.mark.parametrize(
    "body",
    [
        EXCEL.encode(),
        f"sep=;\r\n{EXCEL}".encode(),
        codecs.BOM_UTF8 + EXCEL.encode(),
        codecs.BOM_UTF16_LE + EXCEL.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + EXCEL.encode("utf-16-be"),
        EXCEL.encode("utf-16-le"),
        codecs.BOM_UTF16_LE + EXCEL.replace(";", "\t").encode("utf-16-le"),
        EXCEL.replace("\r\n", "\r").encode(),
        EXCEL.replace("\r\n", "\n").encode(),
        EXCEL.replace(";", "|").encode(),
    ],
)
def test_the_lists_of_spreadsheets_are_read(client, ingests, body):
    assert taken(client, ingests, body) == [("a", "http://h/a", {"Größe": "zwölf"})]


def test_another_encoding_is_refused_with_what_to_type_and_taken_if_it_is_named(client, connection, ingests):
    body = EXCEL.encode("cp1252")
    refused(connection, send(client, body), 400, "line 1", "not UTF-8", "--encoding windows-1252")
    assert taken(client, ingests, body, f"{CSV}; charset=windows-1252")[0][2] == {"Größe": "zwölf"}
    assert send(client, body, f"{CSV}; charset=nonsense").status_code == 415
    assert send(client, body, f"{CSV}; charset=base64").status_code == 415


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (gzip.compress(b"id,url\n", mtime=0), "Content-Encoding"),
        (b"PK\x03\x04...", "Excel"),
        (b"PAR1...", "parquet"),
        (b"<!DOCTYPE html><html>", "web page"),
    ],
)
def test_another_kind_of_file_is_named(client, connection, body, words):
    refused(connection, send(client, body), 400, words)


# Limits


def test_a_limit_takes_the_first_rows(client, ingests):
    table = 'id,url,note\na,http://h/a,"two\nlines"\nb,http://h/b,\nc,bad,\n'
    assert [item[0] for item in taken(client, ingests, table, limit="2")] == ["a", "b"]


# URLs


@pytest.mark.parametrize(
    ("listed", "sent"),
    [
        ("http://h/a b.jpg", "http://h/a%20b.jpg"),
        (" http://h/a.jpg ", "http://h/a.jpg"),
        ("http://h/a?x=1&amp;y=2", "http://h/a?x=1&amp;y=2"),
    ],
)
def test_a_url_is_read_as_a_browser_reads_it(client, ingests, listed, sent):
    assert taken(client, ingests, f"id,url\na,{listed}\n")[0][1] == sent


@pytest.mark.parametrize("written", ["&amp;", "&AMP;", "&#38;", "&#x26;", "&amp;amp;"])
def test_ampersands_of_html_are_read_on_request(client, ingests, written):
    found = taken(client, ingests, f"id,url\na,http://h/?x=1{written}copy=2\n", unescape_urls="true")
    assert found[0][1] == "http://h/?x=1&copy=2"


# Ids

NFD, NFC = "Gru\u0308\u00dfe.jpg", "Gr\u00fc\u00dfe.jpg"


def test_ids_are_in_normal_form_c_whatever_the_list_has(client, ingests):
    assert taken(client, ingests, f"id,url\n{NFD},http://h/a\n")[0][0] == NFC
    assert "already item 0" in send(client, f"id,url\n{NFD},http://h/a\n{NFC},http://h/b\n").json["detail"]
