"""The address under which clients reach the API, for the links in answers."""

from flask import request

from api.services import services


def api_url() -> str:
    """LICHTBILD_PUBLIC_URL, or the scheme and host of the current request; without a slash at the end."""
    return services().settings.public_url or request.url_root.rstrip("/")


def job_url(job_id: str) -> str:
    """The address of a job, as in its `links`."""
    return f"{api_url()}/v1/jobs/{job_id}"
