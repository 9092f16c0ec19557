"""Webhooks of real processes: one is killed in the middle of a request, and a worker sends what waits."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from shared.doorbell import celery_app
from tests.webhook_receiver import SECRET
from worker.services import build_ingest

SENDER = """
from shared.addresses.address_policy import AddressPolicy
from shared.ledger.connection import connect
from shared.ledger.deliveries import DeliveryLedger
from shared.settings import load_settings
from shared.webhook_signing import WebhookSigner
from worker.fetch.connections import Dialler
from worker.webhooks.poster import Poster
from worker.webhooks.sender import WebhookSender

settings = load_settings()
ledger = DeliveryLedger(connect(settings), settings)
poster = Poster(Dialler(AddressPolicy(settings.fetch_allow)))
WebhookSender(ledger, poster, WebhookSigner.from_settings(settings)).send_due()
"""


def test_a_webhook_whose_sender_is_killed_is_sent_by_another(
    submit, finish, sender, receiver, deliveries, settings, let_time_pass
):
    job_id = submit()
    finish()
    killed = threading.Event()

    def kill() -> None:
        if not killed.is_set():
            os.kill(process.pid, signal.SIGKILL)
            process.wait(10)
            killed.set()

    receiver.before_answer = kill
    environment = {
        **os.environ,
        "LICHTBILD_REDIS_URL": settings.redis_url.get_secret_value(),
        "LICHTBILD_WEBHOOK_SECRET": SECRET,
        "LICHTBILD_FETCH_ALLOW": "127.0.0.0/8",
    }
    process = subprocess.Popen([sys.executable, "-c", SENDER], env=environment)
    assert killed.wait(60)
    assert process.returncode == -signal.SIGKILL
    assert deliveries.of_job(job_id)[0].status == "waiting"
    assert deliveries.claim() is None
    let_time_pass()
    sender.send_due()
    assert [request.id for request in receiver.requests] == [f"msg_{job_id}_1"] * 2
    assert all(request.verified()["data"]["id"] == job_id for request in receiver.requests)
    assert deliveries.of_job(job_id)[0].status == "delivered"


@pytest.mark.parametrize("is_on", [True, False])
def test_a_worker_sends_webhooks_if_it_has_a_secret(submit, finish, receiver, deliveries, settings, is_on):
    settings = settings if is_on else settings.model_copy(update={"webhook_secret": ()})
    worker = build_ingest(settings, celery_app(settings), "test")
    worker.lifecycle.start()
    try:
        job_id = submit()
        finish()
        if not is_on:
            assert not any(thread.name.startswith("webhooks") for thread in threading.enumerate())
            return
        deadline = time.monotonic() + 30
        while deliveries.of_job(job_id)[0].status != "delivered":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert receiver.events == ["job.succeeded"]
    finally:
        worker.lifecycle.close()
