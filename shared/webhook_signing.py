"""Signatures of webhooks by the Standard Webhooks rules (standardwebhooks.com, version 1)."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime

from standardwebhooks import Webhook

from shared.settings import Settings

_PREFIX = "whsec_"
_KEY_ID_BYTES = 16


class WebhookSigner:
    """Signs with each of the secrets, so that a receiver may know the old or the new one while a secret is replaced.

    With API keys, each key has secrets of its own, derived from those of the setting: who knows one key's secret can
    forge no webhook to the receiver of another key.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        """`secrets` begin with `whsec_`, the newest first."""
        self._secrets = secrets

    @classmethod
    def from_settings(cls, settings: Settings) -> "WebhookSigner | None":
        """None without LICHTBILD_WEBHOOK_SECRET: callbacks are off."""
        secrets = [secret.get_secret_value() for secret in settings.webhook_secret]
        return cls(secrets) if secrets else None

    def secret(self, key_id: str) -> str:
        """The newest secret of an API key; with an empty `key_id` that of the setting."""
        return _derived(self._secrets[0], key_id)

    def headers(self, message_id: str, timestamp: float, body: str, key_id: str) -> dict[str, str]:
        """The headers that identify and sign an attempt. `timestamp` is in seconds since the epoch."""
        at = datetime.fromtimestamp(int(timestamp), UTC)
        signatures = [Webhook(_derived(secret, key_id)).sign(message_id, at, body) for secret in self._secrets]
        return {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(timestamp)),
            "webhook-signature": " ".join(signatures),
        }


def key_id(api_key: str) -> str:
    """The name of an API key in the ledger, from which the key cannot be computed."""
    return hashlib.sha256(f"lichtbild webhook key {api_key}".encode()).hexdigest()[: 2 * _KEY_ID_BYTES]


def _derived(secret: str, key_id: str) -> str:
    if not key_id:
        return secret
    master = base64.b64decode(secret.removeprefix(_PREFIX))
    return _PREFIX + base64.b64encode(hmac.digest(master, key_id.encode(), "sha256")).decode()
