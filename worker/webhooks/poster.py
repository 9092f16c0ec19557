"""Posts to an allowed address: one attempt, no redirects."""

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass

from shared.addresses.origin import origin_and_target
from worker.fetch.connections import Connection, Dialler
from worker.fetch.exchange import classified, retry_after

# From the look-up of the name to the header of the answer. Less than the 12 s in which a worker drains, and than the
# lease of a claim.
ATTEMPT_SECONDS = 10.0
_HEADERS = {"User-Agent": "Lichtbild/0.1 (webhooks)", "Content-Type": "application/json", "Accept-Encoding": "identity"}


@dataclass(frozen=True, slots=True)
class Answer:
    """The receiver's status, and its `Retry-After` in seconds, 0 without one."""

    status: int
    retry_after: float


class Poster:
    """Resolves the name and checks the addresses at each attempt: the answer may differ from an earlier one.
    Thread-safe."""

    def __init__(self, dialler: Dialler, seconds: float = ATTEMPT_SECONDS) -> None:
        self._dialler = dialler
        self._seconds = seconds

    def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post a JSON body. The body of the answer is not read.

        Raises ItemError if there is no answer: `blocked_address`, `timeout`, `connection_failed` …
        """
        try:
            origin, target = origin_and_target(url)
            connection = Connection(origin, self._dialler)
            connection.expire_at(time.monotonic() + self._seconds)
            try:
                connection.request("POST", target, body, {**_HEADERS, **headers})
                response = connection.getresponse()
                return Answer(response.status, retry_after(response.getheader("retry-after", "")))
            finally:
                connection.close()
        except (http.client.HTTPException, OSError, ValueError) as error:
            raise classified(error) from error
