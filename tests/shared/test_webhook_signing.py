"""Signatures are those that the `standardwebhooks` package verifies; each API key has a secret of its own."""

import time

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from shared.settings import Settings
from shared.webhook_signing import WebhookSigner, key_id

OLD, NEW = ("whsec_" + letter * 32 for letter in "AB")
BODY = '{"type":"job.succeeded","data":{"name":"ü"}}'


def signer(*secrets: str) -> WebhookSigner:
    made = WebhookSigner.from_settings(Settings(webhook_secret=",".join(secrets)))
    assert made is not None
    return made


def test_without_a_secret_there_is_no_signer():
    assert WebhookSigner.from_settings(Settings()) is None


def test_the_receiver_verifies_what_is_signed():
    headers = signer(NEW).headers("msg_1", time.time(), BODY, "")
    assert Webhook(NEW).verify(BODY.encode(), headers)["data"] == {"name": "ü"}
    assert headers["webhook-id"] == "msg_1"


def test_the_signature_is_that_of_the_specification():
    """The example of its test vectors: secret, id, time, body and signature."""
    made = WebhookSigner(["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])
    headers = made.headers("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, '{"test": 2432232314}', "")
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_is_replaced_receivers_may_know_either():
    headers = signer(NEW, OLD).headers("msg_1", time.time(), BODY, key_id("key"))
    assert headers["webhook-signature"].count("v1,") == 2
    for secret in (NEW, OLD):
        assert Webhook(signer(secret).secret(key_id("key"))).verify(BODY, headers)


def test_the_secret_of_one_key_verifies_nothing_of_another():
    first, second = key_id("first"), key_id("second")
    headers = signer(NEW).headers("msg_1", time.time(), BODY, first)
    secrets = {signer(NEW).secret(name) for name in (first, second, "")}
    assert len(secrets) == 3
    for secret in secrets - {signer(NEW).secret(first)}:
        with pytest.raises(WebhookVerificationError):
            Webhook(secret).verify(BODY, headers)
