"""Half-open intervals of keys, and how the events of a feed's range become intervals.

**Pairing.** A range whose events alternate, an opening one first, is a list of windows, paired in document order: sorting would close
overlapping windows too early (PYSEC-2021-114). Any other range, and one with a window that closes below its opening, is read as the OSV
standard does: of the events at or below a version the last one decides, and on a tie the opening one. Such a range is flagged `sorted`.
A `limit` cuts off all windows; of several the highest counts.

**Bounds without a place.** A bound that is no version of the scheme could stand anywhere. What its window says is left open as far as the
window's other bound does not settle it: with `introduced: 1.0, fixed: nonsense` nothing is known from 1.0 on, and below 1.0 nothing is
affected by this window. The other windows stand. A sorted range has no windows: there an unknown closing event leaves open all that is
affected, an unknown opening event all that is not. What is affected for certain stays so: an interval counts before an open zone.

**Bounds without a key.** What `Scheme.key` declines has a place all the same, for `compare`: its window is handed on as events for
`contains_raw`.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct

from sbommatch.advisory import Event, EventKind
from sbommatch.versions.scheme import BOTTOM, TOP, InvalidVersion, KeyDeclined, Scheme

LOWEST = "0"
"""`introduced: 0` stands below every version."""

NO_LIMIT = "*"
"""`limit: *` stands above every version."""

_OPENING = frozenset({EventKind.INTRODUCED, EventKind.INTRODUCED_AFTER_UPSTREAM})


class Interval(Struct, frozen=True):
    """The keys from `lo` on and below `hi`."""

    lo: bytes
    hi: bytes


def normalise(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The same keys in the fewest intervals: sorted, apart from each other, none empty."""
    merged: list[Interval] = []
    for interval in sorted(intervals, key=lambda interval: interval.lo):
        if interval.lo >= interval.hi:
            continue
        if merged and interval.lo <= merged[-1].hi:
            merged[-1] = Interval(merged[-1].lo, max(merged[-1].hi, interval.hi))
        else:
            merged.append(Interval(interval.lo, interval.hi))
    return tuple(merged)


def union(*sets: Iterable[Interval]) -> tuple[Interval, ...]:
    """The keys that are in any of the sets, normalised."""
    return normalise(interval for intervals in sets for interval in intervals)


def complement(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """The keys that are in none of the intervals, normalised."""
    edges = [BOTTOM, *(edge for interval in normalise(intervals) for edge in (interval.lo, interval.hi)), TOP]
    return normalise(Interval(lo, hi) for lo, hi in zip(edges[::2], edges[1::2], strict=True))


def contains(intervals: Iterable[Interval], key: bytes) -> bool:
    """Whether the key is in any of the intervals; they need not be normalised."""
    return any(interval.lo <= key < interval.hi for interval in intervals)


class Placed(Interval, frozen=True):
    """An interval of affected versions."""

    fix: str | None = None
    """The version that closes it, as the feed writes it; None where no fix does."""


class Unplaced(Interval, frozen=True):
    """A zone that is left open, neither affected nor not, because a bound is no version of the scheme."""

    bound: Event
    reason: str
    """Why it is no version."""


class Placement(Struct, frozen=True):
    """The events of one range, placed."""

    intervals: tuple[Placed, ...]
    """None empty, in the order of the feed; they may overlap."""
    unplaced: tuple[Unplaced, ...]
    """None empty; where one overlaps an interval, the interval counts."""
    declined: tuple[tuple[Event, ...], ...]
    """Parts of the range with a bound that has no key: affected where `contains_raw` says so of any, open where it leaves one open."""
    sorted: bool
    """The events did not alternate in document order and were read in the order of versions."""


class _Bound(Struct, frozen=True):
    """An event with its key, or why it has none."""

    event: Event
    key: bytes | None
    refused: InvalidVersion | KeyDeclined | None = None

    @property
    def opens(self) -> bool:
        return self.event.kind in _OPENING

    @property
    def declined(self) -> bool:
        return isinstance(self.refused, KeyDeclined)


_Window = tuple[_Bound, _Bound | None]


def place_events(scheme: Scheme, events: Sequence[Event]) -> Placement:
    """The intervals that a range's events describe; see the rules at the head of this module. Raises nothing."""
    bounds = [_bound(scheme, event) for event in events if event.kind is not EventKind.LIMIT]
    limits = [_bound(scheme, event) for event in events if event.kind is EventKind.LIMIT]
    windows = _windows(scheme, bounds)
    # Without its range a window is read as before only if it stands in a list of OSV's windows.
    apart = windows is not None and not _of_our_own(bounds)
    if any(limit.declined for limit in limits) or (not apart and any(bound.declined for bound in bounds)):
        return Placement((), (), (tuple(events),), windows is None)
    if windows is None:
        placed, unplaced = _place_sorted(bounds)
        declined: list[tuple[Event, ...]] = []
    else:
        placed, unplaced, declined = _place_windows(windows, tuple(limit.event for limit in limits))
    return Placement(*_limited(placed, unplaced, limits), tuple(declined), windows is None)


def _bound(scheme: Scheme, event: Event) -> _Bound:
    try:
        return _Bound(event, _key(scheme, event))
    except (InvalidVersion, KeyDeclined) as refused:
        return _Bound(event, None, refused)


def _key(scheme: Scheme, event: Event) -> bytes:
    """Where the event stands: the least key that is at or past it."""
    match event.kind:
        case EventKind.INTRODUCED if event.version == LOWEST:
            return BOTTOM
        case EventKind.LIMIT if event.version == NO_LIMIT:
            return TOP
        case EventKind.LAST_AFFECTED:
            return scheme.end_of(event.version)
        case EventKind.INTRODUCED_AFTER_UPSTREAM:
            return scheme.end_of_upstream(event.version)
    return scheme.key(event.version)


def _windows(scheme: Scheme, bounds: list[_Bound]) -> list[_Window] | None:
    """Opening and closing bounds in pairs; None where they do not alternate, or a window closes below its opening."""
    if any(bound.opens is bool(index % 2) for index, bound in enumerate(bounds)):
        return None
    windows: list[_Window] = list(zip(bounds[::2], [*bounds[1::2], *[None] * (len(bounds) % 2)], strict=True))
    if not _of_our_own(bounds) and any(_closes_below(scheme, *window) for window in windows):
        return None
    return windows


def _of_our_own(bounds: list[_Bound]) -> bool:
    """Ranges with the event that OSV does not know are made of windows: there is nothing to sort."""
    return any(bound.event.kind is EventKind.INTRODUCED_AFTER_UPSTREAM for bound in bounds)


def _closes_below(scheme: Scheme, opening: _Bound, closing: _Bound | None) -> bool:
    if closing is None:
        return False
    if opening.key is not None and closing.key is not None:
        return closing.key < opening.key
    try:
        return _side(scheme, opening.event, closing.event) < 0
    except InvalidVersion:
        return False


def _fix(closing: _Bound | None) -> str | None:
    return closing.event.version if closing and closing.event.kind is EventKind.FIXED else None


def _place_windows(windows: list[_Window], limits: tuple[Event, ...]) -> tuple[list[Placed], list[Unplaced], list[tuple[Event, ...]]]:
    placed: list[Placed] = []
    unplaced: list[Unplaced] = []
    declined: list[tuple[Event, ...]] = []
    for opening, closing in windows:
        bounds = (opening, closing) if closing else (opening,)
        lo = BOTTOM if opening.key is None else opening.key
        hi = TOP if closing is None or closing.key is None else closing.key
        if any(bound.declined for bound in bounds):
            declined.append((*(bound.event for bound in bounds), *limits))
        elif refused := next((bound for bound in bounds if bound.refused), None):
            unplaced.append(Unplaced(lo, hi, refused.event, str(refused.refused)))
        else:
            placed.append(Placed(lo, hi, _fix(closing)))
    return placed, unplaced, declined


def _place_sorted(bounds: list[_Bound]) -> tuple[list[Placed], list[Unplaced]]:
    placed: list[Placed] = []
    lo: bytes | None = None
    known = [(bound.key, bound.opens, _fix(bound)) for bound in bounds if bound.key is not None]
    for key, opens, fix in sorted(known, key=lambda step: step[:2]):
        if opens:
            lo = key if lo is None else lo
        elif lo is not None:
            placed.append(Placed(lo, key, fix))
            lo = None
    if lo is not None:
        placed.append(Placed(lo, TOP))
    unplaced: list[Unplaced] = []
    gaps = complement(placed)
    for bound in bounds:
        if bound.key is None:
            unplaced += [Unplaced(zone.lo, zone.hi, bound.event, str(bound.refused)) for zone in (gaps if bound.opens else placed)]
    if any(bound.key is None and not bound.opens for bound in bounds):
        placed = []
    return placed, unplaced


def _limited(placed: list[Placed], unplaced: list[Unplaced], limits: list[_Bound]) -> tuple[tuple[Placed, ...], tuple[Unplaced, ...]]:
    """Cut off at the highest limit; left open beyond it where another limit has no place."""
    ceiling = max((limit.key for limit in limits if limit.key is not None), default=BOTTOM) if limits else TOP
    cut = [Placed(one.lo, min(one.hi, ceiling), one.fix) for one in placed]
    unknown = next((limit for limit in limits if limit.key is None), None)
    if unknown:
        zones = [*unplaced, *(Unplaced(max(one.lo, ceiling), one.hi, unknown.event, str(unknown.refused)) for one in placed)]
    else:
        zones = [Unplaced(zone.lo, min(zone.hi, ceiling), zone.bound, zone.reason) for zone in unplaced]
    return tuple(one for one in cut if one.lo < one.hi), tuple(zone for zone in zones if zone.lo < zone.hi)


def contains_raw(scheme: Scheme, events: Sequence[Event], version: str) -> bool | None:
    """Whether the events take in the version, by `compare` alone and the same rules; None where a bound without a place leaves it open.

    For versions and bounds that have no key. Raises InvalidVersion where the version itself is none.
    """
    scheme.compare(version, version)
    steps = [(event, _reached(scheme, event, version)) for event in events if event.kind is not EventKind.LIMIT]
    limits = [_reached(scheme, event, version) for event in events if event.kind is EventKind.LIMIT]
    bounds = [_Bound(event, None) for event, _ in steps]
    if _windows(scheme, bounds) is None:
        inside = _inside_sorted(scheme, steps)
    else:
        ends = [reached for _, reached in steps[1::2]] + [False] * (len(steps) % 2)
        inside = _any(_both(opened, _not(closed)) for (_, opened), closed in zip(steps[::2], ends, strict=True))
    return _both(inside, _any(_not(limit) for limit in limits)) if limits else inside


def _reached(scheme: Scheme, event: Event, version: str) -> bool | None:
    """Whether the version is at or past the event; None where the event has no place."""
    if event.version == (NO_LIMIT if event.kind is EventKind.LIMIT else LOWEST) and event.kind in {EventKind.LIMIT, EventKind.INTRODUCED}:
        return event.kind is EventKind.INTRODUCED
    try:
        order = scheme.compare(version, event.version)
    except InvalidVersion:
        return None
    if event.kind is EventKind.LAST_AFFECTED:
        return order > 0 and _past(scheme, version, event.version)
    if event.kind is EventKind.INTRODUCED_AFTER_UPSTREAM:
        return order > 0 and _past_upstream(scheme, version, event.version)
    return order >= 0


def _past(scheme: Scheme, version: str, bound: str) -> bool:
    """Of a version above the bound: whether it is no part of it, as a local version of PEP 440 is."""
    try:
        return scheme.key(version) >= scheme.end_of(bound)
    except KeyDeclined:
        return True


def _past_upstream(scheme: Scheme, version: str, bound: str) -> bool | None:
    """None where there are no keys: `compare` knows no upstream parts."""
    try:
        return scheme.key(version) >= scheme.end_of_upstream(bound)
    except KeyDeclined:
        return None


def _side(scheme: Scheme, opening: Event, closing: Event) -> int:
    """-1, 0 or 1 as the closing event stands below, at or above the opening one. Raises InvalidVersion."""
    if opening.kind is EventKind.INTRODUCED and opening.version == LOWEST:
        return 1
    if opening.kind is EventKind.INTRODUCED_AFTER_UPSTREAM:
        return 1 if _reached(scheme, opening, closing.version) else -1
    if closing.kind is EventKind.LAST_AFFECTED:
        return -1 if _reached(scheme, closing, opening.version) else 1
    return scheme.compare(closing.version, opening.version)


def _inside_sorted(scheme: Scheme, steps: list[tuple[Event, bool | None]]) -> bool | None:
    """The last event at or below the version decides: an opening one, if no closing one stands above it."""
    opened = [event for event, reached in steps if reached and event.kind in _OPENING]
    closed = [event for event, reached in steps if reached and event.kind not in _OPENING]
    inside = any(all(_side(scheme, opening, closing) <= 0 for closing in closed) for opening in opened)
    unknown = {event.kind in _OPENING for event, reached in steps if reached is None}
    return inside if unknown <= {inside} else None


def _not(answer: bool | None) -> bool | None:
    return None if answer is None else not answer


def _any(answers: Iterable[bool | None]) -> bool | None:
    """True if any is; else open if any is; else False."""
    known = set(answers)
    return True if True in known else None if None in known else False


def _both(left: bool | None, right: bool | None) -> bool | None:
    return _not(_any((_not(left), _not(right))))
