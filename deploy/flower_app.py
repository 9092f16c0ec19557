"""The Celery application for Flower, with the same broker, key prefix and JSON-only rules as the API and workers."""  # noqa: INP001

from shared.doorbell import celery_app
from shared.settings import load_settings

app = celery_app(load_settings())
