"""Results of searches that earlier versions stored, in today's names: searches are kept for minutes."""

from typing import Any

_RENAMED = {"searchable_rows": "searchable_photos", "pending_rows": "pending_photos"}


def in_todays_names(result: dict[str, Any]) -> dict[str, Any]:
    """The result of a search; unchanged if it has today's names."""
    if "searchable_rows" not in result:
        return result
    renamed = {_RENAMED.get(name, name): value for name, value in result.items()}
    renamed["hits"] = [
        {"similarities" if name == "terms" else name: value for name, value in hit.items()} for hit in result["hits"]
    ]
    return renamed
