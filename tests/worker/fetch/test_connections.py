"""Connections that are encrypted: to a server whose certificate the machine trusts, and to one that it does not."""

import shutil
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.addresses.address_policy import AddressPolicy
from shared.errors import ItemError
from shared.settings import Settings
from tests.pictures import photo
from tests.raw_server import talking
from worker.fetch.fetcher import Fetcher

PHOTO = photo(1)
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(PHOTO) + PHOTO

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="no openssl to make a certificate with")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and its certificate for 127.0.0.1, in one file."""
    folder = tmp_path_factory.mktemp("tls")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=lichtbild test"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "certificate.pem"]
    subprocess.run([*made, *names], cwd=folder, check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_bytes((folder / "key.pem").read_bytes() + (folder / "certificate.pem").read_bytes())
    return both


def encrypted(certificate: Path, talk: Callable[[ssl.SSLSocket], None]):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def talk_in_secret(client) -> None:
        with context.wrap_socket(client, server_side=True) as secret:
            talk(secret)

    return talking(talk_in_secret)


def fetcher(**settings) -> Fetcher:
    made = Settings(**{"fetch_allow": ("127.0.0.0/8",), "fetch_attempts": 1, "fetch_concurrency": 1, **settings})
    return Fetcher(made, AddressPolicy(made.fetch_allow), edge=32)


def code_of(url: str, **settings) -> str:
    with pytest.raises(ItemError) as failure:
        fetcher(**settings).fetch(url)
    return failure.value.code


def test_a_tls_connection_is_reused(certificate, monkeypatch):
    handshakes = []

    def talk(client):
        handshakes.append(client)
        while client.recv(65536):
            client.sendall(ANSWER)

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with encrypted(certificate, talk) as port:
        ours = fetcher()
        assert [ours.fetch(f"https://127.0.0.1:{port}/{n}") for n in range(5)] == [PHOTO] * 5
    assert len(handshakes) == 1


def test_a_certificate_of_an_unknown_issuer_is_refused(certificate):
    with encrypted(certificate, lambda _: None) as port:
        assert code_of(f"https://127.0.0.1:{port}/a") == "tls_failed"


def test_a_certificate_for_another_name_is_refused(certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with encrypted(certificate, lambda client: client.sendall(ANSWER)) as port:
        assert code_of(f"https://localhost:{port}/a") == "tls_failed"


def test_a_slow_body_over_tls_ends_at_the_deadline(certificate, monkeypatch):
    def drip(client):
        client.recv(65536)
        client.sendall(ANSWER[:600])
        while True:
            time.sleep(0.02)
            client.sendall(b"x")

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with encrypted(certificate, drip) as port:
        assert code_of(f"https://127.0.0.1:{port}/a", fetch_timeout_seconds=0.5) == "timeout"


def test_a_tls_handshake_without_an_answer_ends_at_the_deadline():
    with talking(lambda _: time.sleep(5)) as port:
        assert code_of(f"https://127.0.0.1:{port}/a", fetch_timeout_seconds=0.3) == "timeout"


def test_surplus_bytes_after_a_body_over_tls_are_detected(certificate, monkeypatch):
    def talk(client):
        client.recv(65536)
        client.sendall(ANSWER + b"HTTP/1.1 200 OK\r\n\r\nevil")
        client.recv(65536)

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with encrypted(certificate, talk) as port:
        assert code_of(f"https://127.0.0.1:{port}/a") == "broken_response"
