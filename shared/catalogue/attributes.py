"""Counts the attributes of a collection's photos, in a sample of them where they are many.

One statement extracts, groups and counts, so that its answer is small. JSON texts are told apart by their first
character: the server's JSON functions would parse each value several times.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from shared.catalogue.filter_sql import NUMBER, WHOLE, Parameters, matches
from shared.catalogue.schema import GRANULE_ROWS
from shared.catalogue.table import Table
from shared.domain.attribute_counts import AttributeCounts, CollectionAttributes, ValueCount
from shared.domain.filters import Condition, Scalar

# Photos of a sample, and of a collection that is still counted whole: some 0.2 s on one core for ten attributes.
SAMPLE_PHOTOS = 10_000
# A sample is of this many times as many photos' granules: the photos of one granule have similar ids, and may be alike.
_SPREAD = 4
MAX_NAMES = 100
MAX_VALUES = 20
_MAX_NAME_BYTES = 256
_MAX_VALUE_BYTES = 200
# A server that takes longer is overloaded. Attributes of 64 kB each take some seconds.
_SETTINGS: Mapping[str, Any] = {"max_execution_time": 20}

# Stands for the photos in the statement.
_PHOTOS = "PHOTOS"
# Kind of a list's entries. The row of the lists themselves counts photos only.
_ENTRY = "entry"
_WITHOUT_VALUES = ("list", "object")
# Whole numbers of more digits compare exactly, as in filters; all other numbers as float64.
_FLOAT_DIGITS = 15
# One row per attribute of a photo: its name, its JSON text, that text without quotes, and its kind.
_PAIRS = f"""
    SELECT pair.1 AS name, pair.2 AS raw, substring(raw, 1, 1) AS start,
        if(start = '"', substring(raw, 2, length(raw) - 2), raw) AS plain,
        multiIf(
            start = '[', 'list',
            start = '{{', 'object',
            plain IN ('true', 'false'), 'boolean',
            match(plain, {NUMBER}) AND isFinite(toFloat64OrZero(plain)), 'number',
            'text'
        ) AS kind
    FROM (SELECT arrayJoin(JSONExtractKeysAndValuesRaw(attributes)) AS pair FROM {_PHOTOS})
    WHERE raw != 'null' AND length(name) <= {_MAX_NAME_BYTES}
"""  # noqa: S608
# Values as (kind, text, hash). A long text is counted by its hash alone.
_VALUES = f"""
    SELECT name, arrayJoin(arrayMap(
        found -> (found.1, if(length(found.2) <= {_MAX_VALUE_BYTES}, found.2, ''), cityHash64(found.2)),
        multiIf(
            kind = 'list', arrayConcat(
                [('list', '')], arrayMap(each -> ('{_ENTRY}', each), arrayDistinct(JSONExtractArrayRaw(raw)))
            ),
            kind = 'object', [('object', '')],
            kind = 'number', [(
                'number',
                if(
                    length(plain) > {_FLOAT_DIGITS} AND match(plain, {WHOLE}), plain,
                    toString(toFloat64OrZero(plain) + 0)
                )
            )],
            kind = 'boolean', [('boolean', plain)],
            [('text', raw)]
        )
    )) AS value
    FROM ({_PAIRS})
"""  # noqa: S608
_COUNTS = f"""
    SELECT name, groupArray((kind, photos, distinct, lowest, highest, top)) AS kinds
    FROM (
        SELECT name, value.1 AS kind, sum(times) AS photos, count() AS distinct,
            min(toFloat64OrZero(value.2)) AS lowest, max(toFloat64OrZero(value.2)) AS highest,
            arraySlice(
                arraySort(each -> (-each.1, each.2), groupArrayIf((times, value.2), value.2 != '')), 1, {MAX_VALUES}
            ) AS top
        FROM (SELECT name, value, toInt64(count()) AS times FROM ({_VALUES}) GROUP BY name, value)
        GROUP BY name, kind
    )
    GROUP BY name
    ORDER BY sumIf(photos, kind != '{_ENTRY}') DESC, name
    LIMIT {MAX_NAMES + 1}
"""  # noqa: S608


def count_attributes(table: Table, where: Condition | None) -> CollectionAttributes:
    """The attributes of the photos that match the condition. A table that does not exist has none."""
    photos = table.count()
    sample = _sample(table, photos)
    parameters = Parameters()
    matching = sample if where is None else f"{sample} AND {matches(where, parameters)}"
    examined = _count(table, sample, {})
    found = table.session.rows(_COUNTS.replace(_PHOTOS, matching), parameters, _SETTINGS)
    return CollectionAttributes(
        collection=table.name,
        photos=photos,
        sampled_photos=examined,
        matching_photos=examined if where is None else _count(table, matching, parameters),
        attributes=[_attribute(name, kinds) for name, kinds in found[:MAX_NAMES]],
        has_more=len(found) > MAX_NAMES,
    )


def _sample(table: Table, photos: int) -> str:
    """The text after FROM for all photos of a small table, or some 10,000 to 20,000 of a large one: the same ones each
    time, until rows are written or merged."""
    granules = max(1, photos // (_SPREAD * SAMPLE_PHOTOS))
    share = max(1, photos // granules // SAMPLE_PHOTOS)
    picked = [f"cityHash64(photo_id) % {share} = 0"] if share > 1 else []
    if granules > 1:
        # Reads no column but in the granules that it picks. Ids of replaced rows do no harm: FINAL finds the newest.
        chosen = f"cityHash64(_part, intDiv(_part_offset, {GRANULE_ROWS})) % {granules} = 0"
        picked.append(f"photo_id IN (SELECT photo_id FROM `{table.name}` PREWHERE {chosen})")  # noqa: S608
    # PREWHERE filters before FINAL merges the rows of an id. That is correct for the sorting key alone.
    prewhere = f" PREWHERE {' AND '.join(picked)}" if picked else ""
    return f"`{table.name}` FINAL{prewhere} WHERE {table.visible}"


def _count(table: Table, rows: str, parameters: Mapping[str, Any]) -> int:
    found = table.session.rows(f"SELECT count() FROM {rows}", parameters, _SETTINGS)  # noqa: S608
    return int(found[0][0]) if found else 0


def _attribute(name: str, kinds: Sequence[Sequence[Any]]) -> AttributeCounts:
    """An attribute from its rows of kind, photos, distinct values, lowest, highest, and most frequent values."""
    photos = {kind: count for kind, count, *_ in kinds if kind != _ENTRY}
    ranges = [(lowest, highest) for kind, _, _, lowest, highest, _ in kinds if kind == "number"]
    values = [
        ValueCount(value, times)
        for kind, *_, top in kinds
        for times, text in top
        if (value := _value(kind, text)) is not None
    ]
    return AttributeCounts(
        name=name,
        kind=max(photos, key=lambda kind: (photos[kind], kind)),
        photos=sum(photos.values()),
        kinds=photos,
        distinct_values=sum(distinct for kind, _, distinct, *_ in kinds if kind not in _WITHOUT_VALUES),
        values=sorted(values, key=lambda counted: -counted.photos)[:MAX_VALUES],
        min=_number(ranges[0][0]) if ranges else None,
        max=_number(ranges[0][1]) if ranges else None,
    )


def _value(kind: str, text: str) -> Scalar | None:
    """A value from its text: of a number or boolean without quotes, else JSON. None for what no filter compares."""
    match kind:
        case "number":
            return int(text) if _is_whole(text) else _number(float(text))
        case "boolean":
            return text == "true"
        case "text" if not text.startswith('"'):
            return text
    value = json.loads(text)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, str | int | float) else None


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def _number(value: float) -> float:
    return int(value) if value.is_integer() and len(f"{value:.0f}") <= _FLOAT_DIGITS else value
