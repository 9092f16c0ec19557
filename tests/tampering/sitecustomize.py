"""Python imports this module at the start of every process that has this folder on its path."""

import io
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from PIL import Image

FOLDER = Path(os.environ["TAMPERING"])

open_image = Image.open


def tampered_open(file: Any, *args: Any, **options: Any) -> Image.Image:
    while (FOLDER / "images-unopened").exists():
        time.sleep(0.02)
    if isinstance(file, io.BytesIO) and file.getvalue() == b"deadly image":
        os.abort()
    return open_image(file, *args, **options)


Image.open = tampered_open

if "worker" in sys.orig_argv:
    from clickhouse_connect.driver.httpclient import HttpClient

    insert = HttpClient.data_insert
    name = sys.orig_argv[sys.orig_argv.index("--name") + 1]

    def tampered_insert(client: HttpClient, context: Any) -> Any:
        switch = FOLDER / f"{name}.stop"
        if not switch.exists():
            return insert(client, context)
        switch.rename(FOLDER / f"{name}.stopped")
        os.kill(os.getpid(), signal.SIGSTOP)
        inserted = insert(client, context)
        (FOLDER / f"{name}.inserted").touch()
        return inserted

    HttpClient.data_insert = tampered_insert
