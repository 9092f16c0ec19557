"""Shared by the routes that start a job with a callback."""

from api.http.access import given_key
from api.intake.callbacks import GivenCallback
from api.routes.address import api_url
from api.services import services
from shared.domain.callback import Callback


def accepted_callback(given: GivenCallback) -> Callback | None:
    """The callback of the current request. Raises InvalidRequestError and OverloadedError."""
    return services().callbacks.accept(given, api_url(), given_key())
