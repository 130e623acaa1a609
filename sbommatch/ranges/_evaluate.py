"""What a range takes in, in the order of a scheme: asked about one version, and as spans between bounds.

Spans are exact for the comparators; rules only narrow them (`NativeRange.rules`).
"""

from collections.abc import Iterable, Mapping
from enum import IntEnum

from msgspec import Struct

from sbommatch.advisory import Event, EventKind
from sbommatch.ranges._model import Clause, Comparator, NativeRange, Op, shown
from sbommatch.ranges._rules import admits
from sbommatch.versions.intervals import LOWEST, NO_LIMIT, Interval, complement, contains_raw, place_events, union
from sbommatch.versions.scheme import BOTTOM, TOP, InvalidVersion, KeyDeclined, Scheme


class Side(IntEnum):
    """Where beside its version a bound stands."""

    BEFORE = 0
    AFTER = 1
    """Behind all that the version takes in (`Scheme.end_of`)."""
    AFTER_REVISIONS = 2
    """Behind all with its upstream part (`Scheme.end_of_upstream`)."""


class Bound(Struct, frozen=True):
    """One end of a span."""

    version: str
    side: Side


class Span(Struct, frozen=True):
    """The versions between two bounds, and their keys."""

    lower: Bound | None
    """None: from below every version."""
    upper: Bound | None
    """None: without end."""
    interval: Interval

    def __str__(self) -> str:
        """`>=1.0, <2.0`."""
        lower, upper = self.lower, self.upper
        if lower and upper and lower.version == upper.version and lower.side is Side.BEFORE and upper.side is not Side.BEFORE:
            return f"{'=' if upper.side is Side.AFTER else '~'}{lower.version}"
        words = [_LOWER_WORDS[lower.side] + lower.version] if lower else []
        words += [_UPPER_WORDS[upper.side] + upper.version] if upper else []
        return ", ".join(words) or "every version"


_LOWER_WORDS = {Side.BEFORE: ">=", Side.AFTER: ">", Side.AFTER_REVISIONS: ">any revision of "}
_UPPER_WORDS = {Side.BEFORE: "<", Side.AFTER: "<=", Side.AFTER_REVISIONS: "<=any revision of "}


def contains(native: NativeRange, scheme: Scheme, version: str) -> bool:
    """Whether the version is inside, rules included. Raises InvalidVersion where it, or a bound that must be asked, is no version."""
    scheme.compare(version, version)
    if not native.events:
        return any(_holds(clause, scheme, version) for clause in native.clauses)
    inside = contains_raw(scheme, native.events, version)
    if inside is None:
        reasons = [unplaced.reason for unplaced in place_events(scheme, native.events).unplaced]
        raise InvalidVersion(reasons[0] if reasons else f"{shown(version)} has no place beside a bound that has no key")
    return inside


def _holds(clause: Clause, scheme: Scheme, version: str) -> bool:
    return (
        all(_satisfies(comparator, scheme, version) for comparator in clause.comparators)
        and not any(all(_satisfies(comparator, scheme, version) for comparator in row) for row in clause.excluded)
        and all(admits(rule, scheme, version) for rule in clause.rules)
    )


def _satisfies(comparator: Comparator, scheme: Scheme, version: str) -> bool:
    end = scheme.end_of_upstream if comparator.op is Op.REVISION else scheme.end_of
    try:
        key = scheme.key(version)
        place = -1 if key < scheme.key(comparator.version) else int(key >= end(comparator.version))
    except KeyDeclined:
        place = scheme.compare(version, comparator.version)
    match comparator.op:
        case Op.LESS:
            return place < 0
        case Op.UP_TO:
            return place <= 0
        case Op.GREATER:
            return place > 0
        case Op.FROM:
            return place >= 0
        case Op.NOT_EQUAL:
            return place != 0
        case Op.EQUAL | Op.REVISION:
            return place == 0


def intervals_of(native: NativeRange, scheme: Scheme) -> tuple[Interval, ...]:
    """The keys of what the comparators or events take in, normalised; rules narrow them further. Raises as `spans_of` does."""
    return tuple(span.interval for span in spans_of(native, scheme))


def spans_of(native: NativeRange, scheme: Scheme) -> tuple[Span, ...]:
    """What the comparators or events take in, in order, apart from each other; rules narrow it further.

    Raises InvalidVersion for a bound that is no version of the scheme, and KeyDeclined for one that has no key.
    """
    return _spans(*_placed((native,), scheme))


def spans_outside(natives: Iterable[NativeRange], scheme: Scheme) -> tuple[Span, ...]:
    """What the comparators and events of none of the ranges take in. Raises as `spans_of` does."""
    inside, bounds = _placed(natives, scheme)
    return _spans(complement(inside), bounds)


def _placed(natives: Iterable[NativeRange], scheme: Scheme) -> tuple[tuple[Interval, ...], dict[bytes, Bound]]:
    """The keys that are in any of the ranges, and the bounds by their keys."""
    bounds: dict[bytes, Bound] = {}
    inside: list[Iterable[Interval]] = []
    for native in natives:
        for event in native.events:
            _note(bounds, scheme, _bound_of(event))
        inside.append(place_events(scheme, native.events).intervals)
        inside += [_intervals(clause, scheme, bounds) for clause in native.clauses]
    return union(*inside), bounds


def _spans(intervals: Iterable[Interval], bounds: Mapping[bytes, Bound]) -> tuple[Span, ...]:
    return tuple(Span(bounds.get(one.lo), bounds.get(one.hi), one) for one in intervals)


def _intervals(clause: Clause, scheme: Scheme, bounds: dict[bytes, Bound]) -> tuple[Interval, ...]:
    """Notes the bounds by their keys. All of it in terms of what is outside, whose union is taken."""
    outside = [complement(_interval(comparator, scheme, bounds)) for comparator in clause.comparators]
    outside += [_intervals(Clause(row), scheme, bounds) for row in clause.excluded]
    return complement(union(*outside))


def _interval(comparator: Comparator, scheme: Scheme, bounds: dict[bytes, Bound]) -> tuple[Interval, ...]:
    op, version = comparator.op, comparator.version
    start = _note(bounds, scheme, Bound(version, Side.BEFORE))
    end = _note(bounds, scheme, Bound(version, Side.AFTER_REVISIONS if op is Op.REVISION else Side.AFTER))
    match op:
        case Op.LESS:
            return (Interval(BOTTOM, start),)
        case Op.UP_TO:
            return (Interval(BOTTOM, end),)
        case Op.GREATER:
            return (Interval(end, TOP),)
        case Op.FROM:
            return (Interval(start, TOP),)
        case Op.NOT_EQUAL:
            return complement((Interval(start, end),))
        case Op.EQUAL | Op.REVISION:
            return (Interval(start, end),)


def _note(bounds: dict[bytes, Bound], scheme: Scheme, bound: Bound | None) -> bytes:
    if bound is None:
        return BOTTOM
    methods = {Side.BEFORE: scheme.key, Side.AFTER: scheme.end_of, Side.AFTER_REVISIONS: scheme.end_of_upstream}
    key = methods[bound.side](bound.version)
    bounds.setdefault(key, bound)
    return key


def _bound_of(event: Event) -> Bound | None:
    """None where the event stands below or above every version."""
    match event.kind:
        case EventKind.INTRODUCED if event.version == LOWEST:
            return None
        case EventKind.LIMIT if event.version == NO_LIMIT:
            return None
        case EventKind.LAST_AFFECTED:
            return Bound(event.version, Side.AFTER)
        case EventKind.INTRODUCED_AFTER_UPSTREAM:
            return Bound(event.version, Side.AFTER_REVISIONS)
    return Bound(event.version, Side.BEFORE)
