"""Ranges as events of OSV, where they can be said so exactly.

OSV's events cannot say "behind 1.2": `introduced` and `fixed` stand before their version. Our event `introduced_after_upstream` says it
where versions have no part of a distributor's own (RubyGems' `> 1.2`); where they have one, and for a rule, there are no events.
"""

from collections.abc import Iterable, Iterator

from sbommatch.advisory import Event, EventKind
from sbommatch.ranges._evaluate import Bound, Side, Span, spans_of, spans_outside
from sbommatch.ranges._model import Clause, NativeRange, Op, shown
from sbommatch.versions.intervals import LOWEST
from sbommatch.versions.scheme import InvalidVersion, KeyDeclined, Scheme

ALSO_ZERO = "00"
"""`introduced: 0` stands below every version, pre-releases of 0 too; what begins at 0 itself is written so."""


class Unsayable(ValueError):  # noqa: N818  no error: a fact about the range
    """A range that OSV's events cannot say exactly; the message says why."""


def events(native: NativeRange, scheme: Scheme) -> tuple[Event, ...]:
    """Windows of events in order. Raises Unsayable.

    Where a bound has no key, or is no version of the scheme, the clauses are said as they stand, if each is one window.
    """
    if native.events:
        return native.events
    if native.rules:
        raise Unsayable(f"{shown(native.text)}: events know no rule {native.rules[0].name}")
    try:
        return tuple(_said(spans_of(native, scheme), scheme))
    except (InvalidVersion, KeyDeclined):
        return tuple(event for clause in native.clauses for event in _as_written(clause, scheme))


def events_outside(natives: Iterable[NativeRange], scheme: Scheme) -> tuple[Event, ...]:
    """What none of the ranges takes in: affected, where all that is patched is listed. Raises Unsayable, InvalidVersion and KeyDeclined."""
    natives = tuple(natives)
    for native in natives:
        if native.rules:
            raise Unsayable(f"{shown(native.text)}: events know no rule {native.rules[0].name}")
    return tuple(_said(spans_outside(natives, scheme), scheme))


def _said(spans: Iterable[Span], scheme: Scheme) -> Iterator[Event]:
    for span in spans:
        yield _opening(span.lower, scheme)
        if span.upper is not None:
            yield _closing(span.upper, scheme)


def _opening(bound: Bound | None, scheme: Scheme) -> Event:
    if bound is None:
        return Event(EventKind.INTRODUCED, LOWEST)
    if bound.side is Side.BEFORE:
        return Event(EventKind.INTRODUCED, ALSO_ZERO if bound.version == LOWEST else bound.version)
    if bound.side is Side.AFTER and not _is_all(bound, scheme):
        raise Unsayable(f"no event stands right behind {bound.version}")
    return Event(EventKind.INTRODUCED_AFTER_UPSTREAM, bound.version)


def _closing(bound: Bound, scheme: Scheme) -> Event:
    if bound.side is Side.BEFORE:
        return Event(EventKind.FIXED, bound.version)
    if bound.side is Side.AFTER_REVISIONS and not _is_all(bound, scheme):
        raise Unsayable(f"no event stands behind the revisions of {bound.version}")
    return Event(EventKind.LAST_AFFECTED, bound.version)


def _is_all(bound: Bound, scheme: Scheme) -> bool:
    """Whether the version is all there is with its upstream part."""
    return scheme.end_of(bound.version) == scheme.end_of_upstream(bound.version)


_WINDOWS = ({Op.EQUAL}, {Op.FROM, Op.LESS}, {Op.FROM, Op.UP_TO})
"""What a clause may ask, each once, to be one window."""


def _as_written(clause: Clause, scheme: Scheme) -> Iterator[Event]:
    versions = {comparator.op: comparator.version for comparator in clause.comparators}
    if len(versions) != len(clause.comparators) or clause.excluded or not any(set(versions) <= window for window in _WINDOWS):
        raise Unsayable("its bounds have no keys, and a clause of it is more than one window")
    lower = versions.get(Op.FROM, versions.get(Op.EQUAL))
    closings = [Event(EventKind.FIXED if op is Op.LESS else EventKind.LAST_AFFECTED, versions[op]) for op in versions if op is not Op.FROM]
    if lower and closings and _closes_below(lower, closings[0].version, scheme):
        return
    yield _opening(Bound(lower, Side.BEFORE) if lower else None, scheme)
    yield from closings


def _closes_below(lower: str, upper: str, scheme: Scheme) -> bool:
    try:
        return scheme.compare(lower, upper) > 0
    except InvalidVersion:
        return False
