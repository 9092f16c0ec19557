"""Workers are listed while they are alive."""

from shared.ledger.presence import Presence


def test_workers_are_known_while_they_are_alive(connection):
    presence = Presence(connection)
    presence.announce("search", "s:1", {"model": "m"})
    assert presence.alive("search") == {"s:1": {"model": "m"}}
    assert presence.alive("ingest") == {}
    presence.leave("search", "s:1")
    assert presence.alive("search") == {}
