"""`/samples/`: the demo's sample photos, served over HTTP like photos of any host."""

from flask import Blueprint, send_from_directory
from flask.typing import ResponseReturnValue

from api.services import services
from shared.errors import NotFoundError

routes = Blueprint("samples", __name__)


@routes.get("/samples/<path:name>")
def sample(name: str) -> ResponseReturnValue:
    folder = services().settings.samples_folder
    if not folder:
        raise NotFoundError("No sample photos are served: LICHTBILD_SAMPLES_FOLDER is not set.")
    return send_from_directory(folder, name, max_age=3600)
