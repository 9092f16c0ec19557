"""Where a worker reads an item's bytes, and what it keeps of an upload."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from shared.addresses.address_policy import AddressPolicy
from shared.domain.items import Item
from shared.errors import ItemError, UnavailableError
from shared.uploads.thumbnails import Thumbnails
from tests.pictures import photo
from tests.worker.spooled import JOB, put
from worker.fetch.fetcher import Fetcher
from worker.images.decoder import decode
from worker.ingest.image_sources import ImageSources, stored_url

HASH = b"\x07" * 32


def sources(settings) -> ImageSources:
    fetcher = Fetcher(settings, AddressPolicy(settings.fetch_allow), 32)
    return ImageSources(settings, fetcher, ThreadPoolExecutor(1))


def read(worker: ImageSources, item: Item) -> bytes:
    return worker.submit(item, lambda download: download.content).result(30)


def test_an_upload_is_read_gets_a_thumbnail_and_is_removed(with_uploads, spool):
    worker = sources(with_uploads)
    first, second = put(spool, JOB, 2)

    content = read(worker, first)
    url = stored_url(first, "mine", HASH)
    worker.keep_thumbnail(first, "mine", HASH, decode(content, 10**8))

    assert content == photo(0)
    assert url == f"/thumbnails/p0?collection=mine&v={HASH.hex()[:32]}"
    assert (
        Thumbnails.from_settings(with_uploads).find("mine", "p0", HASH.hex()[:32]).read_bytes()[:3] == b"\xff\xd8\xff"
    )
    # A chunk that is done again finds the bytes still there.
    worker.keep_thumbnail(first, "mine", HASH, decode(read(worker, first), 10**8))
    worker.forget([first, Item("u", "http://h/u", {})])
    with pytest.raises(ItemError) as gone:
        read(worker, first)
    assert (gone.value.code, gone.value.retryable) == ("upload_gone", False)
    assert read(worker, second) == photo(1)


def test_an_item_with_a_url_is_fetched_and_keeps_it(with_uploads, image_server):
    image_server.answers["/a"] = photo()
    item = Item("a", f"{image_server.url}/a", {})
    worker = sources(with_uploads)
    assert read(worker, item) == photo()
    worker.keep_thumbnail(item, "photos", HASH, decode(photo(), 10**8))
    assert stored_url(item, "photos", HASH) == item.url
    assert not list(Path(with_uploads.uploads_folder).rglob("*.jpg"))
    worker.forget([item])


def test_without_the_uploads_folder_the_worker_is_unavailable_and_no_item_fails(settings, with_uploads, spool):
    (item,) = put(spool, JOB)
    with pytest.raises(UnavailableError, match="LICHTBILD_UPLOADS_FOLDER"):
        read(sources(settings), item)
