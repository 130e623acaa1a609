"""What stands against the coordinates of an archive, by themselves and as delivered by an OS package; compared with what stood before."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from sbommatch.archive.change import ChangeKind
from sbommatch.archive.matching import ArchiveMatch
from sbommatch.archive.reader import Reader

Key = tuple[bytes, bytes | None]
"""The identifier of a coordinate, and that of the OS package that delivers it where the answer is another one then."""


class Standing(Struct, frozen=True):
    """An open finding, as far as changes of it are told."""

    id: str
    ids: str
    """All names of the vulnerability, a space between."""
    level: str
    fix_state: str
    fix: str
    kev_added: str | None
    feed: str
    record: str
    namespace: str
    name: str
    version: str
    package: str


Findings = Mapping[str, Standing]
"""By identifier."""

Known = Mapping[Key, Findings]
"""A pair is only there where its answer is not that of the coordinate by itself."""

NOTHING: Findings = {}


class Difference(Struct, frozen=True):
    """What became of one finding of a coordinate."""

    kind: ChangeKind
    before: Standing | None
    after: Standing | None

    @property
    def standing(self) -> Standing:
        """As it is; of what was resolved, as it was."""
        found = self.after or self.before
        assert found is not None, "one of them is there"
        return found


def found_now(match: ArchiveMatch) -> dict[Key, dict[str, Standing]]:
    """What stands against the coordinates matched, those without a finding too."""
    reader = match.reader
    known: dict[Key, dict[str, Standing]] = {key: {} for key in keys_of(match)}
    for coordinate, owner, *rest in reader.rows(_FOUND):
        one = Standing(*rest)
        known[coordinate, owner][one.id] = one
    return known


def keys_of(match: ArchiveMatch) -> Iterator[Key]:
    """The coordinates matched, then the pairs with an answer of their own."""
    reader = match.reader
    yield from ((coordinate, None) for (coordinate,) in reader.rows("SELECT coordinate_id FROM class"))
    yield from ((twin, owner) for twin, owner in reader.rows(_CHANGED_PAIRS))


_CHANGED_PAIRS = """
SELECT t.coordinate_id, w.coordinate_id FROM changed_pair p JOIN class t ON t.class = p.twin JOIN class w ON w.class = p.owner
"""

_FOUND = """
WITH keyed AS (
    SELECT class, class AS named, coordinate_id, NULL::BLOB AS owner_id FROM class
    UNION ALL
    SELECT p.class, p.twin, t.coordinate_id, w.coordinate_id
    FROM changed_pair p JOIN class t ON t.class = p.twin JOIN class w ON w.class = p.owner
)
SELECT k.coordinate_id, owner_id, f.id, ids, level, fix_state, fixed_in, kev_added, feed, record, f.namespace, f.name, version, l.package
FROM found f JOIN keyed k ON k.class = f.class JOIN lookup l ON l.class = k.named AND l.lookup = 0
WHERE status = 'open'
"""


def stood_before(reader: Reader, condition: str = "true") -> dict[Key, dict[str, Standing]]:
    """What stood after the last run against the coordinates of a condition."""
    known: dict[Key, dict[str, Standing]] = {}
    for coordinate, owner, id_, *rest in reader.rows(f"{_STOOD} AND {condition}"):
        findings = known.setdefault((coordinate, owner), {})
        if id_ is not None:
            findings[id_] = Standing(id_, *rest)
    return known


_STOOD = """
SELECT coordinate_id, owner_id, id, ids, level, fix_state, fix, kev_added, feed, record, namespace, name, version, package
FROM standing_now WHERE stands
"""


def of_pair(known: Known, coordinate: bytes, owner: bytes | None) -> Findings:
    """What stands against a coordinate that a package delivers, if any does."""
    own = known.get((coordinate, owner)) if owner is not None else None
    return known.get((coordinate, None), NOTHING) if own is None else own


def differences(before: Findings, after: Findings) -> Iterator[Difference]:
    """What became of each finding. One that goes by another name now is the same; one that changed twofold is told twice."""
    gone = [one for id_, one in before.items() if id_ not in after]
    renamed = {one.id: was for one in after.values() if one.id not in before for was in gone if _is_same(was, one)}
    for id_, now in sorted(after.items()):
        was = before.get(id_) or renamed.get(id_)
        if was is None:
            yield Difference(ChangeKind.AFFECTED, None, now)
        else:
            yield from (Difference(kind, was, now) for kind in _kinds(was, now))
    kept = {was.id for was in renamed.values()}
    yield from (Difference(ChangeKind.RESOLVED, was, None) for was in gone if was.id not in kept)


def _is_same(one: Standing, other: Standing) -> bool:
    return not set(one.ids.split()).isdisjoint(other.ids.split())


def _kinds(was: Standing, now: Standing) -> Iterator[ChangeKind]:
    if (was.fix_state, was.fix) != (now.fix_state, now.fix):
        yield ChangeKind.FIX_CHANGED
    if was.level != now.level:
        yield ChangeKind.SEVERITY_CHANGED
    if now.kev_added and not was.kev_added:
        yield ChangeKind.KEV


def row_of(key: Key, one: Standing | None, *, stands: bool = True) -> tuple[Any, ...]:
    """The row of the table `standing`, without its first column."""
    if one is None:
        return (*key, stands, *(None,) * len(Standing.__struct_fields__))
    return (*key, stands, *(getattr(one, name) for name in Standing.__struct_fields__))
