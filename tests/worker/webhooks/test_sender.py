"""Webhooks reach a receiver that verifies them: one id for each event, repeated until it is accepted, for a day."""

import time
from datetime import datetime

import pytest
from standardwebhooks import WebhookVerificationError

from shared.domain.items import Failure, Outcome
from shared.domain.queries import Query, Term
from shared.errors import LichtbildError
from shared.ledger import keys
from shared.webhook_signing import WebhookSigner
from tests.webhook_receiver import SECRET, receiving
from tests.worker.webhooks.conftest import API, callback
from worker.webhooks.backoff import DAY_SECONDS
from worker.webhooks.sender import WebhookSender


def test_a_finished_ingest_is_reported_once(submit, finish, sender, receiver, deliveries, jobs):
    job_id = submit()
    finish()
    sender.send_due()
    sender.send_due()
    (request,) = receiver.requests
    sent = request.verified()
    assert request.id == f"msg_{job_id}_1"
    assert (request.path, request.headers["content-type"]) == ("/hook", "application/json")
    assert sent["type"] == "job.succeeded"
    assert datetime.fromisoformat(sent["timestamp"]) == jobs.get(job_id).finished
    assert (sent["data"]["id"], sent["data"]["status"], sent["data"]["progress"]["stored"]) == (job_id, "succeeded", 2)
    assert sent["data"]["links"]["self"] == f"{API}/v1/jobs/{job_id}"
    (delivery,) = deliveries.of_job(job_id)
    assert (delivery.id, delivery.event, delivery.status) == (request.id, "succeeded", "delivered")
    assert delivery.next_attempt_at is None
    assert [(attempt.status_code, attempt.error) for attempt in delivery.attempts] == [(204, None)]
    assert deliveries.waiting() == 0


def test_each_event_has_its_own_webhook_with_the_job_of_that_moment(submit, finish, sender, receiver, ingests, jobs):
    paused, failed, cancelled = submit(), submit(), submit()
    jobs.pause(paused)
    jobs.resume(paused)
    ingests.fail_job(failed, "model_mismatch", "another model")
    jobs.cancel(cancelled)
    jobs.cancel(cancelled)
    finish()
    sender.send_due()
    sent = {request.id: request.verified() for request in receiver.requests}
    assert len(sent) == len(receiver.requests)
    assert {number: (body["type"], body["data"]["status"]) for number, body in sent.items()} == {
        f"msg_{paused}_1": ("job.paused", "paused"),
        f"msg_{paused}_2": ("job.succeeded", "succeeded"),
        f"msg_{failed}_1": ("job.failed", "failed"),
        f"msg_{cancelled}_1": ("job.cancelled", "cancelled"),
    }
    assert sent[f"msg_{failed}_1"]["data"]["error"]["code"] == "model_mismatch"


def test_a_job_that_pauses_itself_is_reported(ingests, sender, receiver, submit, monkeypatch):
    monkeypatch.setattr("shared.ledger.ingest.MIN_JUDGED_ITEMS", 1)
    submit(max_failed_ratio=0.0)
    fail_next(ingests)
    sender.send_due()
    (request,) = receiver.requests
    assert request.verified()["data"]["error"]["code"] == "too_many_failures"


def test_only_the_events_that_are_asked_for_are_sent(submit, finish, sender, receiver, jobs):
    job_id = submit("failed", "succeeded")
    jobs.pause(job_id)
    jobs.resume(job_id)
    finish()
    sender.send_due()
    assert receiver.events == ["job.succeeded"]


def test_searches_are_reported_with_their_result(searches, sender, receiver, jobs):
    answered, late, large = (ask(searches, receiver) for _ in range(3))
    searches.complete(answered, {"hits": [], "model": "m"})
    searches.fail(late, LichtbildError("no worker"))
    searches.complete(large, {"hits": [], "model": "m" * 40_000})
    sender.send_due()
    sent = {body["data"]["id"]: body for body in (request.verified() for request in receiver.requests)}
    assert sent[answered]["data"]["result"] == {"hits": [], "model": "m"}
    assert (sent[late]["type"], sent[late]["data"]["error"]["code"]) == ("job.failed", "internal")
    assert (sent[large]["type"], sent[large]["data"]["result"]) == ("job.succeeded", None)
    assert jobs.get(large).result["model"] == "m" * 40_000


def test_a_receiver_that_fails_gets_the_same_webhook_again(submit, finish, sender, receiver, deliveries, let_time_pass):
    receiver.statuses = [500, 302, 404]
    receiver.headers = {"Location": receiver.url + "/elsewhere"}
    job_id = submit()
    finish()
    for _ in range(5):
        sender.send_due()
        let_time_pass()
    (delivery,) = deliveries.of_job(job_id)
    assert [attempt.status_code for attempt in delivery.attempts] == [500, 302, 404, 204]
    assert {request.id for request in receiver.requests} == {delivery.id}
    assert {request.path for request in receiver.requests} == {"/hook"}, "a redirect is not followed"
    assert len({request.body for request in receiver.requests}) == 1
    assert delivery.status == "delivered"


def test_a_webhook_that_was_not_accepted_waits(submit, finish, sender, receiver, deliveries):
    receiver.statuses, receiver.headers = [503], {"Retry-After": "120"}
    job_id = submit()
    finish()
    sender.send_due()
    sender.send_due()
    (delivery,) = deliveries.of_job(job_id)
    assert len(receiver.requests) == 1
    assert delivery.status == "waiting"
    assert (delivery.next_attempt_at - delivery.attempts[0].at).total_seconds() == pytest.approx(120, abs=5)
    assert deliveries.waiting() == 1


def test_a_receiver_that_is_gone_ends_it(submit, finish, sender, receiver, deliveries, let_time_pass):
    receiver.statuses = [410]
    job_id = submit()
    finish()
    sender.send_due()
    let_time_pass()
    sender.send_due()
    (delivery,) = deliveries.of_job(job_id)
    assert (delivery.status, len(receiver.requests), deliveries.waiting()) == ("failed", 1, 0)


def test_after_a_day_it_is_given_up(submit, finish, sender, receiver, deliveries, let_time_pass, connection):
    receiver.statuses = [500] * 3
    job_id = submit()
    finish()
    sender.send_due()
    let_time_pass()
    connection.hincrby(keys.deliveries(job_id), "1:created", -round((DAY_SECONDS + 1) * 1000))
    sender.send_due()
    (delivery,) = deliveries.of_job(job_id)
    assert (delivery.status, len(receiver.requests), deliveries.waiting()) == ("failed", 1, 0)
    let_time_pass()
    assert deliveries.claim() is None


def test_a_worker_that_is_lost_between_claim_and_sending_loses_nothing(
    submit, finish, sender, receiver, deliveries, let_time_pass
):
    job_id = submit()
    finish()
    lost = deliveries.claim()
    assert deliveries.claim() is None, "a claimed webhook is not given out twice"
    sender.send_due()
    assert not receiver.requests
    let_time_pass()
    sender.send_due()
    assert [request.id for request in receiver.requests] == [lost.message_id] == [f"msg_{job_id}_1"]
    # The lost worker was only asleep: what it sends has the same id, and counts nothing twice.
    sender.send(lost)
    assert {request.id for request in receiver.requests} == {lost.message_id}
    (delivery,) = deliveries.of_job(job_id)
    assert (delivery.status, len(delivery.attempts), deliveries.waiting()) == ("delivered", 1, 0)


def test_an_old_signature_is_refused_by_the_receiver(submit, finish, deliveries, sender, receiver, settings):
    """The receiver's library accepts five minutes; a replayed request is older."""
    long_ago = WebhookSender(
        deliveries, sender._poster, WebhookSigner.from_settings(settings), clock=lambda: time.time() - 301
    )
    job_id = submit()
    finish()
    long_ago.send_due()
    (request,) = receiver.requests
    with pytest.raises(WebhookVerificationError, match="too old"):
        request.verified()
    assert deliveries.of_job(job_id)[0].attempts[0].status_code == 400


def test_a_request_that_was_changed_or_signed_by_another_secret_is_refused(submit, finish, sender, receiver):
    submit()
    finish()
    sender.send_due()
    (request,) = receiver.requests
    assert request.verified()
    for name, value in (("webhook-id", "msg_other_1"), ("webhook-timestamp", str(int(time.time()) - 1))):
        kept, request.headers[name] = request.headers[name], value
        with pytest.raises(WebhookVerificationError):
            request.verified()
        request.headers[name] = kept
    with pytest.raises(WebhookVerificationError):
        request.verified(SECRET[:-4] + "AAAA")
    request.body = request.body.replace(b"succeeded", b"cancelled")
    with pytest.raises(WebhookVerificationError):
        request.verified()


def test_a_receiver_that_does_not_answer_delays_no_other(
    ingests, submit, finish, sender, receiver, deliveries, connection
):
    with receiving() as other:
        dead_url = other.url
    dead = [submit(url=dead_url) for _ in range(5)]
    alive = [submit() for _ in range(5)]
    finish()
    sender.send_due()
    assert len(receiver.requests) == len(alive)
    attempts = [attempt for job_id in dead for attempt in deliveries.of_job(job_id)[0].attempts]
    assert [(attempt.status_code, attempt.error) for attempt in attempts] == [(None, "connection_failed")]
    assert deliveries.waiting() == len(dead)


def test_webhooks_to_one_server_are_sent_one_after_the_other(submit, finish, sender, receiver, deliveries):
    seen = []

    def another_job_ends() -> None:
        if len(seen) < 3:
            submit()
            finish()
            seen.append(deliveries.claim())

    receiver.before_answer = another_job_ends
    submit()
    finish()
    sender.send_due()
    assert seen == [None] * 3
    assert len(receiver.requests) == 4


def test_the_records_are_kept_as_long_as_the_job_and_no_longer(
    submit, finish, searches, sender, receiver, connection, settings, let_time_pass
):
    ingest, search = submit(), ask(searches, receiver)
    finish()
    searches.complete(search, {"hits": []})
    assert all(connection.ttl(keys.deliveries(job_id)) >= 90_000 - 5 for job_id in (ingest, search))
    sender.send_due()
    assert connection.ttl(keys.deliveries(ingest)) == pytest.approx(settings.ingest_retention_seconds, abs=5)
    assert connection.ttl(keys.deliveries(search)) == pytest.approx(settings.search_retention_seconds, abs=5)
    let_time_pass()
    sender.send_due()
    left = {key.decode() for key in connection.scan_iter("*deliver*")}
    assert left == {
        *(keys.deliveries(job_id) for job_id in (ingest, search)),
        keys.DELIVERIES_WAITING,
        keys.DELIVERY_BELL,
    }


def test_a_record_that_expired_is_dropped(submit, finish, deliveries, connection):
    job_id = submit()
    finish()
    connection.delete(keys.deliveries(job_id))
    assert deliveries.claim() is None
    assert deliveries.waiting() == 0
    assert not connection.exists(keys.DELIVERY_ORIGINS)


def test_a_job_that_is_paused_without_end_has_a_hundred_webhooks_and_its_last_one(submit, jobs, deliveries):
    job_id = submit()
    for _ in range(105):
        jobs.pause(job_id)
        jobs.resume(job_id)
    jobs.cancel(job_id)
    found = deliveries.of_job(job_id)
    assert [delivery.event for delivery in found] == ["paused"] * 100 + ["cancelled"]
    assert deliveries.waiting() == 101


def test_the_bell_rings(submit, finish, deliveries, connection):
    submit()
    submit()
    finish()
    assert connection.llen(keys.DELIVERY_BELL) == 1
    deliveries.wait(10)
    assert connection.llen(keys.DELIVERY_BELL) == 0


def fail_next(ingests) -> None:
    claim = ingests.claim()
    ingests.settle(claim, Outcome(0, 0, [Failure(item, "http_404", "x", 1) for item in claim.items], 0, {}))


def ask(searches, receiver) -> str:
    return searches.enqueue(Query((Term("text", "a"),), 5, "photos"), {}, callback=callback(receiver.url)).job_id
