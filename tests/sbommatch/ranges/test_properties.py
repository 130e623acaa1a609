"""What holds for every syntax: intervals agree with `contains`, events with intervals, and nothing but the two errors comes out."""

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sbommatch.ranges import (
    SYNTAX_BY_NAME,
    SYNTAXES,
    InvalidRange,
    NativeRange,
    Unsayable,
    contains,
    described,
    events,
    intervals_of,
    spans_of,
    syntaxes_of,
)
from sbommatch.versions import SCHEME_BY_NAME, SCHEMES
from sbommatch.versions.intervals import contains as within
from sbommatch.versions.intervals import place_events
from sbommatch.versions.scheme import InvalidVersion, KeyDeclined, Scheme
from tests.sbommatch.ranges.made import MADE, Maker

quickly = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
at_length = settings(max_examples=5_000, deadline=None, suppress_health_check=list(HealthCheck))

TOKENS = [
    *("<", ">", "=", "!", "~", "^", "|", ",", " ", "(", ")", "[", "]", "*", "x", "-", "+", ":", "/", "@", "#", "'", '"', "%", "{", "}"),
    *("<=", ">=", "||", "~>", "!=", "===", " - ", "1", "0", "9", "10", "1.2.3", "1.0", ".", "a", "rc1", "-beta", "dev", ".dev0", ".*"),
    *("vers:npm/", "vers:pypi/", "introduced", "fixed", ": 0", "versionEndExcluding=", " as ", "\n", "\t", "é", "\x00", "\udc80", "٣"),
]
SOUP = st.lists(st.sampled_from(TOKENS), max_size=8).map("".join)
VERSIONS = st.one_of(st.sampled_from(["1.0", "1.2.3", "0", "1.2.3-beta", "1.0rc1", "1.0-r1", "v2", "1.foo.1"]), SOUP)


def hold_agreement(native: NativeRange, scheme: Scheme, version: str) -> None:
    """`contains` is being in the intervals, as far as no rule keeps out; without rules there are events for the same, or none."""
    try:
        key, intervals = scheme.key(version), intervals_of(native, scheme)
        inside = contains(native, scheme, version)
    except (InvalidVersion, KeyDeclined):
        return
    assert contains(native.without_rules(), scheme, version) is within(intervals, key)
    assert within(intervals, key) or not inside
    with suppress(Unsayable):
        placement = place_events(scheme, events(native.without_rules(), scheme))
        assert within(placement.intervals, key) is within(intervals, key)
        assert not placement.sorted


@pytest.mark.parametrize("syntax", MADE)
def test_contains_agrees_with_the_intervals_and_the_events(syntax: str) -> None:
    maker, scheme = Maker(3), SCHEME_BY_NAME[syntax]
    for _ in range(1_000):
        text, version = maker.asked(syntax)
        with suppress(InvalidRange):
            hold_agreement(SYNTAX_BY_NAME[syntax].parse(text), scheme, version)


def hold_errors(name: str, text: str, version: str) -> None:
    try:
        native = SYNTAX_BY_NAME[name].parse(text)
    except InvalidRange:
        return
    assert all(described(rule) for rule in native.rules)
    for scheme in [scheme for scheme in SCHEMES if syntaxes_of(scheme.name)[0].name == name] or [SCHEME_BY_NAME["pypi"]]:
        with suppress(InvalidVersion):
            contains(native, scheme, version)
        with suppress(InvalidVersion, KeyDeclined):
            assert all(str(span) for span in spans_of(native, scheme))
        with suppress(Unsayable):
            events(native, scheme)


@pytest.mark.parametrize("name", [syntax.name for syntax in SYNTAXES])
def test_nothing_but_the_two_errors_comes_out(name: str) -> None:
    @quickly
    @given(st.one_of(SOUP, st.text(max_size=12)), VERSIONS)
    def run(text: str, version: str) -> None:
        hold_errors(name, text, version)

    run()


@pytest.mark.long
@pytest.mark.parametrize("name", [syntax.name for syntax in SYNTAXES])
def test_nothing_else_comes_out_at_length(name: str) -> None:
    @at_length
    @given(st.one_of(SOUP, st.text(max_size=30)), VERSIONS)
    def run(text: str, version: str) -> None:
        hold_errors(name, text, version)

    run()
