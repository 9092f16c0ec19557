"""The ledger of ingest jobs in a real Redis."""

import pytest

from shared.ledger.ingest import IngestLedger


@pytest.fixture
def ledger(connection, settings) -> IngestLedger:
    return IngestLedger(connection, settings)
