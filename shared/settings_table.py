"""`python -m shared.settings_table FILE`: writes the table of all settings between the two marks of a page."""

import sys
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from shared.settings import Settings

BEGIN, END = "<!-- settings: made by `make docs` -->", "<!-- end of settings -->"


def settings_table() -> str:
    """One row per setting, in the class' order."""
    rows = [
        f"| `LICHTBILD_{name.upper()}` | {_default(field.default)} | {field.description} |"
        for name, field in Settings.model_fields.items()
    ]
    return "\n".join(["| variable | default | meaning |", "|---|---|---|", *rows])


def with_table(page: str) -> str:
    """The page with an updated table between the marks. Raises ValueError for a page without them."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"The page needs the marks {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n{settings_table()}\n{END}{after}"


def _default(value: Any) -> str:
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, tuple):
        value = ",".join(value)
    return f"`{value}`" if value not in ("", {}) else "empty"


if __name__ == "__main__":
    path = Path(sys.argv[1])
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
