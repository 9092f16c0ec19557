"""Posts to an allowed address: one attempt, no redirects."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from shared.addresses.web_url import parse_web_url
from worker.fetch.connections import Connection, Dialler
from worker.fetch.exchange import classified, retry_after
from worker.fetch.request import header_lines
from worker.fetch.response import read_head

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
            asked = parse_web_url(url)
            connection = Connection(asked.origin, self._dialler)
            target, given = asked.target, {"Host": asked.origin.netloc, "Content-Length": str(len(body)), **headers}
            if connection.proxy is not None:
                # As a proxy expects it (RFC 9112, 3.2.2).
                target, given = str(asked), given | connection.proxy.headers()
            try:
                stream = connection.opened(time.monotonic() + self._seconds)
                lines = header_lines({**_HEADERS, **given})
                stream.send(f"POST {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body)
                head = read_head(stream)
                return Answer(head.status, retry_after(head.headers.get("retry-after", "")))
            finally:
                connection.close()
        except (OSError, ValueError) as error:
            raise classified(error) from error
