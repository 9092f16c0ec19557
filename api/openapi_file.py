"""`python -m api.openapi_file FILE`: write the OpenAPI document, as it is committed in docs/openapi.json."""

import json
import sys
from pathlib import Path

from api.app import create_app
from api.http.openapi.document import document
from api.http.operations import operations
from api.routes.openapi import VERSION
from shared.settings import Settings


def text() -> str:
    """The document of this code, without contact to any server."""
    app = create_app(Settings())
    return json.dumps(document(operations(app).values(), VERSION), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(text(), encoding="utf-8")
