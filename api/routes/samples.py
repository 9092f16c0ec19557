"""`/samples/`: the demo's sample photos, served over HTTP like anybody's photos."""

from flask import Blueprint, send_from_directory
from flask.typing import ResponseReturnValue

from api.services import services
from shared.errors import NotFoundError

routes = Blueprint("samples", __name__)


@routes.get("/samples/<path:name>")
def sample(name: str) -> ResponseReturnValue:
    folder = services().settings.samples_folder
    if not folder:
        raise NotFoundError("No sample photos are served here (LICHTBILD_SAMPLES_FOLDER).")
    return send_from_directory(folder, name, max_age=3600)
