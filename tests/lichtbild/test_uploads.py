"""The pictures of a folder, their ids, and their windows."""

import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.formparser import parse_form_data

from lichtbild import Client, InvalidItem, uploads
from lichtbild.folder import FolderScan, left_out_in_words
from lichtbild.uploads import Picture, Window, id_problem, windows
from shared.domain.items import photo_id_problem
from tests.lichtbild.fake_api import FakeApi, Reply, ingest_job


def pictures_in(folder: Path) -> list[Picture]:
    return list(FolderScan(folder).pictures())


def ids(folder: Path) -> list[str]:
    return [picture.id for picture in pictures_in(folder)]


def write(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


def test_the_images_of_a_folder_are_found_below_it_in_order(tmp_path):
    write(tmp_path, "b.JPG", "a/z.png", "a/b/c.webp", "a.jpeg", "notes.txt", ".hidden.jpg", ".git/x.jpg", "a/.x/y.jpg")

    assert ids(tmp_path) == ["a.jpeg", "a/b/c.webp", "a/z.png", "b.JPG"]
    assert [picture.read() for picture in pictures_in(tmp_path)] == [name.encode() for name in ids(tmp_path)]
    assert pictures_in(tmp_path / "a" / "b") == [Picture("c.webp", tmp_path / "a" / "b" / "c.webp")]


def test_links_do_not_lead_out_of_the_folder_or_in_circles(tmp_path):
    folder = tmp_path / "folder"
    write(tmp_path, "secret.jpg", "outside/x.jpg", "folder/a.jpg", "folder/sub/b.jpg")
    (folder / "out.jpg").symlink_to(tmp_path / "secret.jpg")
    (folder / "outside").symlink_to(tmp_path / "outside")
    (folder / "circle").symlink_to(folder)
    (folder / "self.jpg").symlink_to(folder / "self.jpg")
    (folder / "gone.jpg").symlink_to(folder / "nothing.jpg")
    (folder / "in.jpg").symlink_to(folder / "sub" / "b.jpg")
    os.mkfifo(folder / "pipe.jpg")

    assert ids(folder) == ["a.jpg", "in.jpg", "sub/b.jpg"]
    # The folder itself may be named by a link.
    (tmp_path / "link").symlink_to(folder)
    assert ids(tmp_path / "link") == ids(folder)


def test_what_is_left_out_is_counted_by_suffix_and_system_files_are_not(tmp_path):
    names = ("a.jpg", "IMG_1.HEIC", "b.NEF", "c.jxl", "d.heic", "notes", "@eaDir/a.jpg/SYNOPHOTO_THUMB_M.jpg")
    hidden = ("#recycle/x.jpg", ".DS_Store", "._a.jpg", ".thumbnails/x.jpg", "Thumbs.db", "desktop.ini")
    write(tmp_path, *names, *hidden, "Previews.lrdata/x.jpg", "$RECYCLE.BIN/x.jpg", "__MACOSX/._a.jpg")
    (tmp_path / "away").symlink_to(tmp_path.parent)
    scan = FolderScan(tmp_path)

    assert [picture.id for picture in scan.pictures()] == ["a.jpg"]
    assert left_out_in_words(scan) == (
        "6 files left out: 2 .heic, 1 .jxl, 1 .nef, 1 without suffix, 1 link out of the folder"
    )


def test_ids_are_in_normal_form_c_and_of_two_forms_of_one_name_one_is_named(tmp_path):
    composed, decomposed = "Gr\u00fc\u00dfe.jpg", "Gru\u0308\u00dfe.jpg"
    write(tmp_path, decomposed, "b.jpg")
    assert sorted(ids(tmp_path)) == sorted(["b.jpg", composed])
    write(tmp_path, composed)
    scan = FolderScan(tmp_path)
    assert sorted(picture.id for picture in scan.pictures()) == sorted(["b.jpg", composed])
    assert len(scan.unreadable) == 1


def test_patterns_exclude_files_and_folders_by_name_or_path(tmp_path):
    write(tmp_path, "a.jpg", "a.png", "raw/b.jpg", "x/raw/c.jpg", "x/drafts/d.jpg", "drafts/e.jpg")
    scan = FolderScan(tmp_path, prefix="2024/", exclude=("*.png", "raw", "drafts/*"))
    assert [picture.id for picture in scan.pictures()] == ["2024/a.jpg", "2024/x/drafts/d.jpg"]


def test_a_part_that_cannot_be_read_is_named_and_the_rest_is_found(tmp_path, monkeypatch):
    write(tmp_path, "a.jpg", "locked/b.jpg", "z/c.jpg")
    scandir = os.scandir

    def failing(path):
        if Path(path).name == "locked":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", failing)
    scan = FolderScan(tmp_path)

    assert [picture.id for picture in scan.pictures()] == ["a.jpg", "z/c.jpg"]
    assert scan.unreadable == {"locked": "it cannot be read: Permission denied"}


def test_windows_are_bounded_by_count_and_by_bytes(monkeypatch):
    monkeypatch.setattr(uploads, "WINDOW_COUNT", 3)
    monkeypatch.setattr(uploads, "WINDOW_BYTES", 10)
    sizes = [1, 1, 1, 1, 9, 1, 50, 0]
    pictures = [Picture(str(number), b"x" * size) for number, size in enumerate(sizes)]

    cut = list(windows(pictures))

    assert [[len(picture.read()) for picture in window.pictures] for window in cut] == [
        [1, 1, 1],
        [1, 9],
        [1],
        [50],
        [0],
    ]
    assert len({window.key for window in cut}) == len(cut)


@given(st.text(min_size=1, max_size=40).filter(lambda name: photo_id_problem(name) is None), st.binary(max_size=99))
def test_any_id_and_any_bytes_arrive_as_they_were(photo_id, content):
    body, content_type = Window.from_pictures([Picture(photo_id, content)]).body()
    environ = {
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "CONTENT_TYPE": content_type,
        "REQUEST_METHOD": "POST",
    }

    _, form, files = parse_form_data(environ)

    assert (list(form), [(file.name, file.filename, file.read()) for file in files.getlist("images")]) == (
        [],
        [("images", photo_id, content)],
    )


@pytest.mark.parametrize("name", ["a\x01b", "\udcff.jpg", "ü" * 129])
def test_names_that_cannot_be_ids_are_found_before_sending(name):
    assert id_problem(name) is not None
    assert photo_id_problem(name) is not None


@pytest.mark.parametrize("as_text", [False, True])
def test_a_picture_may_be_given_as_an_id_and_a_path(api: FakeApi, client: Client, tmp_path: Path, as_text: bool):
    write(tmp_path, "a.jpg")
    api.on("POST", "/v1/ingest", Reply(ingest_job("queued"), 202))

    client.upload([("my-id", str(tmp_path / "a.jpg") if as_text else tmp_path / "a.jpg")])

    body = api.calls("POST", "/v1/ingest")[0].body
    assert b"my-id" in body
    assert b"\r\n\r\na.jpg\r\n" in body


@pytest.mark.parametrize("pictures", ["one.jpg", Path("one.jpg"), [("id",)], [("id", 5)], [5]])
def test_anything_else_than_pictures_is_refused(client: Client, pictures: object):
    with pytest.raises(InvalidItem, match="picture"):
        client.upload(pictures)
