"""Detects a server's dialect by its system tables, independent of its address."""

from shared.catalogue.clickhouse import ClickHouse, supported_vectors
from shared.catalogue.dialect import Dialect
from shared.catalogue.myscale import Features, MyScale
from shared.catalogue.session import Session
from shared.settings import Settings

# The newer name first: a server that has both ignores the older.
_METRIC_SETTINGS = ("float_vector_search_metric_type", "vector_search_metric_type")
# `two_stage_search_option` is missing from the open-source build, as MSTG is.
_MYSCALE_NAMES = f"""
    SELECT name FROM system.tables WHERE database = 'system' AND name = 'vector_indices'
    UNION ALL
    SELECT name FROM system.settings WHERE name IN ('enable_brute_force_vector_search', 'two_stage_search_option')
    UNION ALL
    SELECT name FROM system.merge_tree_settings WHERE name IN {_METRIC_SETTINGS}
"""  # noqa: S608


def detect(session: Session, settings: Settings) -> Dialect:
    """MyScale's dialect if the server has any name that MyScale adds to ClickHouse. Reads system tables only."""
    found = {name for (name,) in session.rows(_MYSCALE_NAMES)}
    if not found:
        return ClickHouse(supported_vectors(session))
    features = Features(
        brute_force="enable_brute_force_vector_search" in found,
        mstg="two_stage_search_option" in found,
        metric_setting=next((name for name in _METRIC_SETTINGS if name in found), None),
    )
    return MyScale(features, settings.myscale_index_type)
