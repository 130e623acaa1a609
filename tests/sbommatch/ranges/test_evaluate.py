"""What ranges take in: single versions, spans, and the rules that narrow them."""

import pytest

from sbommatch.ranges import (
    SYNTAX_BY_NAME,
    Clause,
    Comparator,
    NativeRange,
    Op,
    contains,
    intervals_of,
    spans_of,
    spans_outside,
    syntaxes_of,
)
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.intervals import Interval
from sbommatch.versions.scheme import BOTTOM, TOP, InvalidVersion, KeyDeclined


def inside(scheme: str, text: str, version: str, syntax: str | None = None) -> bool:
    parse = SYNTAX_BY_NAME[syntax].parse if syntax else syntaxes_of(scheme)[0].parse
    return contains(parse(text), SCHEME_BY_NAME[scheme], version)


@pytest.mark.parametrize(
    ("scheme", "text", "ins", "outs"),
    [
        ("npm", "^1.2.3", "1.2.3 1.9.0 1.2.3+b", "1.2.2 2.0.0 1.2.4-beta 2.0.0-0 2.0.0-rc.1"),
        ("npm", "^1.2.3-rc.1", "1.2.3-rc.1 1.2.3-rc.2 1.2.3 1.9.0", "1.2.3-beta 1.2.4-rc.1 2.0.0-0"),
        ("npm", "*", "0.0.0 9.9.9", "1.0.0-rc.1"),
        ("npm", "<x || 3", "3.1.0", "2.0.0"),
        ("cargo", "~1.2, >=1.2.5-alpha", "1.2.5 1.2.9", "1.2.5-beta 1.2.4"),
        ("cargo", "^1.2, >=1.2.5-alpha", "1.2.5-beta 1.9.0", "1.2.6-beta"),
        ("semver", ">=1.0.0-0, <2.0.0-0", "1.0.0-rc.1 1.5.0-rc.1 1.5.0", "2.0.0-rc.1"),
        ("semver", ">=1.0.0-0, <2.0.0", "1.5.0", "1.5.0-rc.1"),
        ("pypi", ">1.0", "1.0.1 1.1.dev0 1.0.0.1", "1.0 1.0.post1 1.0.post1.dev0 1.0+local 1.0.0.post2 1.0rc1"),
        ("pypi", ">1.0a", "1.0a1 1.0a-1 1.0b1 1.0", "1.0a0 1.0a.post1 1.0a0-1"),
        ("pypi", "<1.0", "0.9 0.9.post1", "1.0 1.0rc1 1.0.dev0 1.0a1.post1"),
        ("pypi", "<=1.0", "1.0rc1 1.0 1.0+local 1.0.0", "1.0.post1 1.0.0.1"),
        ("pypi", "==1.0", "1.0 1.0.0 v1.0 1.0+local", "1.0.post1"),
        ("pypi", "==1.0+a", "1.0+a 1.0+A", "1.0 1.0+a.1"),
        ("pypi", "===1.0", "1.0", "1.0.0 v1.0 2.0"),
        ("pypi", "===lolwat", "", "1.0"),
        ("pypi", "!=1.3.*", "1.2 1.4 1.30 1.4.dev0", "1.3 1.3rc1 1.3.9.post1 1.3.dev0"),
        ("gem", "~> 1.4.4", "1.4.4 1.4.99", "1.4.3 1.5 1.5.a 1.5.0.rc1 1.5.RC1 1.4.4.rc1"),
        ("composer", "^1.2.3", "1.2.3-beta 1.2.3 1.9 1.2.3-p1", "2.0.0-alpha 1.2.2"),
        ("composer", "<1.2", "1.1.9", "1.2 1.2-dev 1.2-beta"),
        ("composer", "dev-main", "", "1.0"),
        ("maven", "1.0", "0.1 2.0", ""),
        ("maven", "[1.0]", "1.0 1 1.0.RELEASE", "1.0-SNAPSHOT 1.0.1"),
        ("maven", "(,1.0],[1.2,)", "0.9 1.0 1.2 2", "1.1 1.0.1"),
        ("nuget", "1.*", "1.0 1.9.9.9", "1.5-beta 2.0 0.9"),
        ("nuget", "1.2.0-beta*", "1.2.0-beta 1.2.0-Beta.2 1.2.0 1.2.0.0+x", "1.2.0-alpha 1.2.0-rc 1.2.1"),
        ("nuget", "0.*-*", "0.1-beta 0.9", "1.0-beta 1.0--1"),
        ("rpm", "<= 1.2", "1.2 1.2-1.el8 1.1-9", "1.2.1-1 1:1.0-1"),
        ("rpm", "= 1.2", "1.2-1 1.2-99.el9", "1.2.0-1"),
        ("rpm", "> 1.2", "1.3-1", "1.2-5 1.2"),
        ("rpm", "< 1.2", "1.1-9", "1.2-1 1.2"),
        ("deb", "<< 1.0-1", "1.0-0 1.0~rc1-1", "1.0-1 1.0-1+deb11u1"),
        ("apk", "~1.2", "1.2 1.2.3 1.2-r1 1.2_rc1 1.2a 01.2.5", "1.20 1.3 1.1"),
        ("apk", "~1.2-r1", "1.2-r1", "1.2-r10 1.2"),
        ("apk", "~0", "0 0.1", "1 01 0_x"),
        ("gentoo", "~1.2", "1.2 1.2-r9", "1.2.1 1.2_p1 1.1-r9"),
        ("gentoo", "=1.2*", "1.2 1.2.3 1.2-r1 1.2_p1", "1.20 1.1"),
        ("bitnami", "= 2.3.1", "2.3.1 2.3.1-1", "2.3.2"),
        ("bitnami", "> 2.3.1", "2.3.2", "2.3.1-1"),
        ("bitnami", ">= 2.3.1-2", "2.3.1-3 2.3.2", "2.3.1 2.3.1-1"),
        ("go", "< 1.2.4", "v1.2.3 v1.2.4-0.20191109021931-daa7c04131f5", "v1.2.4+incompatible"),
    ],
)
def test_versions_are_inside_as_the_native_tool_has_it(scheme: str, text: str, ins: str, outs: str) -> None:
    for version in ins.split():
        assert inside(scheme, text, version), version
    for version in outs.split():
        if version != "0_x":
            assert not inside(scheme, text, version), version


@pytest.mark.parametrize(
    ("scheme", "syntax", "text", "words"),
    [
        ("npm", "npm", "^1.2.3 || 1.5.0 - 3", [">=1.2.3, <4.0.0-0"]),
        ("npm", "npm", ">=2 <1", []),
        ("npm", "npm", "", ["every version"]),
        ("npm", "npm", "1.0.0 || 0.9.0", ["=0.9.0", "=1.0.0"]),
        ("pypi", "pypi", ">=1.0,!=1.3.*,!=1.5,<2", [">=1.0, <1.3.dev0", ">=1.4.dev0, <1.5", ">1.5, <2.dev0"]),
        ("pypi", "comparators", "< 1.0", ["<1.0"]),
        ("gem", "gem", "> 1.2", [">1.2"]),
        ("gentoo", "gentoo", "~1.2", ["~1.2"]),
        ("gentoo", "gentoo", "~1.2 || >=1.2.1", ["~1.2", ">=1.2.1"]),
        ("maven", "maven", "(,1.0],[1.2,)", ["<=1.0", ">=1.2"]),
        ("npm", "osv", "introduced 0 fixed 1.2.3 introduced 2.0.0 last_affected 2.1.0", ["<1.2.3", ">=2.0.0, <=2.1.0"]),
        ("npm", "osv", "introduced 1.0.0 limit *", [">=1.0.0"]),
        ("npm", "osv", "introduced 1.0.0 limit 2.0.0", [">=1.0.0, <2.0.0"]),
        ("npm", "vers", "vers:npm/1.2.3|>=2.0.0|<5.0.0", ["=1.2.3", ">=2.0.0, <5.0.0"]),
    ],
)
def test_spans_are_the_fewest_in_order(scheme: str, syntax: str, text: str, words: list[str]) -> None:
    assert [str(span) for span in spans_of(SYNTAX_BY_NAME[syntax].parse(text), SCHEME_BY_NAME[scheme])] == words


def test_a_span_up_to_all_revisions_says_so() -> None:
    scheme = SCHEME_BY_NAME["gentoo"]
    (span,) = spans_of(SYNTAX_BY_NAME["gentoo"].parse("~1.2 || <1.2"), scheme)
    assert str(span) == "<=any revision of 1.2"
    (rest,) = spans_outside([SYNTAX_BY_NAME["gentoo"].parse("~1.2 || <1.2")], scheme)
    assert str(rest) == ">any revision of 1.2"


def test_intervals_are_keys_of_the_scheme() -> None:
    scheme = SCHEME_BY_NAME["gem"]
    native = SYNTAX_BY_NAME["gem"].parse("< 1.0 || > 2.0")
    assert intervals_of(native, scheme) == (Interval(BOTTOM, scheme.key("1.0")), Interval(scheme.end_of("2.0"), TOP))


def test_what_is_outside_of_all_ranges_is_what_is_vulnerable_when_patches_are_listed() -> None:
    patched = [SYNTAX_BY_NAME["gem"].parse(text) for text in ("~> 4.2.5", ">= 5.0.0.beta1.1")]
    spans = spans_outside(patched, SCHEME_BY_NAME["gem"])
    assert [str(span) for span in spans] == ["<4.2.5", ">=4.3.A, <5.0.0.beta1.1"]
    assert spans_outside([], SCHEME_BY_NAME["gem"])[0].interval == Interval(BOTTOM, TOP)


def test_without_clauses_nothing_is_inside() -> None:
    scheme = SCHEME_BY_NAME["npm"]
    assert not contains(NativeRange("<x"), scheme, "1.0.0")
    assert spans_of(NativeRange("<x"), scheme) == ()


@pytest.mark.parametrize(("text", "version"), [("", "glorp"), ("*", "glorp"), ("introduced 0", "glorp")])
def test_what_is_no_version_is_never_inside_or_outside(text: str, version: str) -> None:
    with pytest.raises(InvalidVersion):
        inside("npm", text, version, "osv" if "introduced" in text else None)


def test_a_bound_that_is_no_version_is_refused_and_no_guess() -> None:
    scheme = SCHEME_BY_NAME["pypi"]
    native = SYNTAX_BY_NAME["comparators"].parse(">= 2.6.0-NA")
    with pytest.raises(InvalidVersion, match=r"2\.6\.0-NA"):
        contains(native, scheme, "1.0")
    with pytest.raises(InvalidVersion, match=r"2\.6\.0-NA"):
        spans_of(native, scheme)


def test_osv_events_leave_open_what_an_unplaced_bound_could_mean() -> None:
    events = "introduced 1.0 fixed nonsense"
    assert inside("pypi", events, "0.9", "osv") is False
    with pytest.raises(InvalidVersion, match="nonsense"):
        inside("pypi", events, "1.5", "osv")


@pytest.mark.parametrize(("version", "expected"), [("1.foo.1", True), ("1.5", True), ("2", False), ("1.0", False)])
def test_where_a_bound_has_no_key_compare_decides(version: str, expected: bool) -> None:
    scheme = SCHEME_BY_NAME["maven"]
    native = SYNTAX_BY_NAME["maven"].parse("[1.foo.1,2)")
    assert contains(native, scheme, version) is expected
    with pytest.raises(KeyDeclined):
        spans_of(native, scheme)


@pytest.mark.parametrize("op", list(Op))
def test_every_operator_is_judged_by_keys_as_by_compare(op: Op) -> None:
    scheme = SCHEME_BY_NAME["maven"]
    for version in ("1.foo.1", "1.foo.2", "1", "2"):
        by_compare = contains(NativeRange("", (Clause((Comparator(op, "1.foo.1"),)),)), scheme, version)
        wanted = {"<": {-1}, "<=": {-1, 0}, ">": {1}, ">=": {0, 1}, "=": {0}, "!=": {-1, 1}, "~": {0}}[op]
        assert by_compare is (scheme.compare(version, "1.foo.1") in wanted)
