"""Differences of coordinates, joined to the components of documents that have them."""

from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path
from typing import Any

from msgspec import Struct

from sbommatch.archive.change import Because, Cause, ChangeKind
from sbommatch.archive.log import append_rows
from sbommatch.archive.matching import load
from sbommatch.archive.reader import Reader, check_files, files_of, relation
from sbommatch.archive.standing import Known, Standing, of_pair
from sbommatch.archive.tables import CHANGES, COORDINATES, DUCKDB_TYPES, OCCURRENCES, TOLD

_OWN_TYPES = {name: DUCKDB_TYPES[type_] for name, type_, _ in TOLD.columns[2:]}
_OWN_COLUMNS = list(_OWN_TYPES)


class Told(Struct, frozen=True):
    """What is told of a coordinate, by itself or as delivered by a package."""

    number: int
    """Its class."""
    owner: int | None
    """The class of what delivers it, where it is told of that pair alone."""
    is_fresh: bool
    """Of documents that came; else of those that were there."""
    kind: ChangeKind
    standing: Standing
    because: Because


def fan_out(reader: Reader, told: Iterable[Told]) -> None:
    """Makes the tables `told`, and `fanned(sha256, position, told)` of each component that is still in its image.

    The numbers of `told` grow with the identifiers, then the kinds.
    """
    rows = [(_own(one.kind, one.standing, one.because), one.number, one.owner, one.is_fresh) for one in told]
    rows.sort(key=lambda row: _BY_ID(row[0]))
    cells: list[tuple[Any, ...]] = list(zip(*((*place, *own) for own, *place in rows), strict=True)) or [()] * (3 + len(_OWN_COLUMNS))
    types = {"class": "INTEGER", "owner": "INTEGER", "is_fresh": "BOOLEAN", **_OWN_TYPES}
    load(reader, "of_class", {name: (type_, column) for (name, type_), column in zip(types.items(), cells, strict=True)})
    reader.execute(f"CREATE TEMP TABLE told AS SELECT rowid::INTEGER AS told, {', '.join(_OWN_COLUMNS)} FROM of_class")
    reader.execute(_FANNED)


_BY_ID = itemgetter(_OWN_COLUMNS.index("id"), _OWN_COLUMNS.index("kind"))


def _own(kind: ChangeKind, one: Standing, because: Because) -> tuple[object, ...]:
    texts = (kind.value, one.package, one.version, one.id, one.record, because.what.value, because.detail, one.level)
    return (*texts, one.kev_added is not None, one.fix or None)


_FANNED = """
CREATE TEMP TABLE fanned AS
WITH told_of AS (SELECT segment, document, sha256, sha256 IN (FROM came) AS is_fresh FROM documents),
t AS (SELECT rowid::INTEGER AS told, class, owner, is_fresh FROM of_class)
SELECT d.sha256, o.position, t.told
FROM (FROM part ANTI JOIN pair USING (segment, document, position)) o
JOIN place p ON p.segment = o.segment AND p.coordinate = o.coordinate
JOIN t ON t.class = p.class AND t.owner IS NULL
JOIN told_of d ON d.segment = o.segment AND d.document = o.document AND d.is_fresh = t.is_fresh
WHERE NOT o.hidden
UNION ALL
SELECT d.sha256, o.position, t.told
FROM pair o
JOIN t ON t.class = o.twin AND t.owner = o.owner
JOIN told_of d ON d.segment = o.segment AND d.document = o.document AND d.is_fresh = t.is_fresh
WHERE NOT o.hidden
"""


_GONE = """
SELECT g.sha256, o.position, c.coordinate_id, w.coordinate_id AS owner_id
FROM gone g
JOIN old_occurrences o USING (segment, document)
JOIN (SELECT DISTINCT segment, coordinate, coordinate_id FROM old_coordinates) c USING (segment, coordinate)
LEFT JOIN old_occurrences d ON d.segment = o.segment AND d.document = o.document AND d.position = o.owner
LEFT JOIN (SELECT DISTINCT segment, coordinate, coordinate_id FROM old_coordinates) w
    ON w.segment = d.segment AND w.coordinate = d.coordinate
WHERE NOT o.hidden
ORDER BY ALL
"""


def gone_documents(reader: Reader, known: Known) -> int:
    """Adds to `fanned` what stood against the documents of the table `gone`, and says of how many nothing can be read any more."""
    segments = [segment for (segment,) in reader.rows("SELECT DISTINCT segment FROM gone")]
    for table in (OCCURRENCES, COORDINATES):
        files = [file for file in files_of(table, reader.archive.path)[0] if file.segment in segments and Path(file.path).exists()]
        check_files(files)
        reader.execute(f"CREATE TEMP VIEW old_{table.name} AS {relation(table, files)}")
    because = Because(Cause.DOCUMENT, "the document was removed")
    rows = [
        (digest, position, _own(ChangeKind.RESOLVED, one, because))
        for digest, position, coordinate, owner in reader.rows(_GONE)
        for one in of_pair(known, coordinate, owner).values()
    ]
    [(first,)] = reader.rows("SELECT count(*) FROM told")
    numbers = {own: number for number, own in enumerate(sorted(dict.fromkeys(own for _, _, own in rows), key=_BY_ID), first)}
    append_rows(TOLD, reader, "told_of_gone", ("told", *_OWN_COLUMNS), [(number, *own) for own, number in numbers.items()])
    append_rows(CHANGES, reader, "gone_fanned", ("sha256", "position", "told"), [(*place, numbers[own]) for *place, own in rows])
    reader.execute("INSERT INTO told FROM told_of_gone")
    reader.execute("INSERT INTO fanned FROM gone_fanned")
    [(unread,)] = reader.rows("SELECT count(*) FROM gone ANTI JOIN old_occurrences USING (segment, document) WHERE components > 0")
    return int(unread)
