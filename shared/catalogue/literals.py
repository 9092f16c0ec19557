"""Lists of ids as SQL.

They are part of the text and not parameters, since the driver encodes parameters letter by letter.
"""

import base64
import json
from collections.abc import Iterable


def strings(values: Iterable[str]) -> str:
    """An Array(String). In base64, no value can leave the literal, whatever its letters."""
    encoded = base64.b64encode(json.dumps(list(values)).encode()).decode()
    return f"JSONExtract(base64Decode('{encoded}'), 'Array(String)')"
