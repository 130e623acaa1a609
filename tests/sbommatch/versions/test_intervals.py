"""Interval algebra, and the placing of events: tables of the rules, then two readings of the same events held against each other."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sbommatch.advisory import Event, EventKind
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.intervals import Interval, Placement, complement, contains, contains_raw, normalise, place_events, union
from sbommatch.versions.scheme import BOTTOM, TOP, InvalidVersion, Scheme

quickly = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
at_length = settings(max_examples=10_000, deadline=None, suppress_health_check=list(HealthCheck))

PYPI, SEMVER, APK, DEB = (SCHEME_BY_NAME[name] for name in ("pypi", "semver", "apk", "deb"))

KINDS = {
    "introduced": EventKind.INTRODUCED,
    "fixed": EventKind.FIXED,
    "last": EventKind.LAST_AFFECTED,
    "limit": EventKind.LIMIT,
    "after": EventKind.INTRODUCED_AFTER_UPSTREAM,
}


def events(text: str) -> tuple[Event, ...]:
    """`introduced 0, fixed 1.2`."""
    return tuple(Event(KINDS[kind], version) for kind, version in (step.split() for step in text.split(","))) if text else ()


# The algebra.

_KEYS = st.binary(max_size=2).filter(lambda key: not key.startswith(b"\xff"))
_INTERVALS = st.lists(st.tuples(_KEYS, st.one_of(_KEYS, st.just(TOP))).map(lambda pair: Interval(*pair)), max_size=6)


@given(_INTERVALS, _KEYS)
def test_normalising_keeps_the_keys_and_leaves_no_touching_or_empty_intervals(intervals: list[Interval], key: bytes) -> None:
    normal = normalise(intervals)
    assert contains(normal, key) == contains(intervals, key)
    assert all(interval.lo < interval.hi for interval in normal)
    assert all(lower.hi < higher.lo for lower, higher in pairwise(normal))
    assert normalise(normal) == normal


@given(_INTERVALS, _KEYS)
def test_a_complement_holds_the_other_keys(intervals: list[Interval], key: bytes) -> None:
    gaps = complement(intervals)
    assert contains(gaps, key) != contains(intervals, key)
    assert complement(gaps) == normalise(intervals)


@given(_INTERVALS, _INTERVALS, _KEYS)
def test_a_union_holds_the_keys_of_both(left: list[Interval], right: list[Interval], key: bytes) -> None:
    assert contains(union(left, right), key) == (contains(left, key) or contains(right, key))
    assert union(left, complement(left)) == (Interval(BOTTOM, TOP),)


def test_the_algebra_knows_nothing_and_everything() -> None:
    everything = (Interval(BOTTOM, TOP),)
    assert union() == complement(everything) == ()
    assert complement(()) == everything
    assert not contains((), b"a")


# The rules of placing.


def affected(scheme: Scheme, placement: Placement, version: str) -> bool | None:
    """What a placement says of a version that has a key."""
    key = scheme.key(version)
    if contains(placement.intervals, key):
        return True
    answers = {contains_raw(scheme, part, version) for part in placement.declined}
    if True in answers:
        return True
    return None if None in answers or contains(placement.unplaced, key) else False


@pytest.mark.parametrize(
    ("scheme", "text", "inside", "outside", "reordered"),
    [
        (SEMVER, "", "", "0.0.0-0 1", False),
        (SEMVER, "introduced 0", "0.0.0-0 1 99", "", False),
        (SEMVER, "introduced 0, fixed 1.2.3", "0.0.0-0 1.2.2 1.2.3-rc1", "1.2.3 2", False),
        (SEMVER, "introduced 0, last 1.2.3", "0.0.0-0 1.2.3-rc1 1.2.3 1.2.3+build", "1.2.4-0 2", False),
        (SEMVER, "introduced 1, fixed 2, introduced 3", "1 1.9 3 99", "0.9 1.0.0-rc1 2 2.9 3.0.0-rc1", False),
        # RUSTSEC-2022-0012: an empty window is none.
        (SEMVER, "introduced 0.10.0, fixed 0.10.0", "", "0.9.0 0.10.0 0.11.0", False),
        # PYSEC-2022-42972: windows in any order, touching ones.
        (PYPI, "introduced 0.13.0, fixed 0.14.0rc1, introduced 0.12.2, fixed 0.13.0", "0.12.2 0.13.0 0.14.0b1", "0.12.1 0.14.0rc1", False),
        # PYSEC-2021-114: overlapping windows keep their own ends.
        (PYPI, "introduced 2.11, fixed 2.11.7, introduced 0, fixed 2.11.6", "1 2.11 2.11.6 2.11.7.dev1", "2.11.7", False),
        # PYSEC-2009-17: after the first last_affected the others change nothing.
        (PYPI, "introduced 3.0, last 3.1, last 3.2, last 3.5", "3.0 3.1 3.1+x", "2.9 3.1.post1 3.2 3.5", True),
        (SEMVER, "introduced 1, introduced 2, fixed 3", "1 2 2.9", "0.9 3", True),
        (SEMVER, "introduced 1, fixed 3, fixed 2", "1 1.9", "2 2.9 3", True),
        # A closing event first: its own window stands below it.
        (SEMVER, "fixed 1.2, introduced 0", "0 1.1", "1.2 2", True),
        (SEMVER, "fixed 1.2", "", "0 1.1 1.2 2", True),
        # On a tie the closing event comes first.
        (SEMVER, "introduced 1, fixed 2, introduced 2, introduced 3, fixed 4", "1 2 3", "4", True),
        (SEMVER, "fixed 2, introduced 2", "2 3", "1", True),
        # BIT-redis-2025-21605: a window that closes below its opening is none.
        (SEMVER, "introduced 7.3, fixed 6.2, introduced 7.4, fixed 7.4.3", "7.3 7.3.9 7.4.2", "6.1 6.2 7.2 7.4.3", True),
        (SEMVER, "introduced 2, fixed 1", "2 3", "0 1 1.5", True),
        (SEMVER, "introduced 2, last 1", "2 3", "0 1 1.5", True),
        (SEMVER, "introduced 1, last 1", "1 1.0.0+b", "1.0.0-rc1 1.0.1-0", False),
        # A limit cuts off all windows; of several the highest counts.
        (SEMVER, "introduced 0, limit 2", "0 1.9", "2 3", False),
        (SEMVER, "introduced 0, limit *", "0 99", "", False),
        (SEMVER, "introduced 0, fixed 1, introduced 3, limit 2, limit 4", "0 3 3.9", "1 2 4", False),
        (SEMVER, "introduced 0, limit 2, limit *", "0 99", "", False),
        (SEMVER, "introduced 3, limit 2", "", "1 2 3", False),
        (SEMVER, "limit 2", "", "1 2", False),
        # PEP 440: only the last affected version takes in its locals.
        (PYPI, "introduced 0, last 2.10.0", "2.10.0 2.10.0+cu128", "2.10.0.post1", False),
        (PYPI, "introduced 0, last 2.6.0+cu124", "2.6.0 2.6.0+cu124", "2.6.0+cu124.1 2.6.0+cu125", False),
        (PYPI, "introduced 0, fixed 2.10.0", "2.10.0rc1 2.10.0rc1+x", "2.10.0 2.10.0+cu128", False),
        (PYPI, "introduced 2.10.0, fixed 3", "2.10.0 2.10.0+cu128", "2.10.0rc1 3+x", False),
        (PYPI, "introduced 2.10.0+cu128, last 2.10.0", "2.10.0+cu128 2.10.0+cu129", "2.10.0 2.10.0+cu127 2.10.0.post1", False),
        # Several fixes of one vulnerability: a lower one clears its own upstream version only.
        (APK, "introduced 0, fixed 1.9-r9, after 1.9-r9, fixed 2.1-r2", "1.9-r8 1.9_p1 2.1-r1", "1.9-r9 1.9-r10 2.1-r2", False),
        # Windows of our own making are not sorted: one that closes below its opening is empty.
        (APK, "introduced 0, fixed 2, after 2, fixed 1", "0 1.9", "2 2-r1 2.1 3", False),
        (DEB, "introduced 0, fixed 1:1-5, after 1:1-5, fixed 1:2-1", "1:1-4 1:1.1-1 1:2~rc1-1 3-1", "1:1-5 1:1-9 1:2-1", False),
    ],
)  # fmt: skip
def test_events_are_placed_by_the_rules(scheme: Scheme, text: str, inside: str, outside: str, reordered: bool) -> None:
    placement = place_events(scheme, events(text))
    assert placement.sorted is reordered
    assert not placement.unplaced
    assert not placement.declined
    for versions, answer in ((inside, True), (outside, False)):
        for version in versions.split():
            assert affected(scheme, placement, version) is answer, version
            assert contains_raw(scheme, events(text), version) is answer, version


@pytest.mark.parametrize(
    ("text", "fixes"),
    [
        ("introduced 0, fixed 1.2, introduced 2, fixed 2.3", ["1.2", "2.3"]),
        ("introduced 0, fixed v1.2.0", ["v1.2.0"]),
        ("introduced 0, last 1.2", [None]),
        ("introduced 0", [None]),
        ("introduced 1, fixed 3, fixed 2", ["2"]),
        ("introduced 0, fixed 3, limit 2", ["3"]),
        ("introduced 0, limit 2", [None]),
        ("introduced 1, fixed 1, introduced 2, fixed 3", ["3"]),
    ],
)
def test_an_interval_knows_the_version_that_fixes_it_as_the_feed_writes_it(text: str, fixes: list[str | None]) -> None:
    assert [interval.fix for interval in place_events(SEMVER, events(text)).intervals] == fixes


@pytest.mark.parametrize(
    ("text", "inside", "outside", "open_"),
    [
        # Nothing is known from the opening on; below it this window says no.
        ("introduced 1, fixed nonsense", "", "0.9 1.0.0-rc1", "1 5 99"),
        ("introduced 1, last nonsense", "", "0.9", "1 5 99"),
        ("introduced 0, fixed 7.2.0-12_1", "", "", "0 1 99"),
        # Nothing is known below the end; from there on this window says no.
        ("introduced nonsense, fixed 2", "", "2 3", "0 1.9"),
        ("introduced nonsense, last 2", "", "2.0.1 3", "0 2"),
        ("introduced nonsense", "", "", "0 1 99"),
        ("introduced nonsense, fixed nonsense", "", "", "0 1 99"),
        # The other windows stand, and count before an open zone.
        ("introduced 1, fixed 2, introduced 3, fixed nonsense", "1 1.9", "0.9 2 2.9", "3 99"),
        ("introduced nonsense, fixed 2, introduced 1, fixed 3", "1 1.9 2.9", "3 4", "0.9"),
        ("introduced 1, fixed nonsense, introduced 3, fixed 4", "3 3.9", "0.9", "1 2 4 99"),
        # A sorted range: an unknown end may have closed anything, an unknown beginning opened anything.
        ("introduced 1, last 2, last nonsense", "", "0.9 2.1", "1 2"),
        ("introduced 1, fixed 2, fixed 3, introduced nonsense", "1 1.9", "", "0.9 2 3"),
        ("introduced nonsense, fixed nonsense, fixed 2, introduced 1", "", "", "0 1 2"),
        ("fixed nonsense", "", "0 1", ""),
        # A limit belongs to every window.
        ("introduced 1, fixed 3, limit nonsense", "", "0.9 3", "1 2.9"),
        ("introduced 1, fixed 3, limit 2, limit nonsense", "1 1.9", "0.9 3", "2 2.9"),
        ("introduced 1, fixed 3, limit *, limit nonsense", "1 2.9", "0.9 3", ""),
        ("introduced 1, fixed nonsense, limit 3", "", "0.9 3 4", "1 2.9"),
    ],
)
def test_a_bound_that_is_no_version_leaves_open_what_depends_on_it_only(text: str, inside: str, outside: str, open_: str) -> None:
    placement = place_events(SEMVER, events(text))
    for versions, answer in ((inside, True), (outside, False), (open_, None)):
        for version in versions.split():
            assert affected(SEMVER, placement, version) is answer, version
            assert contains_raw(SEMVER, events(text), version) is answer, version
    assert bool(placement.unplaced) is bool(open_)
    for zone in placement.unplaced:
        assert zone.bound.version in {"nonsense", "7.2.0-12_1"}
        assert "is no SemVer" in zone.reason


BIG = "9" * 20
"""Apk declines its key."""


@pytest.mark.parametrize(
    ("text", "intervals", "declined"),
    [
        (f"introduced 1, fixed 2, introduced 3, fixed 3.{BIG}", 1, [f"introduced 3, fixed 3.{BIG}"]),
        (f"introduced 1.{BIG}, fixed 2, introduced 3", 1, [f"introduced 1.{BIG}, fixed 2"]),
        (f"introduced 1.{BIG}", 0, [f"introduced 1.{BIG}"]),
        (f"introduced 1, fixed 1.{BIG}, limit 2", 0, [f"introduced 1, fixed 1.{BIG}, limit 2"]),
        (f"introduced 1, fixed 2, limit {BIG}", 0, [f"introduced 1, fixed 2, limit {BIG}"]),
        (f"introduced 1, last 2, last 2.{BIG}", 0, [f"introduced 1, last 2, last 2.{BIG}"]),
        (f"introduced nonsense, fixed {BIG}", 0, [f"introduced nonsense, fixed {BIG}"]),
        (f"introduced 1.{BIG}, fixed 0, after 0, fixed 1", 0, [f"introduced 1.{BIG}, fixed 0, after 0, fixed 1"]),
    ],
)
def test_a_bound_without_a_key_hands_its_window_to_compare(text: str, intervals: int, declined: list[str]) -> None:
    placement = place_events(APK, events(text))
    assert len(placement.intervals) == intervals
    assert placement.declined == tuple(events(part) for part in declined)


def test_compare_settles_a_version_without_a_key() -> None:
    wrapped = f"1.{2**64 + 5}"  # 1.5, for apk-tools
    assert contains_raw(APK, events("introduced 1.2, fixed 1.9"), wrapped) is True
    assert contains_raw(APK, events("introduced 1.2, fixed 1.5"), wrapped) is False
    assert contains_raw(APK, events("introduced 1.2, last 1.5"), wrapped) is True
    assert contains_raw(APK, events("introduced 1.2, fixed nonsense"), wrapped) is None
    assert contains_raw(APK, events("introduced 1.6, fixed nonsense"), wrapped) is False


def test_compare_knows_no_upstream_parts() -> None:
    assert contains_raw(APK, events("after 1.4-r1, fixed 2"), f"1.{2**64 + 5}") is None
    assert contains_raw(APK, events("after 1.6-r1, fixed 2"), f"1.{2**64 + 5}") is False


def test_a_version_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidVersion):
        contains_raw(SEMVER, events("introduced 0"), "nonsense")


# Two readings of the same events.

POOLS = {
    "semver": ["0", "0.9", "1.0.0-rc1", "1", "1.0.1", "1.5", "2", "3"],
    "pypi": ["0", "0.9", "1.0rc1", "1.0", "1.0+a", "1.0+b", "1.0.post1", "2", "3"],
    "apk": ["0", "0.9", "1_rc1", "1", "1-r0", "1-r1", "1-r2", "1_p1", "1.5-r3", f"1.{2**64 + 5}", f"2.{BIG}", "2", "3"],
}
NOWHERE = "nonsense"


@st.composite
def cases(draw: st.DrawFn, nowhere: tuple[str, ...] = (NOWHERE,)) -> tuple[Scheme, tuple[Event, ...], str]:
    name = draw(st.sampled_from(sorted(POOLS)))
    pool = st.sampled_from((*POOLS[name], *nowhere))
    opening = (
        st.just(EventKind.INTRODUCED) if name != "apk" else st.sampled_from([EventKind.INTRODUCED, EventKind.INTRODUCED_AFTER_UPSTREAM])
    )
    closing = st.sampled_from([EventKind.FIXED, EventKind.LAST_AFFECTED])
    if draw(st.booleans()):
        pairs = draw(st.lists(st.tuples(st.builds(Event, opening, pool), st.builds(Event, closing, pool)), max_size=3))
        steps = [event for pair in pairs for event in pair]
        steps = steps[: len(steps) - draw(st.integers(0, 1))]
    else:
        # Our own event stands in windows of our own making only.
        steps = draw(st.lists(st.builds(Event, st.one_of(st.just(EventKind.INTRODUCED), closing), pool), max_size=5))
    limits = (
        draw(st.lists(st.builds(Event, st.just(EventKind.LIMIT), st.one_of(pool, st.just("*"))), max_size=2)) if draw(st.booleans()) else []
    )
    return SCHEME_BY_NAME[name], (*steps, *limits), draw(st.sampled_from(POOLS[name]))


def keyed(scheme: Scheme, version: str) -> bool:
    return scheme.name != "apk" or not any(big in version for big in (BIG, str(2**64 + 5)))


def agree(case: tuple[Scheme, tuple[Event, ...], str]) -> None:
    scheme, steps, version = case
    placement = place_events(scheme, steps)
    assert all(interval.lo < interval.hi for interval in (*placement.intervals, *placement.unplaced))
    assert bool(placement.declined) <= any(not keyed(scheme, event.version) for event in steps)
    if keyed(scheme, version):
        assert affected(scheme, placement, version) == contains_raw(scheme, steps, version)


def never_guesses(case: tuple[Scheme, tuple[Event, ...], str], replacement: str) -> None:
    """A definite answer stays the same wherever the bound without a place may stand, as long as the events are read in the same way."""
    scheme, steps, version = case
    answer = contains_raw(scheme, steps, version)
    world = tuple(Event(event.kind, replacement if event.version == NOWHERE else event.version) for event in steps)
    if answer is not None and place_events(scheme, world).sorted == place_events(scheme, steps).sorted:
        assert contains_raw(scheme, world, version) == answer


def place(scheme: Scheme, event: Event) -> bytes:
    if event.kind is EventKind.INTRODUCED and event.version == "0":
        return BOTTOM
    return (scheme.end_of if event.kind is EventKind.LAST_AFFECTED else scheme.key)(event.version)


def by_the_standard(scheme: Scheme, steps: Sequence[Event], version: str) -> bool:
    """`IncludedInRanges` of the OSV schema, by keys."""
    key = scheme.key(version)
    limits = [event.version for event in steps if event.kind is EventKind.LIMIT]
    if limits and not any(limit == "*" or key < scheme.key(limit) for limit in limits):
        return False
    vulnerable = False
    placed = [(place(scheme, event), event.kind is EventKind.INTRODUCED) for event in steps if event.kind is not EventKind.LIMIT]
    for at, opens in sorted(placed):
        if key >= at:
            vulnerable = opens
    return vulnerable


def standard(scheme: Scheme, steps: Sequence[Event], version: str) -> bool:
    """Whether the standard knows all that is in the case."""
    return not any(event.kind is EventKind.INTRODUCED_AFTER_UPSTREAM for event in steps) and all(
        keyed(scheme, one) for one in (version, *(event.version for event in steps))
    )


@given(cases())
@quickly
def test_intervals_and_compare_agree(case: tuple[Scheme, tuple[Event, ...], str]) -> None:
    agree(case)


@given(cases(), st.sampled_from(["0.1", "1", "1.2", "2", "9"]))
@quickly
def test_a_definite_answer_never_hangs_on_a_bound_without_a_place(case: tuple[Scheme, tuple[Event, ...], str], replacement: str) -> None:
    never_guesses(case, replacement)


@given(cases(nowhere=()))
@quickly
def test_sorted_ranges_and_windows_apart_from_each_other_are_read_as_the_standard_does(case: tuple[Scheme, tuple[Event, ...], str]) -> None:
    scheme, steps, version = case
    if not standard(scheme, steps, version):
        return
    unlimited = [event for event in steps if event.kind is not EventKind.LIMIT]
    placement = place_events(scheme, unlimited)
    apart = all(lower.hi <= higher.lo for lower, higher in pairwise(placement.intervals))
    ties = len({place(scheme, event) for event in unlimited}) < len(unlimited)
    if placement.sorted or (apart and not ties):
        assert contains_raw(scheme, steps, version) is by_the_standard(scheme, steps, version)


@pytest.mark.long
@given(cases(), st.sampled_from(["0.1", "1", "1.2", "2", "9"]))
@at_length
def test_all_of_it_holds_at_length(case: tuple[Scheme, tuple[Event, ...], str], replacement: str) -> None:
    agree(case)
    never_guesses(case, replacement)
