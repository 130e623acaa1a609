"""From advisories to the rows of `affected`: half-open intervals of keys, listed versions that no interval covers, and what has no key."""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import NamedTuple

import msgspec

from sbommatch.advisory import GIT_RANGE, Advisory, Affected, EventKind, FixState, Range
from sbommatch.problem import Problem, ProblemCode
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.intervals import LOWEST, Interval, normalise, place_events
from sbommatch.versions.scheme import BOTTOM, TOP, InvalidVersion, KeyDeclined, Scheme

HASH_BYTES = 8
"""UBIGINT: among 10^6 records two versions of one share a hash with a chance below 10^-13, and then one change is overlooked."""

RAW_LIMIT = 4000
"""Characters of a range's text, which stands on each of its rows; the longest in twelve whole feeds has 1,500."""

LISTED = "listed"
"""The rule of intervals that a listed version made."""

KEYS_KEPT = 1 << 15
"""Keys of bounds at hand: one fix stands on every binary package of its source, one after the other."""


class Row(NamedTuple):
    """A row of `affected` but for its numbers; the columns as in `schema.sql`. Those before `raw` decide what matches."""

    scheme: str
    name_kind: str
    lo: bytes | None
    hi: bytes | None
    listed: str | None
    unplaced: bool
    state: str
    arch: str | None
    module: str | None
    channel: str | None
    raw: str | None
    events: str | None
    rule: str | None
    fix_state: str
    fix: str | None


MATCHING = Row._fields.index("raw")
"""How many columns decide what matches; of rows without keys `events`, too."""


class _Part(NamedTuple):
    """What distinguishes the rows of one `Affected`."""

    lo: bytes | None
    hi: bytes | None
    raw: str | None
    listed: str | None = None
    events: str | None = None
    unplaced: bool = False
    rule: str | None = None
    fix: str | None = None


class RowMaker:
    """Makes the rows of advisories; one for a build, so that a version has its key computed once."""

    def __init__(self) -> None:
        self._listed_keys: dict[str, _Keys] = {}
        self._key = lru_cache(KEYS_KEPT)(_key)

    def rows(self, advisory: Advisory, affected: Affected) -> list[Row | Problem]:
        """The rows of one package of an advisory; ranges that had to be sorted and bounds without a place are notes among them."""
        made: list[Row | Problem] = []
        spans: list[Interval] = []
        for range_ in affected.ranges:
            fix = _plain(range_)
            hi = None if fix is None else self._key(affected.scheme, fix)
            if hi is not None:
                made.append(
                    Row(
                        affected.scheme, affected.name_kind, BOTTOM, hi, None, False, affected.state, affected.arch, affected.module,
                        affected.channel, None, None, None, affected.fix_state or FixState.FIXED, fix,
                    )
                )  # fmt: skip
                if affected.versions:
                    spans.append(Interval(BOTTOM, hi))
                continue
            for part in _parts(range_, advisory, affected):
                if isinstance(part, Problem):
                    made.append(part)
                    continue
                if affected.versions and part.lo is not None and part.hi is not None and not part.unplaced:
                    spans.append(Interval(part.lo, part.hi))
                made.append(_row(affected, part))
        if affected.versions:
            made += [_row(affected, part) for part in self._listed(affected, spans)]
        return made

    def _listed(self, affected: Affected, spans: Sequence[Interval]) -> Iterator[_Part]:
        """The listed versions that no interval covers: as an interval of their own, or by their text where they are no versions."""
        scheme = SCHEME_BY_NAME[affected.scheme]
        keys = self._listed_keys.get(scheme.name) or self._listed_keys.setdefault(scheme.name, _Keys(scheme))
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


def _plain(range_: Range) -> str | None:
    """The fix that ends a plain range; None for any other range.

    Plain is everything below a fix, and the feed says no more: such a row has neither `raw` nor `events`, which the view `affected` makes.
    """
    if len(range_.events) != 2 or range_.rule is not None:
        return None
    opening, closing = range_.events
    if opening.version != LOWEST or opening.kind is not EventKind.INTRODUCED or closing.kind is not EventKind.FIXED:
        return None
    fix = closing.version
    is_json = fix.isprintable() and '"' not in fix and "\\" not in fix  # the view puts it into JSON as it is
    return fix if is_json and range_.raw == f"<{fix}" and len(fix) < RAW_LIMIT else None


def _key(scheme: str, version: str) -> bytes | None:
    try:
        return SCHEME_BY_NAME[scheme].key(version)
    except (InvalidVersion, KeyDeclined):
        return None


def _parts(range_: Range, advisory: Advisory, affected: Affected) -> Iterator[_Part | Problem]:
    """A range's intervals, open zones and parts without keys; the first of them carries the events, for versions that have no key."""
    if range_.rule == GIT_RANGE:
        yield _Part(BOTTOM, TOP, range_.raw, unplaced=True, rule=range_.rule)
        return
    placement = place_events(SCHEME_BY_NAME[range_.scheme], range_.events)
    where = f"{advisory.feed}: {advisory.id}: {affected.namespace}/{affected.name}"
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


def _row(affected: Affected, part: _Part) -> Row:
    lo, hi, raw, listed, events, unplaced, rule, fix = part
    fix_state = affected.fix_state or (FixState.FIXED if fix else FixState.UNKNOWN)
    return Row(
        affected.scheme, affected.name_kind, lo, hi, listed, unplaced, affected.state, affected.arch, affected.module, affected.channel,
        raw, events, rule, fix_state, fix,
    )  # fmt: skip


def record_hashes(advisory: Advisory, rows: Sequence[tuple[tuple[str, str], Sequence[Row]]]) -> tuple[int, int]:
    """What tells two versions of a record apart, of its packages, (namespace, name), with their rows.

    The first is over what decides matching, the second over the rest but for when the record was modified. Equal hashes: nothing changed.
    Different ones: something may have; where a record lists the same in another order, nothing has.
    """
    matching = [(package, [row[:MATCHING] for row in of], [row.events for row in of if row.lo is None]) for package, of in rows]
    rest = [row[MATCHING:] for _, of in rows for row in of]
    said = (advisory.aliases, advisory.cves, advisory.related, advisory.upstream, advisory.severities, advisory.references)
    beside = (said, advisory.withdrawn, advisory.summary, advisory.published)
    return _hash((matching, advisory.withdrawn is not None)), _hash((rest, beside))


def _hash(values: object) -> int:
    return int.from_bytes(blake2b(msgspec.msgpack.encode(values), digest_size=HASH_BYTES).digest(), "big")
