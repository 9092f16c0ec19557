"""Sends the webhooks that are due."""

import json
import logging
import threading
import time
from collections.abc import Callable

from shared.domain.answer_json import to_json
from shared.domain.deliveries import Attempt
from shared.domain.job_view import job_view
from shared.errors import ItemError
from shared.ledger.deliveries import DeliveryClaim, DeliveryLedger, Next
from shared.webhook_signing import WebhookSigner
from worker.webhooks.backoff import DAY_SECONDS, after_answer, without_answer
from worker.webhooks.poster import Poster

log = logging.getLogger(__name__)

# Maximum wait for a bell: the delay of a webhook whose bell is lost.
_POLL_SECONDS = 1.0
# Servers that do not answer occupy at most this many threads of a worker.
THREADS = 4


class WebhookSender:
    """Each of its threads sends one webhook at a time. `clock` is the time of day in seconds, for the signature."""

    def __init__(
        self, ledger: DeliveryLedger, poster: Poster, signer: WebhookSigner, clock: Callable[[], float] = time.time
    ) -> None:
        self._ledger = ledger
        self._poster = poster
        self._signer = signer
        self._clock = clock
        self.stopping = threading.Event()

    def wait_and_send(self) -> None:
        """Wait up to a second for a bell, then send what is due. Raises RedisError."""
        self._ledger.wait(_POLL_SECONDS)
        self.send_due()

    def send_due(self) -> None:
        """Send the webhooks that are due, until none is or `stopping` is set. Raises RedisError."""
        while not self.stopping.is_set() and (claim := self._ledger.claim()) is not None:
            self.send(claim)

    def send(self, claim: DeliveryClaim) -> None:
        """Make one attempt and record it. Raises RedisError: then the attempt is made again once the claim expires."""
        if claim.age_seconds > DAY_SECONDS:
            self._settle(claim, None, Next("failed"))
            return
        body = payload(claim)
        headers = self._signer.headers(claim.message_id, self._clock(), body, claim.callback.key_id)
        started = time.monotonic()
        status = error = None
        try:
            answer = self._poster.post(claim.callback.url, body.encode(), headers)
        except ItemError as failure:
            error = failure.code
            then = without_answer(claim.attempts, claim.age_seconds)
        else:
            status = answer.status
            then = after_answer(status, answer.retry_after, claim.attempts, claim.age_seconds)
        attempt = Attempt(claim.claimed, round(time.monotonic() - started, 3), status, error)
        self._settle(claim, attempt, then)

    def _settle(self, claim: DeliveryClaim, attempt: Attempt | None, then: Next) -> None:
        if not self._ledger.settle(claim, attempt, then):
            return
        # The URL is not logged: it may contain a receiver's token.
        outcome = (attempt.error or attempt.status_code) if attempt else "no attempt in time"
        if then.end == "delivered":
            log.info("Webhook %s is delivered.", claim.message_id)
        elif then.end == "failed":
            log.warning("Webhook %s has failed (%s).", claim.message_id, outcome)
        else:
            log.info("Webhook %s: %s; next attempt in %.0f s.", claim.message_id, outcome, then.delay_seconds)


def payload(claim: DeliveryClaim) -> str:
    """The JSON body: type, time of the event, and the job at that time."""
    view = to_json(job_view(claim.job, claim.callback.api))
    body = {"type": f"job.{claim.event}", "timestamp": to_json(claim.created), "data": view}
    return json.dumps(body, separators=(",", ":"))
