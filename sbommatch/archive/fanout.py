"""Differences of coordinates, joined to the components of documents that have them."""

from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from sbommatch.archive.change import Because, Cause, ChangeKind
from sbommatch.archive.log import append_rows
from sbommatch.archive.reader import Reader, check_files, files_of, relation
from sbommatch.archive.standing import Known, Standing, of_pair
from sbommatch.archive.tables import CHANGES, COORDINATES, OCCURRENCES

_OWN_COLUMNS = ("kind", "package", "version", "id", "record", "cause", "detail", "level", "is_kev", "fix")


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


def fan_out(reader: Reader, told: Sequence[Told]) -> None:
    """Makes the table `fanned` of changes, one for each component that is still in its image."""
    rows = [(one.number, one.owner, one.is_fresh, *_own(one.kind, one.standing, one.because)) for one in told]
    _load(reader, "told", rows)
    reader.execute(_FANNED)


def _own(kind: ChangeKind, one: Standing, because: Because) -> tuple[object, ...]:
    texts = (kind.value, one.package, one.version, one.id, one.record, because.what.value, because.detail, one.level)
    return (*texts, one.kev_added is not None, one.fix or None)


def _load(reader: Reader, name: str, rows: Sequence[Sequence[object]]) -> None:
    columns = (("class", "INTEGER"), ("owner", "INTEGER"), ("is_fresh", "BOOLEAN"))
    types = [*columns, *((column, "BOOLEAN" if column == "is_kev" else "VARCHAR") for column in _OWN_COLUMNS)]
    reader.execute(f"CREATE TEMP TABLE {name} ({', '.join(f'{column} {type_}' for column, type_ in types)})")
    if rows:
        made = ", ".join(f"unnest(${place}::{type_}[])" for place, (_, type_) in enumerate(types, 1))
        reader.execute(f"INSERT INTO {name} SELECT {made}", [list(cells) for cells in zip(*rows, strict=True)])


_COLUMNS = ", ".join(f"t.{column}" for column in _OWN_COLUMNS)

_FANNED = f"""
CREATE TEMP TABLE fanned AS
WITH told_of AS (SELECT segment, document, sha256, sha256 IN (FROM came) AS is_fresh FROM documents)
SELECT d.sha256, o.position, {_COLUMNS}
FROM (FROM part ANTI JOIN pair USING (segment, document, position)) o
JOIN place p ON p.segment = o.segment AND p.coordinate = o.coordinate
JOIN told t ON t.class = p.class AND t.owner IS NULL
JOIN told_of d ON d.segment = o.segment AND d.document = o.document AND d.is_fresh = t.is_fresh
WHERE NOT o.hidden
UNION ALL
SELECT d.sha256, o.position, {_COLUMNS}
FROM pair o
JOIN told t ON t.class = o.twin AND t.owner = o.owner
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
        (digest, position, *_own(ChangeKind.RESOLVED, one, because))
        for digest, position, coordinate, owner in reader.rows(_GONE)
        for one in of_pair(known, coordinate, owner).values()
    ]
    columns = ("sha256", "position", *_OWN_COLUMNS)
    append_rows(CHANGES, reader, "resolved_by_removal", columns, rows)
    reader.execute("INSERT INTO fanned FROM resolved_by_removal")
    [(unread,)] = reader.rows("SELECT count(*) FROM gone ANTI JOIN old_occurrences USING (segment, document) WHERE components > 0")
    return int(unread)
