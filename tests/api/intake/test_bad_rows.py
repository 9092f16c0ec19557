"""Bad rows of a list: all are named, or each is a failed item."""

from tests.api.intake.test_lists import TEXT, send
from tests.api.routes.test_ingest import NDJSON, claim_all, lines, refused
from tests.api.settling import settle

# A list as published: two of its rows are no URLs.
PUBLISHED = [f"http://h/{n}.jpg" for n in range(10_000)]
PUBLISHED[3054] = "UNLIKELY"
PUBLISHED[8241] = "https://images.example.company by someone.jpg"


def test_a_strict_list_names_all_bad_rows_at_once(client, connection):
    answer = send(client, "\n".join(PUBLISHED), TEXT)
    refused(connection, answer, 422, "line 3055", "2 bad rows")
    assert [(fault["line"], fault["column"]) for fault in answer.json["faults"]] == [(3055, "url"), (8242, "url")]


def test_a_lenient_list_is_taken_and_its_bad_rows_are_failed_items(client, ingests):
    answer = send(client, "\n".join(PUBLISHED), TEXT, on_bad_row="fail_item")
    job = answer.json
    assert (job["progress"]["total"], job["progress"]["failed"], job["progress"]["pending"]) == (10_000, 2, 9_998)
    assert job["progress"]["failed_by_code"] == {"bad_url": 2}
    errors = client.get(f"/v1/jobs/{job['id']}/errors").json["items"]
    assert [(item["url"], item["code"], item["attempts"]) for item in errors] == [
        (PUBLISHED[3054], "bad_url", 0),
        (PUBLISHED[8241], "bad_url", 0),
    ]
    assert [item["detail"].split(" ")[:2] for item in errors] == [["line", "3055"], ["line", "8242"]]
    assert len(claim_all(ingests)) == 9_998


def test_at_most_a_hundred_faults_are_named(client, connection):
    answer = send(client, "\n".join(f"no {n}" for n in range(500)), TEXT)
    refused(connection, answer, 422, "line 1 ", "at least 100 bad rows")
    assert len(answer.json["faults"]) == 100


def test_every_kind_of_bad_row_is_a_failed_item(client, ingests):
    table = (
        b"id,url,note\ngood,http://h/good,\n,http://h/1,\nshort,http://h/2\nlatin,http://h/3,\xfc\n"
        b"good,http://h/4,\nftp,ftp://h/5,\n" + b"long,http://h/6," + b"x" * 70_000 + b"\n"
    )
    job = send(client, table, on_bad_row="fail_item").json
    assert job["progress"]["failed_by_code"] == {"bad_row": 4, "bad_url": 1, "duplicate_id": 1}
    assert job["progress"]["total"] == 7
    broken = lines({"url": "http://h/a"}) + b"\n{broken\n5\n" + lines({"id": "x"})
    job = send(client, broken, NDJSON, on_bad_row="fail_item").json
    assert (job["progress"]["total"], job["progress"]["failed_by_code"]) == (4, {"bad_row": 2, "bad_url": 1})


def test_a_job_ends_when_its_good_rows_are_settled_and_its_bad_rows_are_not_retried(client, ingests):
    job = send(client, "id,url\na,http://h/a\nb,bad\n", on_bad_row="fail_item").json
    settle(ingests, 0)
    job = client.get(f"/v1/jobs/{job['id']}").json
    assert (job["status"], job["progress"]["stored"], job["progress"]["failed"]) == ("succeeded", 1, 1)
    assert client.post(f"/v1/jobs/{job['id']}/retry").status_code == 409


def test_a_list_without_a_good_row_is_refused_even_if_bad_rows_are_failed_items(client, connection):
    refused(connection, send(client, "id,url\na,b\nc,d\n", on_bad_row="fail_item"), 422, "line 2")


def test_bad_rows_do_not_pause_the_job_but_too_many_refuse_the_list(client, connection, ingests):
    table = "url\n" + "bad\n" * 150 + "".join(f"http://h/{n}\n" for n in range(850))
    answer = send(client, table, on_bad_row="fail_item", max_failed_ratio="0.1")
    refused(connection, answer, 422, "150 of 1000 rows", "max_failed_ratio")
    job = send(client, table, on_bad_row="fail_item", max_failed_ratio="0.2").json
    settle(ingests, 20)
    assert client.get(f"/v1/jobs/{job['id']}").json["status"] == "running"
    assert job["progress"]["failed"] == 150


def test_a_preflight_of_a_bad_list_is_refused_or_counts_its_bad_rows(client, ingests):
    table = "url\n" + "bad\n" * 50 + "".join(f"http://h/{n}\n" for n in range(50))
    assert send(client, table, preflight="20").status_code == 422
    job = send(client, table, preflight="100", on_bad_row="fail_item").json
    assert (job["progress"]["total"], job["progress"]["failed"], job["preflight_of"]) == (100, 50, 100)
