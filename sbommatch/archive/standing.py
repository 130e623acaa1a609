"""What stands against the coordinates of an archive, by themselves and as delivered by an OS package; compared with what stood before."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from sbommatch.archive.change import ChangeKind
from sbommatch.archive.matching import Answers
from sbommatch.archive.reader import Reader
from sbommatch.match.covering import Resolved
from sbommatch.match.model import FindingStatus

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


def found_now(answers: Answers) -> dict[Key, dict[str, Standing]]:
    """What stands against the coordinates matched, those without a finding too; then of pairs with an answer of their own."""
    coordinates: dict[int, bytes] = dict(answers.reader.rows("SELECT class, coordinate_id FROM class"))
    known: dict[Key, dict[str, Standing]] = {(coordinate, None): {} for coordinate in coordinates.values()}
    for number, resolved in answers.resolved.items():
        known[coordinates[number], None] = _standing(resolved)
    for (twin, owner), resolved in answers.covered_pairs.items():
        known[coordinates[twin], coordinates[owner]] = _standing(resolved)
    return known


def _standing(resolved: Resolved) -> dict[str, Standing]:
    result, findings = resolved
    return {
        one.id: Standing(
            one.id, " ".join(one.ids), one.severity.level.value, one.fix.state.value, ", ".join(one.fix.versions),
            one.kev.added if one.kev else None, one.match.feed, one.match.record, one.match.namespace, one.match.name, one.match.version,
            result.component.name,
        )
        for one in findings if one.status is FindingStatus.OPEN
    }  # fmt: skip


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
