"""Webhooks: the deliveries about a job, and the secret that verifies them."""

from dataclasses import dataclass

from api.http import access, examples
from api.http.operations import Answer, Reply, Routes
from api.services import services
from shared.domain.deliveries import DeliveryList
from shared.domain.documented import Documented
from shared.errors import NotFoundError
from shared.webhook_signing import WebhookSigner, key_id

routes = Routes("webhooks")


@dataclass(frozen=True, slots=True)
class WebhookSecret(Documented):
    """The secret that signs the webhooks about the jobs of an API key."""

    secret: str
    """`whsec_` and base64, as the libraries of standardwebhooks.com take it."""


@routes.get(
    "/v1/jobs/<job_id>/deliveries",
    Answer(200, DeliveryList, "The webhooks about the job.", example=examples.DELIVERIES),
    raises=[NotFoundError],
)
def list_deliveries(job_id: str) -> DeliveryList:
    """List the webhooks about a job, each with the attempts to deliver it."""
    found = services().deliveries.of_job(job_id)
    if not found:
        # Webhooks may wait longer than their job is kept.
        services().jobs.get(job_id)
    return DeliveryList(found)


@routes.get(
    "/v1/webhook-secret",
    Answer(
        200, WebhookSecret, "The secret.", example=WebhookSecret("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=")
    ),
    raises=[NotFoundError],
)
def get_webhook_secret() -> Reply:
    """Return the secret that signs the webhooks about jobs of this request's API key."""
    settings = services().settings
    signer = WebhookSigner.from_settings(settings)
    if signer is None:
        raise NotFoundError("LICHTBILD_WEBHOOK_SECRET is not set, so there are no webhooks.")
    if not settings.api_keys:
        raise NotFoundError(
            "LICHTBILD_API_KEYS is not set: webhooks are signed by LICHTBILD_WEBHOOK_SECRET itself, which this route "
            "does not return."
        )
    secret = signer.secret(key_id(access.given_key()))
    return Reply(WebhookSecret(secret), headers={"Cache-Control": "no-store"})
