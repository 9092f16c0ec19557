"""A folder for uploads, and the spool in it."""

import pytest

from shared.uploads.spool import Spool


@pytest.fixture
def with_uploads(settings, tmp_path):
    return settings.model_copy(update={"uploads_folder": str(tmp_path), "staging_seconds": 100})


@pytest.fixture
def spool(with_uploads) -> Spool:
    return Spool.from_settings(with_uploads)
