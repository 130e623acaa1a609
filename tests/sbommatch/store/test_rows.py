"""From advisories to rows."""

from typing import Any

import pytest

from sbommatch.advisory import GIT_RANGE, Advisory, Affected, Event, EventKind, FixState, NameKind, Range, Severity, State
from sbommatch.problem import Problem, ProblemCode
from sbommatch.store import rows as rows_module
from sbommatch.store.rows import Row, RowMaker, canonical, record_hashes
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.scheme import BOTTOM, TOP

KEY = SCHEME_BY_NAME["pypi"].key
END = SCHEME_BY_NAME["pypi"].end_of
INTRODUCED, FIXED, LAST_AFFECTED = EventKind.INTRODUCED, EventKind.FIXED, EventKind.LAST_AFFECTED


def affected(*ranges: tuple[tuple[EventKind, str], ...], **fields: Any) -> Affected:
    made = tuple(Range("pypi", tuple(Event(*event) for event in events), f"range {index}") for index, events in enumerate(ranges))
    defaults: dict[str, Any] = {"namespace": "pypi", "name": "demo", "name_kind": NameKind.SELF, "scheme": "pypi", "ranges": made}
    return Affected(**defaults | fields)


def advisory(**fields: Any) -> Advisory:
    defaults: dict[str, Any] = {"id": "X-1", "feed": "osv-pypi", "record_sha256": "0" * 64}
    return Advisory(**defaults | fields)


def made(one: Affected, **fields: Any) -> tuple[list[Row], list[Problem]]:
    found = list(RowMaker().rows(advisory(**fields), one))
    return [row for row in found if isinstance(row, Row)], [row for row in found if isinstance(row, Problem)]


def test_each_window_is_an_interval_and_the_first_carries_the_events() -> None:
    rows, notes = made(affected(((INTRODUCED, "0"), (FIXED, "1.2"), (INTRODUCED, "2.0"), (LAST_AFFECTED, "2.5"))))
    assert notes == []
    assert [(row.lo, row.hi, row.fix, row.fix_state) for row in rows] == [
        (BOTTOM, KEY("1.2"), "1.2", "fixed"),
        (KEY("2.0"), END("2.5"), None, "unknown"),
    ]
    assert [row.events for row in rows] == ['[["introduced","0"],["fixed","1.2"],["introduced","2.0"],["last_affected","2.5"]]', None]
    assert {row.raw for row in rows} == {"range 0"}


def test_listed_versions_inside_an_interval_make_no_rows() -> None:
    rows, _ = made(affected(((INTRODUCED, "0"), (FIXED, "1.2")), versions=("0.9", "1.1", "v1.1.0", "1.0")))
    assert len(rows) == 1


def test_listed_versions_outside_are_intervals_of_their_own() -> None:
    rows, _ = made(affected(((INTRODUCED, "0"), (FIXED, "1.2")), versions=("1.1", "1.2", "2.0+cu1")))
    assert [(row.lo, row.hi, row.raw, row.rule, row.listed) for row in rows[1:]] == [
        (KEY("1.2"), END("1.2"), "=1.2", "listed", None),
        (KEY("2.0+cu1"), END("2.0+cu1"), "=2.0+cu1", "listed", None),
    ]


def test_listed_texts_that_are_no_versions_match_by_their_text() -> None:
    rows, _ = made(affected(versions=(" 0.1-Bulbasaur", "0.1-bulbasaur", "1.0")))
    assert [(row.lo, row.listed) for row in rows] == [(KEY("1.0"), None), (None, "0.1-bulbasaur")]
    assert canonical(" 0.1-Bulbasaur") == "0.1-bulbasaur"


def test_what_a_listed_version_takes_in_may_end_past_a_bound_with_a_local_part() -> None:
    rows, _ = made(affected(((INTRODUCED, "0"), (LAST_AFFECTED, "2.6.0+cu124")), versions=("2.5.0", "2.6.0")))
    assert [(row.lo, row.hi) for row in rows] == [(BOTTOM, END("2.6.0+cu124")), (KEY("2.6.0"), END("2.6.0"))]


def test_a_bound_that_is_no_version_leaves_its_zone_open_and_the_list_counts() -> None:
    rows, notes = made(affected(((INTRODUCED, "1.0"), (LAST_AFFECTED, "2.6.0-NA")), versions=("2.5", "2.6-NA")))
    assert [(note.code, note.where, note.loss) for note in notes] == [(ProblemCode.UNPLACED_BOUND, "osv-pypi: X-1: pypi/demo", False)]
    assert "last_affected 2.6.0-NA" in notes[0].message
    assert [(row.lo, row.hi, row.unplaced, row.listed) for row in rows] == [
        (KEY("1.0"), TOP, True, None),
        (KEY("2.5"), END("2.5"), False, None),
        (None, None, False, "2.6-na"),
    ]


def test_a_zone_that_several_bounds_leave_open_is_one_row() -> None:
    rows, notes = made(affected(((INTRODUCED, "0"), (LAST_AFFECTED, "2.9.0-NA"), (LAST_AFFECTED, "2.8.0-NA"), (LAST_AFFECTED, "2.0"))))
    assert [(row.lo, row.hi, row.unplaced) for row in rows] == [(BOTTOM, END("2.0"), True)]
    assert len([note for note in notes if note.code is ProblemCode.UNPLACED_BOUND]) == 1


def test_listed_versions_may_lie_in_any_of_many_intervals() -> None:
    windows = tuple(event for number in range(0, 40, 2) for event in ((INTRODUCED, f"{number}.0"), (FIXED, f"{number + 1}.0")))
    rows, _ = made(affected(windows, versions=tuple(f"{number}.5" for number in range(41))))
    assert [row.raw for row in rows if row.rule == "listed"] == [*(f"={number}.5" for number in range(1, 40, 2)), "=40.5"]


def test_events_that_had_to_be_sorted_are_a_note() -> None:
    _, notes = made(affected(((FIXED, "1.2"), (INTRODUCED, "1.0"))))
    assert [note.code for note in notes] == [ProblemCode.UNORDERED_EVENTS]


def test_a_long_text_of_a_range_is_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows_module, "RAW_LIMIT", 4)
    rows, _ = made(affected(((INTRODUCED, "0"), (FIXED, "1.2"))))
    assert [row.raw for row in rows] == ["ran…"]


def test_an_empty_range_is_no_row() -> None:
    assert made(affected(((INTRODUCED, "0.10.0"), (FIXED, "0.10.0")), ())) == ([], [])


def test_a_range_of_commits_leaves_all_versions_open() -> None:
    commits = Affected(
        namespace="pypi", name="demo", name_kind=NameKind.SELF, scheme="pypi", ranges=(Range("pypi", (), "commits", GIT_RANGE),)
    )
    ((row,), problems) = made(commits)
    assert (row.lo, row.hi, row.unplaced, row.rule, problems) == (b"", b"\xff", True, GIT_RANGE, [])


@pytest.mark.parametrize("state", [FixState.WONT_FIX, FixState.EOL, FixState.NOT_FIXED])
def test_a_stated_fix_state_counts(state: FixState) -> None:
    rows, _ = made(affected(((INTRODUCED, "0"),), fix_state=state))
    assert [row.fix_state for row in rows] == [state]


def test_a_plain_range_leaves_out_what_its_fix_says() -> None:
    plain = Range("pypi", (Event(INTRODUCED, "0"), Event(FIXED, "1.2")), "<1.2")
    rows, notes = made(affected(ranges=(plain,), versions=("1.1", "1.3")))
    assert notes == []
    assert [(row.lo, row.hi, row.raw, row.events, row.fix, row.fix_state) for row in rows] == [
        (BOTTOM, KEY("1.2"), None, None, "1.2", "fixed"),
        (KEY("1.3"), END("1.3"), "=1.3", None, None, "unknown"),
    ]


@pytest.mark.parametrize(
    "range_",
    [
        Range("pypi", (Event(INTRODUCED, "0"), Event(FIXED, "1.2")), "below 1.2"),
        Range("pypi", (Event(INTRODUCED, "0"), Event(FIXED, "1.2")), "<1.2", "a_rule"),
        Range("pypi", (Event(INTRODUCED, "0"), Event(LAST_AFFECTED, "1.2")), "<1.2"),
        Range("pypi", (Event(INTRODUCED, "1.0"), Event(FIXED, "1.2")), "<1.2"),
        Range("pypi", (Event(INTRODUCED, "0"), Event(FIXED, '1.2"x')), '<1.2"x'),
        Range("pypi", (Event(INTRODUCED, "0"), Event(FIXED, "1.2\\")), "<1.2\\"),
        Range("pypi", (Event(INTRODUCED, "0"), Event(FIXED, "none")), "<none"),
    ],
)
def test_any_other_range_is_told_in_full(range_: Range) -> None:
    rows, _ = made(affected(ranges=(range_,)))
    assert [row.raw for row in rows] == [range_.raw]
    assert rows[0].events is not None


def hashes(*ones: Affected, **fields: Any) -> tuple[int, int]:
    """Of a record of these packages."""
    return record_hashes(advisory(**fields), [((one.namespace, one.name), made(one, **fields)[0]) for one in ones])


def test_the_match_hash_changes_with_answers_only() -> None:
    window = ((INTRODUCED, "0"), (FIXED, "1.2"))
    match, meta = hashes(affected(window))
    for same in (
        hashes(affected(((INTRODUCED, "0"), (FIXED, "1.2.0")))),
        hashes(affected(window, fix_state=FixState.EOL)),
        hashes(affected(window), summary="other"),
        hashes(affected(window), aliases=("Y-1",)),
        hashes(affected(window), severities=(Severity("label", "high", "x"),)),
    ):
        assert (same[0], same[1] != meta) == (match, True)
    changes = (
        hashes(affected(((INTRODUCED, "0"), (FIXED, "1.3")))),
        hashes(affected(window, name="other")),
        hashes(affected(window, state=State.NOT_AFFECTED)),
        hashes(affected(window, arch="arm64")),
        hashes(affected(window, channel="pro")),
        hashes(affected(window), withdrawn="2026-01-01T00:00:00Z"),
        hashes(affected(window), affected(window, name="other")),
    )
    assert len({changed for changed, _ in changes} | {match}) == len(changes) + 1


def test_when_a_record_was_modified_is_no_change() -> None:
    window = affected(((INTRODUCED, "0"), (FIXED, "1.2")))
    assert hashes(window, modified="2026-01-01T00:00:00Z") == hashes(window, modified="2026-01-02T00:00:00Z")


def test_rows_without_keys_match_by_their_events() -> None:
    listed = [affected(versions=(text,)) for text in ("one", "two")]
    assert hashes(listed[0])[0] != hashes(listed[1])[0]


def test_hashes_do_not_change_from_run_to_run() -> None:
    assert hashes(affected(((INTRODUCED, "0"), (FIXED, "1.2")))) == (1376363179630443176, 9694270797887975462)
