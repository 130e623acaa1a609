"""Each syntax: what a range is understood as, and what is refused with its reason."""

import re
import time

import pytest

from sbommatch.ranges import SYNTAX_BY_NAME, SYNTAXES, InvalidRange, NativeRange, described, syntaxes_of
from sbommatch.ranges._model import RANGE_CHARS, RANGE_COMPARATORS
from sbommatch.versions import SCHEME_BY_NAME


def understood(native: NativeRange) -> str:
    """The clauses with their rules, in words."""
    return " or ".join(str(clause) + (f" ({'; '.join(map(described, clause.rules))})" if clause.rules else "") for clause in native.clauses)


NO_PRE = " (no pre-releases)"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "every version" + NO_PRE),
        ("*", "every version" + NO_PRE),
        ("1.2.3", "=1.2.3" + NO_PRE),
        ("=v1.2.3+build", "=1.2.3" + NO_PRE),
        ("1.2", ">=1.2.0, <1.3.0-0" + NO_PRE),
        ("1.x", ">=1.0.0, <2.0.0-0" + NO_PRE),
        ("1.2.*", ">=1.2.0, <1.3.0-0" + NO_PRE),
        ("~1.2.3", ">=1.2.3, <1.3.0-0" + NO_PRE),
        ("~> 1", ">=1.0.0, <2.0.0-0" + NO_PRE),
        ("^1.2.3", ">=1.2.3, <2.0.0-0" + NO_PRE),
        ("^0.2.3", ">=0.2.3, <0.3.0-0" + NO_PRE),
        ("^0.0.3", ">=0.0.3, <0.0.4-0" + NO_PRE),
        ("^0.0", "<0.1.0-0" + NO_PRE),
        ("^9.99.9", ">=9.99.9, <10.0.0-0" + NO_PRE),
        (">1.2", ">=1.3.0" + NO_PRE),
        (">=1.2", ">=1.2.0" + NO_PRE),
        ("<1.2", "<1.2.0-0" + NO_PRE),
        ("<=1.2", "<1.3.0-0" + NO_PRE),
        ("<x", ""),
        (">=0", "every version" + NO_PRE),
        (">=0.0.0 <0.0.0-beta", "<0.0.0-beta (no pre-releases but those of 0.0.0)"),
        ("1.0.0-beta || >=0", "every version" + NO_PRE),
        ("1.2 - 2", ">=1.2.0, <3.0.0-0" + NO_PRE),
        ("1.2.3 - 2.3.4", ">=1.2.3, <=2.3.4" + NO_PRE),
        (">=1.2.3-rc.1 <2", ">=1.2.3-rc.1, <2.0.0-0 (no pre-releases but those of 1.2.3)"),
        ("1.2.3beta", "=1.2.3-beta (no pre-releases but those of 1.2.3)"),
        (">1, <2 || 3.0.0", f">=2.0.0, <2.0.0-0{NO_PRE} or =3.0.0{NO_PRE}"),
    ],
)
def test_npm(text: str, words: str) -> None:
    assert understood(SYNTAX_BY_NAME["npm"].parse(text)) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1.2.3", ">=1.2.3, <2.0.0-0" + NO_PRE),
        ("0.0.3", ">=0.0.3, <0.0.4-0" + NO_PRE),
        ("1.2", ">=1.2.0-0, <2.0.0-0" + NO_PRE),
        ("1.2.*", ">=1.2.0-0, <1.3.0-0" + NO_PRE),
        ("=1.2", ">=1.2.0-0, <1.3.0-0" + NO_PRE),
        ("~1.2.3", ">=1.2.3, <1.3.0-0" + NO_PRE),
        (">1.2, <= 2", ">=1.3.0-0, <3.0.0-0" + NO_PRE),
        ("<1.2", "<1.2.0-0" + NO_PRE),
        ("*", "every version" + NO_PRE),
        (">=1.2.3-rc.1", ">=1.2.3-rc.1 (no pre-releases but those of 1.2.3)"),
        ("~1.2, >=1.2.5-alpha", ">=1.2.0-0, <1.3.0-0, >=1.2.5-alpha" + NO_PRE),
    ],
)
def test_cargo(text: str, words: str) -> None:
    assert understood(SYNTAX_BY_NAME["cargo"].parse(text)) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "every version" + NO_PRE),
        ("1.2", ">=1.2.0, <1.3.0" + NO_PRE),
        ("!=4.x", "every version, not (>=4.0.0, <5.0.0)" + NO_PRE),
        ("!=4.1.0", "!=4.1.0" + NO_PRE),
        (">1.1", ">=1.2.0" + NO_PRE),
        ("<=1.1", "<1.2.0" + NO_PRE),
        ("~1.1.1-beta", ">=1.1.1-beta, <1.2.0"),
        ("^0.2.3", ">=0.2.3, <0.3.0" + NO_PRE),
        ("~*", "every version" + NO_PRE),
        (">=1.1-beta", ""),
        ("!=*", ""),
        (">= 1.1, <2 || => 3.0", f">=1.1.0, <2.0.0{NO_PRE} or >=3.0.0{NO_PRE}"),
    ],
)
def test_semver(text: str, words: str) -> None:
    assert understood(SYNTAX_BY_NAME["semver"].parse(text)) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "every version"),
        ("*", "every version"),
        ("==1.0", "=1.0"),
        ("==1.0+cu128", "=1.0+cu128"),
        ("<1.0", "<1.0.dev0"),
        ("<1.0.post1", "<1.0.post1.dev0"),
        ("<1.0rc1", "<1.0rc1"),
        ("<=1.0", "<=1.0"),
        (">1.0", ">1.0 (no post-releases of 1.0)"),
        (">1.0rc1", ">1.0rc1 (no post-releases of 1.0rc1)"),
        (">1.0.post1", ">1.0.post1"),
        (">1.0.dev1", ">1.0.dev1"),
        ("==1.9.*", ">=1.9.dev0, <1.10.dev0"),
        ("==2!1.*", ">=2!1.dev0, <2!2.dev0"),
        ("==2.0.post1.*", ">=2.0.post1.dev0, <2.0.post2.dev0"),
        ("!=1.3.*", "every version, not (>=1.3.dev0, <1.4.dev0)"),
        ("~=1.2.3", ">=1.2.3, <1.3.dev0"),
        ("~=1.2rc1", ">=1.2rc1, <2.dev0"),
        ("===1.0", "=1.0 (the text 1.0 only)"),
        ("===foobar", "every version (the text foobar only)"),
        (">=1.0,!=1.3,<2", ">=1.0, !=1.3, <2.dev0"),
        (">= 1.0 <2 || = 3", ">=1.0, <2.dev0 or =3"),
        ("'1.0'||\"1.1\" ||", "=1.0 or =1.1"),
        (">=1!2.0!=1!3", ">=1!2.0, !=1!3"),
    ],
)
def test_pypi(text: str, words: str) -> None:
    assert understood(SYNTAX_BY_NAME["pypi"].parse(text)) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1.0", "=1.0"),
        ("~> 1.4.4", ">=1.4.4, <1.5.A"),
        ("~> 1.9", ">=1.9, <2.A"),
        ("~> 2", ">=2, <3.A"),
        ("~> 5.a", ">=5.a, <6.A"),
        ("~> 1.2.3.b4", ">=1.2.3.b4, <1.3.A"),
        (">= 1.4, != 1.5, <2", ">=1.4, !=1.5, <2"),
        (">=0.12.0 <=0.14.1||2.0", ">=0.12.0, <=0.14.1 or =2.0"),
    ],
)
def test_gem(text: str, words: str) -> None:
    assert understood(SYNTAX_BY_NAME["gem"].parse(text)) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("*", "every version"),
        ("v*", ">=0.0.0.0-dev"),
        ("1.0", "=1.0"),
        ("1.0-beta", "=1.0-beta"),
        ("<>1.0", "!=1.0"),
        ("1.2.*", ">=1.2.0.0-dev, <1.3.0.0-dev"),
        ("<1.2", "<1.2-dev"),
        ("<1.2-beta", "<1.2-beta"),
        ("<1.2.dev", "<1.2.dev"),
        (">=1.2+build", ">=1.2-dev"),
        (">=1.2-stable", ">=1.2-stable"),
        (">=1.2.stable", ">=1.2-dev"),
        (">1.2", ">1.2"),
        ("<=1.2", "<=1.2"),
        (">=1.2@beta", ">=1.2-beta"),
        (">=1.2@stable", ">=1.2-dev"),
        ("1.2@dev", "=1.2"),
        ("@dev", "every version"),
        ("~1", ">=1-dev, <2.0.0.0-dev"),
        ("~1.2", ">=1.2-dev, <2.0.0.0-dev"),
        ("~1.2.3", ">=1.2.3-dev, <1.3.0.0-dev"),
        ("~1.2.3-beta", ">=1.2.3-beta, <1.3.0.0-dev"),
        ("~1.x-dev", ">=1.x-dev, <2.0.0.0-dev"),
        ("^1.2", ">=1.2-dev, <2.0.0.0-dev"),
        ("^0.3", ">=0.3-dev, <0.4.0.0-dev"),
        ("^0.0.3", ">=0.0.3-dev, <0.0.4.0-dev"),
        ("^1.2.3+build", ">=1.2.3+build-dev, <2.0.0.0-dev"),
        ("1.0 - 2.0", ">=1.0-dev, <2.1.0.0-dev"),
        ("1 - 2", ">=1-dev, <3.0.0.0-dev"),
        ("1.0 - 2.0.0", ">=1.0-dev, <=2.0.0"),
        ("1.0 as 2.0, !=1.1", "=1.0, !=1.1"),
        ("dev-main || 1.0", "=1.0"),
        ("!=dev-main", "every version"),
        ("1.x-dev#abc123", "=1.x-dev"),
        (">=1 <2|3.*", ">=1-dev, <2-dev or >=3.0.0.0-dev, <4.0.0.0-dev"),
    ],
)
def test_composer(text: str, words: str) -> None:
    assert understood(SYNTAX_BY_NAME["composer"].parse(text)) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[1.0]", "=1.0"),
        ("[1.0,2.0)", ">=1.0, <2.0"),
        ("(1.0, 2.0]", ">1.0, <=2.0"),
        ("(,1.0],[1.2,)", "<=1.0 or >=1.2"),
        ("[,]", "every version"),
        ("1.0", "every version (1.0 is a wish only)"),
        (">= 1.0, < 1.2 || =2", ">=1.0, <1.2 or =2"),
    ],
)
def test_maven(text: str, words: str) -> None:
    assert understood(SYNTAX_BY_NAME["maven"].parse(text)) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1.0", ">=1.0"),
        ("[1.0]", "=1.0"),
        ("[1.0, 2.0)", ">=1.0, <2.0"),
        ("(1.0,)", ">1.0"),
        ("*", ">=0" + NO_PRE),
        ("*-*", ">=0-0"),
        ("1.*", ">=1.0, <2" + NO_PRE),
        ("1.2.9.*", ">=1.2.9.0, <1.2.10" + NO_PRE),
        ("1.2.0-beta*", ">=1.2.0-beta, <=1.2.0 (no pre-releases but those with a label beta*)"),
        ("1.2.0-rc.*", ">=1.2.0-rc.0, <=1.2.0 (no pre-releases but those with a label rc.*)"),
        ("1.*-*", ">=1.0-0, <2--2147483648"),
        ("(1.*,1.5]", ">1.0, <2, <=1.5" + NO_PRE),
        (">= 1.0, < 1.2", ">=1.0, <1.2"),
    ],
)
def test_nuget(text: str, words: str) -> None:
    assert understood(SYNTAX_BY_NAME["nuget"].parse(text)) == words


@pytest.mark.parametrize(
    ("syntax", "text", "words"),
    [
        ("comparators", "", "every version"),
        ("comparators", "*", "every version"),
        ("comparators", ">= 1.0, < 1.2", ">=1.0, <1.2"),
        ("comparators", "= 2.0", "=2.0"),
        ("comparators", "=> v1.0 =<2 || 3||", ">=v1.0, <=2 or =3"),
        ("comparators", "(>= 1.0)", ">=1.0"),
        ("comparators", "< 2:1.0-1.el8", "<2:1.0-1.el8"),
        ("deb", "<< 2.0, >> 1.0~rc1", "<2.0, >1.0~rc1"),
        ("deb", "libc6 (>= 2.36)", ">=2.36"),
        ("deb", "< 1:2.0", "<1:2.0"),
        ("apk", "<1.2.3-r0", "<1.2.3-r0"),
        ("apk", "~1.2", "every version (what begins with 1.2)"),
        ("apk", "=~1.2 <1.2.5", "<1.2.5 (what begins with 1.2)"),
        ("gentoo", ">=dev-libs/openssl-1.1.1t-r1:0/1.1", ">=1.1.1t-r1"),
        ("gentoo", "~x11-libs/gtk+-3.24", "~3.24"),
        ("gentoo", "~1.2-r3", "~1.2"),
        ("gentoo", "=cat/p-4-tools-1.2*", "every version (what begins with 1.2)"),
        ("gentoo", "<cat/pkg-2[ssl]", "<2"),
        ("gentoo", "< 1.0.0 || > 2.0.0", "<1.0.0 or >2.0.0"),
        ("cpe", "", "every version"),
        ("cpe", "versionStartIncluding=1.0, versionEndExcluding=2.0", ">=1.0, <2.0"),
        ("cpe", "versionStartExcluding=1.0;versionEndIncluding: 2.0", ">1.0, <=2.0"),
        ("cpe", "version=1.5", "=1.5"),
        ("vers", "vers:npm/*", "every version"),
        ("vers", "vers:none/*", ""),
        ("vers", "vers:npm/1.2.3|>=2.0.0|<5.0.0", "=1.2.3 or >=2.0.0, <5.0.0"),
        ("vers", "vers:npm/<5.0.0|>=2.0.0|1.2.3", "=1.2.3 or >=2.0.0, <5.0.0"),
        ("vers", "vers:gem/>=2.2.0|!=2.2.1|<2.3.0", ">=2.2.0, <2.3.0, !=2.2.1"),
        ("vers", "vers:pypi/!=5", "!=5"),
        ("vers", "vers:pypi/<1|>=2|<3|>4", "<1 or >=2, <3 or >4"),
        ("vers", "vers:pypi/>0.1|>=0.2|<0.3|<=0.4", ">0.1, <=0.4"),
        ("vers", "vers:npm/1.0%252F0", "=1.0%2F0"),
        ("vers", "vers:nginx/>=2|<1", ">=2, <1"),
        ("vers", "vers:npm/>=2|<word", ">=2, <word"),
    ],
)
def test_the_others(syntax: str, text: str, words: str) -> None:
    assert understood(SYNTAX_BY_NAME[syntax].parse(text)) == words


@pytest.mark.parametrize(
    "text",
    [
        "introduced: 0, fixed: 1.2, limit=2",
        '[{"introduced": "0"}, {"fixed": "1.2"}, {"limit": "2"}]',
        '{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "1.2"}, {"limit": "2"}]}',
        "introduced 0 fixed 1.2 limit 2",
    ],
)
def test_osv_keeps_events_as_they_are(text: str) -> None:
    native = SYNTAX_BY_NAME["osv"].parse(text)
    assert [(str(event.kind), event.version) for event in native.events] == [("introduced", "0"), ("fixed", "1.2"), ("limit", "2")]
    assert native.clauses == ()


@pytest.mark.parametrize(
    ("syntax", "text", "reason"),
    [
        ("npm", ">>2", "no comparator stands at character 1: '>>2'"),
        ("npm", ">=1 <", "no comparator stands at character 5: '<'"),
        ("npm", "1.2-beta", "'1.2-beta' at character 1 has a pre-release, but not three components"),
        ("npm", ">=1.0 foo", "'foo' at character 7 is no version, whole or with parts left open"),
        ("npm", "- 2.0", "no version stands before the hyphen at character 1"),
        ("npm", "!1.0.0", "no comparator stands at character 1"),
        ("cargo", "", "it is empty"),
        ("cargo", "*, 1.0", "a wildcard for every version stands alone"),
        ("semver", "bar", "is no version"),
        ("pypi", "lolwat", "'lolwat' at character 1 is no version of PEP 440"),
        ("pypi", "~=1", "wants two components"),
        ("pypi", ">=1.*", "wants == or != before it"),
        ("pypi", "1.0 || || 2.0", "one of its alternatives is empty"),
        ("pypi", "^1.0", "is no version of PEP 440"),
        ("gem", "~> a", "'a' at character 1 does not begin with a number"),
        ("composer", "", "it is empty, or one of its alternatives is"),
        ("composer", "~>1.2", "no comparator stands at character 1: '~>1.2'"),
        ("composer", "^foo", "the operator at character 1 does not go with 'foo'"),
        ("composer", ">=1.*", "the operator at character 1 does not go with '1.*'"),
        ("composer", "1.0 - foo", "no two versions stand beside the hyphen at character 5"),
        ("maven", "", "it is neither a version nor sets in brackets"),
        ("maven", "(1.0)", "a single version stands in square brackets, as '(1.0)' does not"),
        ("maven", "[]", "a single version stands in square brackets"),
        ("maven", "[1,2", "no set in brackets begins at character 1"),
        ("maven", "[1,2] [3,4]", "no set in brackets begins at character 7"),
        ("maven", "[1,2],", "it ends with a comma"),
        ("maven", "[1,2],3", "no set in brackets begins at character 7"),
        ("maven", "1.0]", "it is neither a version nor sets in brackets"),
        ("nuget", "[1,2),[3,4)", "one set in brackets makes a range"),
        ("nuget", "1.0 2.0", "it is neither a version nor a set in brackets"),
        ("nuget", "1*", "'1*' is no floating version"),
        ("nuget", "[1.0,2.*]", "only the minimum of a set can float"),
        ("nuget", "", "it is neither a version nor a set in brackets"),
        ("gentoo", ">=cat/pkg", "'cat/pkg' at character 1 is no version or atom with one"),
        ("cpe", "1.0", "no field, or one that came before, stands at character 1"),
        ("cpe", "version=1 version=2", "no field, or one that came before, stands at character 11"),
        ("cpe", "versionStart=1", "no field, or one that came before, stands at character 1"),
        ("osv", "", "it has 0 events"),
        ("osv", "patched: 1.0", "'patched' is no event; introduced, fixed, last_affected, limit are"),
        ("osv", "introduced", "no event and version stand at character 1"),
        ("osv", '[{"introduced": 0}]', "its JSON cannot be read"),
        ("osv", '{"a":' * 2000, "its JSON cannot be read"),
        ("vers", "npm/>=1.0", "it is not vers:, a type in lower case, a slash and constraints"),
        ("vers", "VERS:npm/1", "it is not vers:"),
        ("vers", "vers:npm/", "it is not vers:"),
        ("vers", "vers:npm/|1.0", "'' is no constraint"),
        ("vers", "vers:npm/1.0|", "'' is no constraint"),
        ("vers", "vers:npm/1.0||2.0", "'' is no constraint"),
        ("vers", "vers:npm/>=1.0| <2.0", "' <2.0' is no constraint"),
        ("vers", "vers:npm/1.0|*", "'*' is no constraint"),
        ("vers", "vers:npm/1.0%2G0", "'1.0%2G0' is no constraint"),
        ("vers", "vers:npm/1%3a0", "'1%3a0' is no constraint"),
        ("vers", "vers:npm/>=", "'>=' is no constraint"),
    ],
)
def test_what_is_no_range_is_refused_with_what_and_where(syntax: str, text: str, reason: str) -> None:
    with pytest.raises(InvalidRange, match=re.escape(reason)) as refused:
        SYNTAX_BY_NAME[syntax].parse(text)
    assert len(str(refused.value)) < 400


@pytest.mark.parametrize("syntax", sorted(SYNTAX_BY_NAME))
def test_a_range_has_so_many_characters_at_most(syntax: str) -> None:
    with pytest.raises(InvalidRange, match=f"has {RANGE_CHARS + 1} characters; {RANGE_CHARS} are the most"):
        SYNTAX_BY_NAME[syntax].parse("1" * (RANGE_CHARS + 1))


@pytest.mark.parametrize(
    ("syntax", "one", "between"),
    [
        ("npm", ">1", " "),
        ("npm", "1", "||"),
        ("semver", "", "||"),
        ("comparators", "<1", ","),
        ("composer", "1", "|"),
        ("gem", "1", "||"),
        ("maven", "[1]", ","),
        ("osv", "fixed 1", " "),
    ],
)
def test_a_range_has_so_many_comparators_at_most(syntax: str, one: str, between: str) -> None:
    parse = SYNTAX_BY_NAME[syntax].parse
    parse(between.join([one] * RANGE_COMPARATORS))
    with pytest.raises(InvalidRange):
        parse(between.join([one] * (RANGE_COMPARATORS + 1)))


def test_vers_has_so_many_constraints_at_most() -> None:
    parse = SYNTAX_BY_NAME["vers"].parse
    parse("vers:npm/" + "|".join(map(str, range(RANGE_COMPARATORS))))
    with pytest.raises(InvalidRange, match="it has more than"):
        parse("vers:npm/" + "|".join(map(str, range(RANGE_COMPARATORS + 1))))


def test_a_scheme_is_written_in_its_own_syntax_first() -> None:
    for syntax in SYNTAXES:
        for scheme in syntax.schemes:
            assert syntaxes_of(scheme)[0] is syntax
            assert scheme in SCHEME_BY_NAME
    assert [syntax.name for syntax in syntaxes_of("hackage")] == ["comparators", "cpe", "osv", "vers"]


def test_without_rules_a_range_is_what_an_advisory_means() -> None:
    native = SYNTAX_BY_NAME["npm"].parse("^1.2.3-rc.1")
    assert understood(native.without_rules()) == ">=1.2.3-rc.1, <2.0.0-0"
    assert not native.without_rules().rules


HOSTILE = [
    "1",
    "1.",
    "~",
    "<",
    ">=",
    "!",
    "|",
    " ",
    ",",
    "(",
    "[",
    "-1",
    "1a",
    "@dev",
    ".x",
    "*",
    "+1",
    "'",
    '{"a":',
    ">=1,",
    "a/a-",
    "1 - 2 ",
]
GENEROUS_S = 2.0
"""Linear code takes a tenth of a second for the longest range, quadratic code minutes."""


@pytest.mark.parametrize("syntax", sorted(SYNTAX_BY_NAME))
def test_the_longest_range_takes_linear_time_and_a_short_message(syntax: str) -> None:
    for token in HOSTILE:
        started = time.process_time()
        try:
            SYNTAX_BY_NAME[syntax].parse((">=1" + token * RANGE_CHARS)[: RANGE_CHARS - 1] + "!")
        except InvalidRange as refused:
            message = str(refused)
        else:
            message = ""
        assert time.process_time() - started < GENEROUS_S, token
        assert len(message) < 500, token
