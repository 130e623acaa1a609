"""Ranges as events of OSV: exact, or not at all."""

import pytest

from sbommatch.advisory import Event, EventKind
from sbommatch.ranges import SYNTAX_BY_NAME, Unsayable, contains, events, events_outside, syntaxes_of
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.intervals import contains as within
from sbommatch.versions.intervals import contains_raw, place_events


def said(found: tuple[Event, ...]) -> str:
    words = {
        EventKind.INTRODUCED: "introduced",
        EventKind.FIXED: "fixed",
        EventKind.LAST_AFFECTED: "last",
        EventKind.LIMIT: "limit",
        EventKind.INTRODUCED_AFTER_UPSTREAM: "after",
    }
    return ", ".join(f"{words[event.kind]} {event.version}" for event in found)


@pytest.mark.parametrize(
    ("scheme", "text", "words"),
    [
        ("gem", ">= 1.0, < 1.2 || = 2.0", "introduced 1.0, fixed 1.2, introduced 2.0, last 2.0"),
        ("gem", "<= 1.2", "introduced 0, last 1.2"),
        ("gem", "~> 1.4.4", "introduced 1.4.4, fixed 1.5.A"),
        ("gem", "> 1.2", "after 1.2"),
        ("gem", "!= 1.2", "introduced 0, fixed 1.2, after 1.2"),
        ("gem", ">= 2 || < 1", "introduced 0, fixed 1, introduced 2"),
        ("gem", ">= 2, < 1", ""),
        ("gem", ">= 0", "introduced 00"),
        ("deb", "<< 1.0-1", "introduced 0, fixed 1.0-1"),
        ("bitnami", "= 1.2.3", "introduced 1.2.3, last 1.2.3"),
        ("rpm", "> 1.2", "after 1.2"),
        ("rpm", "= 1.2", "introduced 1.2, last 1.2"),
        ("gentoo", "> 1.2 || ~1.2", "introduced 1.2"),
        ("npm", "vers:npm/<1.0.0|>=2.0.0", "introduced 0, fixed 1.0.0, introduced 2.0.0"),
        ("npm", "introduced 2.0.0 limit *", "introduced 2.0.0, limit *"),
    ],
)
def test_windows_in_order(scheme: str, text: str, words: str) -> None:
    name = "vers" if text.startswith("vers:") else "osv" if text.startswith("introduced") else syntaxes_of(scheme)[0].name
    assert said(events(SYNTAX_BY_NAME[name].parse(text), SCHEME_BY_NAME[scheme])) == words


@pytest.mark.parametrize(
    ("scheme", "text", "version", "affected"),
    [
        ("gem", "> 1.2", "1.2", False),
        ("gem", "> 1.2", "1.2.0", False),
        ("gem", "> 1.2", "1.2.0.1", True),
        ("gem", "> 1.2", "1.2.a", False),
        ("gem", ">= 0", "0.a", False),
        ("gem", ">= 0", "0", True),
        ("rpm", "> 1.2", "1.2-5", False),
        ("rpm", "> 1.2", "1.2.1-1", True),
    ],
)
def test_events_are_placed_as_the_range_says(scheme: str, text: str, version: str, affected: bool) -> None:
    order = SCHEME_BY_NAME[scheme]
    native = syntaxes_of(scheme)[0].parse(text)
    found = events(native, order)
    assert contains(native, order, version) is affected
    assert within(place_events(order, found).intervals, order.key(version)) is affected
    assert contains_raw(order, found, version) is affected


@pytest.mark.parametrize(
    ("scheme", "text", "reason"),
    [
        ("deb", ">> 1.0-1", "no event stands right behind 1.0-1"),
        ("apk", "!= 1.2-r0", "no event stands right behind 1.2-r0"),
        ("gentoo", "~1.2", "no event stands behind the revisions of 1.2"),
        ("npm", "^1.2.3", "events know no rule pre_releases_of"),
        ("maven", "1.0", "events know no rule soft_requirement"),
        ("maven", "(1.foo.1,2)", "its bounds have no keys"),
    ],
)
def test_what_events_cannot_say_is_not_said(scheme: str, text: str, reason: str) -> None:
    with pytest.raises(Unsayable, match=reason):
        events(syntaxes_of(scheme)[0].parse(text), SCHEME_BY_NAME[scheme])


@pytest.mark.parametrize(
    ("scheme", "text", "words"),
    [
        ("maven", "[1.foo.1,2)", "introduced 1.foo.1, fixed 2"),
        ("maven", "[1.foo.1],[3,)", "introduced 1.foo.1, last 1.foo.1, introduced 3"),
        ("maven", "[2,1.foo.1]", ""),
        ("maven", "(,1.foo.1]", "introduced 0, last 1.foo.1"),
        ("pypi", ">= 1.0, <= 2.6.0-NA", "introduced 1.0, last 2.6.0-NA"),
    ],
)
def test_where_a_bound_has_no_key_or_no_place_the_clauses_are_said_as_they_stand(scheme: str, text: str, words: str) -> None:
    syntax = SYNTAX_BY_NAME["comparators"] if scheme == "pypi" else syntaxes_of(scheme)[0]
    assert said(events(syntax.parse(text), SCHEME_BY_NAME[scheme])) == words


def test_what_is_not_patched_is_affected() -> None:
    parse, scheme = SYNTAX_BY_NAME["gem"].parse, SCHEME_BY_NAME["gem"]
    patched = [parse("~> 4.2.5"), parse(">= 5.0.0")]
    assert said(events_outside(patched, scheme)) == "introduced 0, fixed 4.2.5, introduced 4.3.A, fixed 5.0.0"
    assert said(events_outside([parse("<= 1.2")], scheme)) == "after 1.2"
    assert said(events_outside([], scheme)) == "introduced 0"
    with pytest.raises(Unsayable, match="pre_releases_of"):
        events_outside([SYNTAX_BY_NAME["npm"].parse("^1")], SCHEME_BY_NAME["npm"])
