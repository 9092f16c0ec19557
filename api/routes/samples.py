"""`/samples/`: the demo's sample photos, served over HTTP as any image host serves its photos."""

from flask import Response, send_from_directory

from api.http.operations import Answer, Routes
from api.services import services
from shared.errors import NotFoundError

routes = Routes("samples")


@routes.get(
    "/samples/<path:name>",
    Answer(200, None, "The picture.", "image/jpeg"),
    Answer(304, None, "Not modified."),
    raises=[NotFoundError],
)
def get_sample(name: str) -> Response:
    """Return a sample photo."""
    folder = services().settings.samples_folder
    if not folder:
        raise NotFoundError("No sample photos are served: LICHTBILD_SAMPLES_FOLDER is not set.")
    return send_from_directory(folder, name, max_age=3600)
