"""HTML for notebooks. Every value is escaped; URLs other than http and https are not linked or loaded."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lichtbild.models import Hit, Job, SearchResult

_SHOWN_LENGTH = 300
_SHEET = "display:flex;flex-wrap:wrap;gap:12px;font:12px/1.4 sans-serif"
_CARD = "width:180px;overflow:hidden;overflow-wrap:anywhere"
_PICTURE = "width:180px;height:180px;object-fit:cover;border-radius:6px;background:#8883;display:block"
_TRACK = "height:5px;background:#8883;border-radius:3px;margin-top:3px"


def result_html(result: SearchResult) -> str:
    """A contact sheet: picture, rank, distance and id of each hit, with a bar for its similarity to each term."""
    cards = "".join(_card(rank, hit) for rank, hit in enumerate(result.hits, start=1))
    took = sum(result.took_ms.values())
    found = f"{len(result.hits)} of {result.searchable_photos} photos in {took:.1f} ms by {result.model}"
    return f'<div style="{_SHEET}">{cards}</div><div style="font:12px sans-serif;opacity:.7">{escape(found)}</div>'


def job_html(job: Job) -> str:
    """Kind, status and id of the job, a progress bar with the counts, failures by code, its error and its hits."""
    parts = [f"<b>{escape(job.kind)} {escape(job.status)}</b> <code>{escape(job.id)}</code>"]
    if job.progress is not None:
        progress = job.progress
        parts.append(
            f'<progress style="width:100%" max="{max(1, progress.total):d}" value="{progress.settled:d}"></progress>'
        )
        counts = f"{progress.stored} stored, {progress.unchanged} unchanged, {progress.failed} failed, "
        parts.append(escape(f"{counts}{progress.pending} pending of {progress.total}"))
        if progress.failed_by_code:
            parts.append(escape(", ".join(f"{code} {count}" for code, count in progress.failed_by_code.items())))
    if job.error is not None:
        parts.append(f'<span style="color:#b3261e">{escape(job.error.detail)} ({escape(job.error.code)})</span>')
    lines = "".join(f"<div>{part}</div>" for part in parts)
    hits = result_html(job.result) if job.result is not None else ""
    return f'<div style="font:13px/1.6 sans-serif;max-width:520px">{lines}</div>{hits}'


def _card(rank: int, hit: Hit) -> str:
    more = f" +{len(hit.similar)}" if hit.similar else ""
    bars = "".join(map(_bar, hit.similarities))
    return (
        f'<div style="{_CARD}" title="{escape(_attributes(hit.attributes))}">{_picture(hit)}'
        f"<div><b>{rank}</b> {hit.distance:.4f} {escape(hit.photo_id)}{more}</div>{bars}</div>"
    )


def _picture(hit: Hit) -> str:
    if not hit.url.lower().startswith(("http://", "https://")):
        return f'<div style="{_PICTURE}"></div>'
    url, shown = escape(hit.url), escape(hit.thumbnail or hit.url)
    image = f'<img src="{shown}" alt="" loading="lazy" referrerpolicy="no-referrer" style="{_PICTURE}">'
    return f'<a href="{url}" target="_blank" rel="noopener noreferrer">{image}</a>'


def _bar(similarity: float) -> str:
    """From 0 to 1; a negative similarity is an empty bar."""
    percent = 100 * min(1.0, max(0.0, similarity))
    filled = f'<div style="height:5px;width:{percent:.0f}%;background:#b3541e;border-radius:3px"></div>'
    return f'<div style="{_TRACK}" title="{similarity:.3f}">{filled}</div>'


def _attributes(attributes: Mapping[str, Any] | Sequence[Any]) -> str:
    text = json.dumps(attributes, ensure_ascii=False, default=str)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[:_SHOWN_LENGTH]}…"
