"""The ledger of webhooks: those that wait, their claims, and the attempts to deliver them."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, cast

import redis

from shared.domain.callback import Callback, Event
from shared.domain.deliveries import Attempt, Delivery
from shared.domain.job import Job
from shared.ledger import keys, scripts
from shared.ledger.callback_fields import read_callback
from shared.ledger.job_fields import read_job
from shared.settings import Settings

# Longer than an attempt takes. After this time another worker sends the webhook.
LEASE_SECONDS = 30.0
_MAX_ATTEMPTS_KEPT = 100


@dataclass(frozen=True)
class DeliveryClaim:
    """A webhook that one worker sends. `job` is the job at the time of the event.

    `attempts` is the number of attempts, including the one that this claim is for.
    """

    job_id: str
    number: int
    callback: Callback
    event: Event
    job: Job
    created: datetime
    claimed: datetime
    attempts: int
    token: str = field(repr=False)

    @property
    def message_id(self) -> str:
        """The `webhook-id`, one for each event."""
        return _message_id(self.job_id, self.number)

    @property
    def age_seconds(self) -> float:
        """Time from the event to the claim, by the clock of Redis."""
        return (self.claimed - self.created).total_seconds()


@dataclass(frozen=True)
class Next:
    """What follows an attempt: the end, or another attempt after `delay_seconds`. The receiver's server gets no webhook
    for `pause_seconds`.
    """

    end: Literal["delivered", "failed"] | None = None
    delay_seconds: float = 0.0
    pause_seconds: float = 0.0


class DeliveryLedger:
    """Every step is atomic and may be repeated. Every method raises RedisError.

    Webhooks are queued by the steps that end or pause a job (notify.lua), so that none is lost between the two.
    """

    def __init__(self, connection: "redis.Redis", settings: Settings) -> None:
        self._redis = connection
        self._settings = settings
        self._claim = scripts.script(connection, "claim_delivery")
        self._settle = scripts.script(connection, "settle_delivery")

    def wait(self, seconds: float) -> None:
        """Return when a webhook was queued, or after `seconds`."""
        self._redis.blpop([keys.DELIVERY_BELL], timeout=seconds)

    def waiting(self) -> int:
        """The number of webhooks that are neither delivered nor failed."""
        return int(cast(bytes | None, self._redis.get(keys.DELIVERIES_WAITING)) or 0)

    def claim(self) -> DeliveryClaim | None:
        """Claim a webhook that is due; None if there is none. Meanwhile no worker gets another one for its server."""
        token = secrets.token_hex(8)
        found = self._claim(
            keys=[keys.DELIVERY_ORIGINS, keys.DELIVERIES_WAITING],
            args=[keys.PREFIX, token, round(LEASE_SECONDS * 1000)],
        )
        if not found:
            return None
        job_id, number, _, event, created, claimed, attempts, snapshot = found
        fields = json.loads(snapshot)
        return DeliveryClaim(
            job_id=job_id.decode(),
            number=int(number),
            callback=read_callback(fields),
            event=cast(Event, event.decode()),
            job=read_job(fields),
            created=_time(created),
            claimed=_time(claimed),
            attempts=int(attempts),
            token=token,
        )

    def settle(self, claim: DeliveryClaim, attempt: Attempt | None, then: Next) -> bool:
        """Record an attempt (None: there was none) and what follows it. False if another worker has settled or claimed
        the webhook meanwhile.
        """
        origin = claim.callback.origin
        retention = self._settings.ingest_retention_seconds
        if claim.job.kind != "ingest":
            retention = self._settings.search_retention_seconds
        settled = self._settle(
            keys=[
                keys.deliveries(claim.job_id),
                keys.delivery_queue(origin),
                keys.DELIVERY_ORIGINS,
                keys.DELIVERIES_WAITING,
                keys.delivery_lock(origin),
            ],
            args=[
                *(claim.job_id, claim.number, origin, claim.token, claim.attempts),
                *(_pack(attempt) if attempt else "", then.end or ""),
                *(round(then.delay_seconds * 1000), round(then.pause_seconds * 1000)),
                *(retention, _MAX_ATTEMPTS_KEPT),
            ],
        )
        return bool(settled)

    def of_job(self, job_id: str) -> list[Delivery]:
        """The webhooks about a job, oldest first; none if it has no callback or all have expired."""
        raw = cast(dict[bytes, bytes], self._redis.hgetall(keys.deliveries(job_id)))
        fields = {name.decode(): value.decode() for name, value in raw.items()}
        return [self._read(job_id, number, fields) for number in range(1, int(fields.get("count", 0)) + 1)]

    def _read(self, job_id: str, number: int, fields: Mapping[str, str]) -> Delivery:
        status = cast(Literal["waiting", "delivered", "failed"], fields.get(f"{number}:status", "waiting"))
        due: float | None = None
        if status == "waiting":
            origin = json.loads(fields[f"{number}:job"])["callback_origin"]
            due = self._redis.zscore(keys.delivery_queue(origin), f"{job_id} {number}")
        prefix = f"{number}:attempt:"
        attempts = sorted((int(name.removeprefix(prefix)), name) for name in fields if name.startswith(prefix))
        return Delivery(
            id=_message_id(job_id, number),
            event=cast(Event, fields[f"{number}:event"]),
            url=fields["url"],
            status=status,
            created_at=_time(fields[f"{number}:created"]),
            next_attempt_at=_time(due) if due else None,
            attempts=[_unpack(fields[name]) for _, name in attempts],
        )


def _message_id(job_id: str, number: int) -> str:
    return f"msg_{job_id}_{number}"


def _time(milliseconds: bytes | str | float) -> datetime:
    return datetime.fromtimestamp(float(milliseconds) / 1000, UTC)


def _pack(attempt: Attempt) -> str:
    at = round(attempt.at.timestamp() * 1000)
    return json.dumps([at, attempt.seconds, attempt.status_code, attempt.error])


def _unpack(text: str) -> Attempt:
    values: list[Any] = json.loads(text)
    return Attempt(_time(values[0]), *values[1:])
