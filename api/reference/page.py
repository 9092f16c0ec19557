"""The HTML of the page, rendered on the server: it needs no script."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from api.reference.view import View

FOLDER = Path(__file__).parent
_TEMPLATES = Environment(
    loader=FileSystemLoader(FOLDER), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_TEMPLATES.filters["breakable"] = lambda path: Markup("<wbr>/").join(path.split("/"))


def render(document: Mapping[str, Any], address: str) -> str:
    """The page that shows `document`; `address` is that of the API."""
    page = _TEMPLATES.get_template("reference.html")
    return page.render(info=document["info"], view=View(document, address), address=address)
