"""From advisories to the rows of `affected`: half-open intervals of keys, listed versions that no interval covers, and what has no key."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from sbommatch.advisory import GIT_RANGE, Advisory, Affected, FixState, Range
from sbommatch.problem import Problem, ProblemCode
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.intervals import Interval, normalise, place_events
from sbommatch.versions.scheme import BOTTOM, TOP, InvalidVersion, KeyDeclined, Scheme

HASH_BYTES = 8
"""UBIGINT: among 10^7 rows two share a hash with a chance below 10^-5, and then one change of a row is overlooked."""

RAW_LIMIT = 4000
"""Characters of a range's text, which stands on each of its rows; the longest in twelve whole feeds has 1,500."""

LISTED = "listed"
"""The rule of intervals that a listed version made."""


class Row(NamedTuple):
    """A row of `affected` but for its numbers; the columns as in `schema.sql`."""

    scheme: str
    name_kind: str
    lo: bytes | None
    hi: bytes | None
    listed: str | None
    raw: str
    events: str | None
    unplaced: bool
    rule: str | None
    state: str
    fix_state: str
    fix: str | None
    arch: str | None
    module: str | None
    channel: str | None
    match_hash: int
    meta_hash: int


class _Part(NamedTuple):
    """What distinguishes the rows of one `Affected`."""

    lo: bytes | None
    hi: bytes | None
    raw: str
    listed: str | None = None
    events: str | None = None
    unplaced: bool = False
    rule: str | None = None
    fix: str | None = None


class RowMaker:
    """Makes the rows of advisories; one for a build, so that a version has its key computed once."""

    def __init__(self) -> None:
        self._keys: dict[str, _Keys] = {}

    def rows(self, advisory: Advisory, affected: Affected) -> Iterator[Row | Problem]:
        """The rows of one package of an advisory; ranges that had to be sorted and bounds without a place are notes beside them."""
        spans: list[Interval] = []
        where = f"{advisory.feed}: {advisory.id}: {affected.namespace}/{affected.name}"
        for range_ in affected.ranges:
            for part in _parts(range_, where):
                if isinstance(part, Problem):
                    yield part
                    continue
                if part.lo is not None and part.hi is not None and not part.unplaced:
                    spans.append(Interval(part.lo, part.hi))
                yield _row(advisory, affected, part)
        if affected.versions:
            yield from (_row(advisory, affected, part) for part in self._listed(affected, spans))

    def _listed(self, affected: Affected, spans: Sequence[Interval]) -> Iterator[_Part]:
        """The listed versions that no interval covers: as an interval of their own, or by their text where they are no versions."""
        scheme = SCHEME_BY_NAME[affected.scheme]
        keys = self._keys.get(scheme.name) or self._keys.setdefault(scheme.name, _Keys(scheme))
        # What a listed version takes in may end past its key (PEP 440's local versions), but only a bound with a local part can stand in
        # between.
        between = any("+" in event.version for range_ in affected.ranges for event in range_.events)
        covered = normalise(spans)
        starts, ends = [span.lo for span in covered], [span.hi for span in covered]
        texts: set[str] = set()
        for version in affected.versions:
            key = keys[version]
            if key is None:
                texts.add(canonical(version))
                continue
            place = bisect_right(starts, key) - 1
            if place < 0 or key >= ends[place] or (between and scheme.end_of(version) > ends[place]):
                yield _Part(key, scheme.end_of(version), f"={version}", rule=LISTED)
        for text in sorted(texts):
            yield _Part(None, None, f"={text}", listed=text)


def _parts(range_: Range, where: str) -> Iterator[_Part | Problem]:
    """A range's intervals, open zones and parts without keys; the first of them carries the events, for versions that have no key."""
    if range_.rule == GIT_RANGE:
        yield _Part(BOTTOM, TOP, range_.raw, unplaced=True, rule=range_.rule)
        return
    placement = place_events(SCHEME_BY_NAME[range_.scheme], range_.events)
    if placement.sorted:
        yield Problem(ProblemCode.UNORDERED_EVENTS, where, f"events of {range_.raw} read in the order of versions", loss=False)
    raw = range_.raw if len(range_.raw) <= RAW_LIMIT else range_.raw[: RAW_LIMIT - 1] + "…"
    events: str | None = _json(range_.events)
    for interval in placement.intervals:
        yield _Part(interval.lo, interval.hi, raw, events=events, rule=range_.rule, fix=interval.fix)
        events = None
    zones = {(zone.lo, zone.hi): zone for zone in reversed(placement.unplaced)}  # several bounds may leave the same zone open
    for zone in reversed(zones.values()):
        yield Problem(ProblemCode.UNPLACED_BOUND, where, f"{zone.bound.kind} {zone.bound.version}: {zone.reason}", loss=False)
        yield _Part(zone.lo, zone.hi, raw, events=events, unplaced=True, rule=range_.rule)
        events = None
    for part in placement.declined:
        yield _Part(None, None, raw, events=_json(part), rule=range_.rule)


def _json(events: Sequence[object]) -> str:
    return msgspec.json.encode(events).decode()


def canonical(version: str) -> str:
    """A version's text for comparison where only the text decides: case and surrounding blanks say nothing.

    >>> canonical(" 0.1-Bulbasaur")
    '0.1-bulbasaur'
    """
    return version.strip().lower()


class _Keys(dict[str, bytes | None]):
    """The keys of one scheme's versions; None where there is none.

    Records list the same versions again and again: 589,000 times 40,000 in PyPI's.
    """

    def __init__(self, scheme: Scheme) -> None:
        super().__init__()
        self._key = scheme.key

    def __missing__(self, version: str) -> bytes | None:
        try:
            key = self._key(version)
        except (InvalidVersion, KeyDeclined):
            key = None
        self[version] = key
        return key


def _row(advisory: Advisory, affected: Affected, part: _Part) -> Row:
    fix_state = affected.fix_state or (FixState.FIXED if part.fix else FixState.UNKNOWN)
    where = (advisory.feed, advisory.id, affected.namespace, affected.name, affected.name_kind, affected.scheme)
    what = (part.lo, part.hi, part.listed, part.events if part.lo is None else None, part.unplaced)
    whether = (affected.state, advisory.withdrawn is not None, affected.arch, affected.module, affected.channel)
    return Row(
        scheme=affected.scheme,
        name_kind=affected.name_kind,
        lo=part.lo,
        hi=part.hi,
        listed=part.listed,
        raw=part.raw,
        events=part.events,
        unplaced=part.unplaced,
        rule=part.rule,
        state=affected.state,
        fix_state=fix_state,
        fix=part.fix,
        arch=affected.arch,
        module=affected.module,
        channel=affected.channel,
        match_hash=_hash((where, what, whether)),
        meta_hash=_hash((part.raw, part.rule, fix_state, part.fix)),
    )


def _hash(values: tuple[object, ...]) -> int:
    return int.from_bytes(blake2b(msgspec.msgpack.encode(values), digest_size=HASH_BYTES).digest(), "big")
