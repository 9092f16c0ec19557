"""The Flask application."""

import logging

from flask import Flask

from api.http import access, problems, request_id
from api.http.lingering_close import Lingering
from api.http.request_id import RequestIds
from api.routes import (
    collections,
    embeddings,
    events,
    health,
    ingest,
    jobs,
    openapi,
    page,
    photos,
    reference,
    samples,
    search,
    thumbnails,
    webhooks,
)
from api.services import Services, install
from shared.settings import Settings, load_settings


def create_app(settings: Settings | None = None) -> Flask:
    """Build the app; settings come from the environment unless given. Raises ConfigurationError."""
    settings = settings or load_settings()
    logging.basicConfig(level=logging.INFO, handlers=[request_id.log_handler()])
    app = Flask("lichtbild", static_folder=None)
    # A photo id may contain "//", which must not be merged to "/".
    app.url_map.merge_slashes = False
    app.wsgi_app = RequestIds(Lingering(app.wsgi_app))  # type: ignore[method-assign]
    app.json.sort_keys = False  # type: ignore[attr-defined]
    install(app.extensions, Services.build(settings))
    access.install(app, settings)
    problems.install(app)
    for module in (
        ingest,
        search,
        embeddings,
        jobs,
        events,
        webhooks,
        photos,
        collections,
        samples,
        thumbnails,
        health,
        openapi,
        page,
        reference,
    ):
        module.routes.install(app)
    return app
