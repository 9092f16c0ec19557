"""`lichtbild ingest FOLDER`: what is left out, what is known already, `--sync`."""

import hashlib
import json
from pathlib import Path

from PIL import Image

from tests.lichtbild.cli.running import lichtbild
from tests.lichtbild.fake_api import FakeApi, Reply, ingest_job
from tests.pictures import encoded


def sent(api: FakeApi) -> list[bytes]:
    return [seen.body for seen in api.calls("POST", "/v1/ingest")]


def test_what_is_left_out_of_a_folder_is_printed(api: FakeApi, folder: Path) -> None:
    for name in ("IMG_1.HEIC", "b.NEF", "c.jxl", "Thumbs.db", ".DS_Store"):
        (folder / name).write_bytes(b"x")
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=3), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(stored=3)))

    done = lichtbild("ingest", folder, api=api.url)

    assert (done.returncode, done.stderr) == (0, "lichtbild: 3 files left out: 1 .heic, 1 .jxl, 1 .nef\n")


def test_a_folder_without_images_names_what_is_in_it(api: FakeApi, tmp_path: Path) -> None:
    (tmp_path / "IMG_1.HEIC").write_bytes(b"x")

    done = lichtbild("ingest", tmp_path, api=api.url)

    assert done.returncode == 2
    assert "1 file left out: 1 .heic" in done.stderr
    assert "There are no images in" in done.stderr


def test_a_dry_run_prints_the_ids_and_sends_nothing(api: FakeApi, folder: Path) -> None:
    done = lichtbild("ingest", folder, "--dry-run", "--prefix", "2024/", "--exclude", "b.*", api=api.url)

    assert (done.returncode, done.stdout) == (0, "2024/a.jpg\n2024/sub/c.jpg\n")
    assert "2 images would be sent" in done.stderr
    assert api.calls("POST", "/v1/ingest") == []


def test_options_of_folders_are_refused_for_lists(api: FakeApi, tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_text("url\n")
    assert lichtbild("ingest", tmp_path / "list.csv", "--dry-run", api=api.url).returncode == 2


def known(*photos: tuple[str, bool, dict]) -> Reply:
    return Reply({"photos": [{"photo_id": name, "is_same": same, "attributes": given} for name, same, given in photos]})


def given(api: FakeApi, number: int = 0) -> list[dict]:
    """The attributes that an upload has."""
    parts = sent(api)[number].split(b'name="attributes"\r\n\r\n')[1:]
    return [json.loads(part.partition(b"\r\n")[0]) for part in parts]


def test_files_have_attributes_and_those_that_are_stored_already_are_not_sent(api: FakeApi, folder: Path) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=3), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(stored=3)))
    (folder / "b.jpg").write_bytes(encoded(Image.new("RGB", (30, 20))))
    lichtbild("ingest", folder, "--prefix", "x/", api=api.url)
    first = given(api)

    assert [photo["path"] for photo in first] == ["a.jpg", "b.jpg", "sub/c.jpg"]
    assert first[0]["file"] == str(folder / "a.jpg")
    assert first[0]["bytes"] == 5
    assert first[0]["modified"].endswith("Z")
    assert (first[1]["width"], first[1]["height"], first[0].get("width")) == (30, 20, None)

    api.on("POST", "/v1/photos/known", known(*((f"x/{photo['path']}", True, photo) for photo in first)))
    done = lichtbild("ingest", folder, "--prefix", "x/", api=api.url)

    assert (done.returncode, done.stderr, len(sent(api))) == (0, "", 1)
    assert "3 unchanged" in done.stdout
    (asked, *_) = [json.loads(call.body) for call in api.calls("POST", "/v1/photos/known")][1:]
    assert asked["photos"][0] == {"photo_id": "x/a.jpg", "sha256": hashlib.sha256(b"a.jpg").hexdigest()}


def test_a_photo_of_another_file_is_replaced_only_on_request(api: FakeApi, folder: Path) -> None:
    api.on("POST", "/v1/photos/known", known(("a.jpg", False, {"file": "/2023/a.jpg"}), ("b.jpg", False, {})))
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=2), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(stored=2)))

    done = lichtbild("ingest", folder, api=api.url)

    assert done.returncode == 1
    assert "a.jpg was not sent: its id is that of /2023/a.jpg; --prefix keeps both, --replace" in done.stderr
    assert "1  of them replace another image of the same id" in done.stdout
    assert b"filename*=utf-8''a.jpg" not in sent(api)[0]

    done = lichtbild("ingest", folder, "--replace", "--no-attributes", api=api.url)
    assert done.returncode == 0
    assert b"filename*=utf-8''a.jpg" in sent(api)[1]
    assert given(api, 1) == []


def deleted(api: FakeApi) -> list[str]:
    return [seen.path.removeprefix("/v1/photos/") for seen in api.seen if seen.method == "DELETE"]


def test_sync_deletes_the_photos_whose_files_are_gone(api: FakeApi, folder: Path) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=3), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(stored=3)))
    for name in ("b.jpg", "sub%2Fc.jpg"):
        api.on("DELETE", f"/v1/photos/{name}", Reply(b"", 204))
    assert lichtbild("ingest", folder, api=api.url).returncode == 0
    (folder / "b.jpg").unlink()
    (folder / "sub" / "c.jpg").rename(folder / "sub" / "d.jpg")

    # Without the option, or of another folder, nothing is deleted; what is excluded is not gone.
    lichtbild("ingest", folder, api=api.url)
    lichtbild("ingest", folder / "sub", "--sync", api=api.url)
    assert deleted(api) == []
    done = lichtbild("ingest", folder, "--sync", "--exclude", "a.jpg", api=api.url)

    assert (done.returncode, done.stderr) == (0, "lichtbild: 2 photos deleted whose files are gone.\n")
    assert sorted(deleted(api)) == ["b.jpg", "sub%2Fc.jpg"]
    lichtbild("ingest", folder, "--sync", api=api.url)
    assert len(deleted(api)) == 2


def test_many_deletions_need_a_confirmation(api: FakeApi, folder: Path) -> None:
    for number in range(25):
        (folder / f"{number}.png").write_bytes(b"x")
        api.on("DELETE", f"/v1/photos/{number}.png", Reply(b"", 204))
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=3), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(stored=3)))
    lichtbild("ingest", folder, api=api.url)
    for number in range(25):
        (folder / f"{number}.png").unlink()

    done = lichtbild("ingest", folder, "--sync", api=api.url)
    assert (done.returncode, deleted(api)) == (2, [])
    assert "25 of 28 photos" in done.stderr
    assert "--yes" in done.stderr
    lichtbild("ingest", folder, "--sync", "--yes", api=api.url)
    assert len(deleted(api)) == 25


def test_the_jobs_of_a_folder_have_one_name_by_which_they_are_cancelled(api: FakeApi, folder: Path) -> None:
    for number in range(100):
        (folder / f"{number:03}.png").write_bytes(b"x")
    running = [ingest_job("running", pending=64, job_id=f"j{n}") for n in (1, 2)]
    api.on("POST", "/v1/ingest", *(Reply(job, 202) for job in running))
    for job in running:
        api.on("GET", f"/v1/jobs/{job['id']}", Reply(job))
        api.on("POST", f"/v1/jobs/{job['id']}/cancel", Reply(ingest_job("cancelled", job_id=job["id"])))
    lichtbild("ingest", folder, "--detach", api=api.url)
    (name,) = {seen.query["name"] for seen in api.calls("POST", "/v1/ingest")}

    api.on("GET", "/v1/jobs", Reply({"jobs": running, "next_cursor": None}))
    done = lichtbild("jobs", "--name", name, "--cancel", api=api.url)

    assert done.returncode == 0, done.stderr
    assert done.stdout.count("cancelled") == 2
    assert api.calls("GET", "/v1/jobs")[0].query["name"] == name
    assert [len(api.calls("POST", f"/v1/jobs/{job['id']}/cancel")) for job in running] == [1, 1]


def test_exif_data_are_sent_only_if_they_are_asked_for(api: FakeApi, folder: Path) -> None:
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued", stored=0, pending=3), 202))
    api.on("GET", "/v1/jobs/j1", Reply(ingest_job(stored=3)))
    exif = Image.Exif()
    exif[0x0132] = "2024:05:04 18:30:00"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 0.0, 0.0), 3: "E", 4: (11.0, 30.0, 0.0)})
    (folder / "b.jpg").write_bytes(encoded(Image.new("RGB", (30, 20)), "JPEG", exif=exif))

    for number, (options, expected) in enumerate(
        [((), set()), (("--exif",), {"taken"}), (("--gps",), {"taken", "gps"})]
    ):
        assert lichtbild("ingest", folder, *options, api=api.url).returncode == 0
        assert given(api, number)[1].keys() & {"taken", "gps", "camera"} == expected
    assert given(api, 2)[1]["gps"] == {"lat": 48.0, "lon": 11.5}
    assert lichtbild("ingest", folder, "--gps", "--no-attributes", api=api.url).returncode == 2
