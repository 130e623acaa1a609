"""Versions for hypothesis: valid ones of each scheme, with many ties and near ties, and soups of their tokens, most of them invalid."""

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from .other_strategies import OTHERS

DIGITS = st.sampled_from(
    ["0", "00", "1", "01", "2", "9", "10", "99", "224", "225", "226", "999", "1000", "65536", "999999999999", "1000000000000", "1" * 15]
)
"""With the edges of the encoding: one byte up to 224, one byte of length up to twelve digits."""

LONG_DIGITS = st.one_of(DIGITS, st.sampled_from(["9" * 19, "1" + "0" * 19, str(2**64), str(2**64 + 1), "7" * 80, "7" * 5000]))
"""With numbers that no machine integer holds, and one that Python's `int` refuses."""


def _joined(*parts: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


def _optional(part: SearchStrategy[str]) -> SearchStrategy[str]:
    return st.one_of(st.just(""), part)


def _several(part: SearchStrategy[str], most: int = 3, least: int = 0, between: str = "") -> SearchStrategy[str]:
    return st.lists(part, min_size=least, max_size=most).map(between.join)


def _prefixed(prefix: str, part: SearchStrategy[str]) -> SearchStrategy[str]:
    return part.map(lambda text: prefix + text)


APK = _joined(
    LONG_DIGITS,
    _several(_prefixed(".", LONG_DIGITS)),
    _optional(_joined(st.sampled_from("abpz"), _optional(_joined(DIGITS, _several(_prefixed(".", DIGITS), 1))))),
    _several(_joined(st.sampled_from(["_alpha", "_beta", "_pre", "_rc", "_cvs", "_svn", "_git", "_hg", "_p"]), _optional(LONG_DIGITS)), 2),
    _optional(_prefixed("~", st.sampled_from(["a", "ab", "0", "0a"]))),
    _optional(_prefixed("-r", DIGITS)),
)

_DEB_PART = _several(st.one_of(LONG_DIGITS, st.sampled_from(["~", "~~", ".", "+", "a", "b", "Z", "rc", "~rc", "+deb", "_"])), 5)
DEB = _joined(
    _optional(st.sampled_from(["0:", "00:", "1:", "2147483647:"])),
    DIGITS,
    _DEB_PART,
    _several(_prefixed("-", _DEB_PART), 1),
    _optional(_joined(st.just("-"), st.sampled_from(["0", "00", "1", "~", "a"]), _DEB_PART)),
).filter(lambda version: not version.endswith("-"))

PYPI = _joined(
    _optional(st.sampled_from(["v", "0!", "1!", "01!", " "])),
    _several(LONG_DIGITS, 4, 1, "."),
    _optional(_joined(st.sampled_from(["a", "b", "c", "rc", "alpha", ".beta-", "-PRE.", "_preview", "RC"]), _optional(LONG_DIGITS))),
    _optional(st.one_of(_prefixed("-", DIGITS), _joined(st.sampled_from([".post", "post", "-r", "_rev-"]), _optional(LONG_DIGITS)))),
    _optional(_joined(st.sampled_from([".dev", "dev", "-DEV."]), _optional(LONG_DIGITS))),
    _optional(_prefixed("+", _several(st.one_of(LONG_DIGITS, st.sampled_from(["a", "b", "cu128", "A", "1a", "abc"])), 3, 1, "."))),
)

_IDENTIFIER = st.one_of(LONG_DIGITS, st.sampled_from(["a", "A", "b", "alpha", "alpha1", "-", "0a", "-1", "rc", "x-y"]))
_PRE_RELEASE = _optional(_prefixed("-", _several(_IDENTIFIER, 3, 1, ".")))
_BUILD = _optional(st.sampled_from(["+build", "+1", "+a.1-b", "+incompatible"]))
SEMVER = _joined(_optional(st.sampled_from(["v", "=", "=v"])), _several(LONG_DIGITS, 4, 1, "."), _PRE_RELEASE, _BUILD)
NPM = st.one_of(SEMVER, _joined(_several(DIGITS, 3, 3, "."), st.sampled_from(["beta", "a1", "rc.1", "x-y"]), _BUILD))
GO = st.one_of(
    SEMVER,
    st.sampled_from(["v0.0.0-20170116102854-1ef0e047d5a7", "v1.2.4-0.20191109021931-daa7c04131f5", "v2.0.0+incompatible"]),
    _joined(_optional(st.just("go")), DIGITS, st.just("."), DIGITS, st.sampled_from(["rc", "beta"]), DIGITS),
    _joined(st.just("go"), _several(DIGITS, 3, 1, "."), _optional(st.sampled_from(["-acme", " X:boringcrypto", "rc1", "-pre2"]))),
)

STRICT_SEMVER = _joined(
    _several(st.sampled_from(["0", "1", "2", "10", "224", "225", "1000", "9007199254740991"]), 3, 3, "."),
    _optional(
        _prefixed(
            "-", _several(st.sampled_from(["0", "1", "2", "10", "224", "225", "a", "A", "b", "alpha", "0a", "-", "--1", "rc"]), 3, 1, ".")
        )
    ),
    _BUILD,
)
"""What every implementation of SemVer accepts."""


def _words(words: str) -> SearchStrategy[str]:
    return st.sampled_from(words.split())


_RPM_PART = _several(st.one_of(LONG_DIGITS, _words("~ ^ . + _ a b Z rc el8 ~rc1 ^git α")), 5, 1)
RPM = _joined(
    _optional(st.sampled_from(["0:", ":", "00:", "1:", "4294967296:"])), _RPM_PART, _optional(_prefixed("-", _optional(_RPM_PART)))
)

_MAVEN_TEXTS = "a b m alpha beta milestone rc CR SNAPSHOT ga Final release sp foo jre _ . . . - - -"
_MAVEN_NUMBERS = ["0" * 9, "0" * 10, "0" * 19, "9" * 9, "1" + "0" * 9, "9" * 18, "9" * 19]
MAVEN = _several(st.one_of(DIGITS, st.sampled_from([*_MAVEN_TEXTS.split(), *_MAVEN_NUMBERS])), 7, 1)

_GEM_SEGMENT = st.one_of(LONG_DIGITS, _words("0 0 a b A pre rc1 0a a0"))
GEM = _joined(
    LONG_DIGITS,
    _several(_prefixed(".", _GEM_SEGMENT), 4),
    _optional(_prefixed("-", _several(st.one_of(_GEM_SEGMENT, st.sampled_from(["-", "a-0"])), 2, 1, "."))),
)

_NUGET_LABEL = "0 1 10 225 a A b Beta - -1 -01 -0 -225 0a 2147483647 2147483648 -2147483648 -2147483649 99999999999999999999"
NUGET = _joined(
    _several(_words("0 00 1 01 2 10 224 225 65536 2147483647"), 4, 1, "."),
    _optional(_prefixed("-", _several(_words(_NUGET_LABEL), 3, 1, "."))),
    _BUILD,
)

COMPOSER = st.one_of(
    _joined(
        _optional(st.just("v")),
        st.sampled_from(["0", "1", "01", "2", "10", "99999"]),
        _several(_prefixed(".", LONG_DIGITS)),
        _optional(st.sampled_from("-_.")),
        _optional(
            _joined(
                _words("stable STABLE alpha a beta B rc RC p pl patch Patch"),
                _several(_joined(st.sampled_from(["", ".", "-"]), LONG_DIGITS), 2),
            )
        ),
        _optional(st.sampled_from(["-dev", ".dev", "dev", "@dev", "+build", " as 1.0"])),
    ),
    _words("1.x-dev 1.2.x-dev v1.X.dev 100000.x-dev 20240131 2024-01-31 2024.01.31.12.30 20240131-p1 2024-01-dev"),
)

VALID: dict[str, SearchStrategy[str]] = {
    **OTHERS,
    "apk": APK,
    "cargo": SEMVER,
    "composer": COMPOSER,
    "deb": DEB,
    "gem": GEM,
    "go": GO,
    "maven": MAVEN,
    "npm": NPM,
    "nuget": NUGET,
    "pypi": PYPI,
    "rpm": RPM,
    "semver": SEMVER,
}

_TOKENS = [
    *("0", "1", "01", "10", "225", ".", "-", "_", "~", "+", ":", "!", "=", "v", " ", "a", "b", "c", "p", "r", "rc", "alpha", "beta", "pre"),
    *(
        "preview",
        "post",
        "rev",
        "dev",
        "_rc",
        "_p",
        "-r",
        "-r1",
        "-1",
        ".dev1",
        ".post1",
        "+local",
        "go",
        "A",
        "Z",
        "..",
        "\n",
        "é",
        "\x00",
    ),
]
SOUP = _several(st.sampled_from(_TOKENS), 8)
"""Texts that look like versions of some scheme; most are none."""

ANY_TEXT = st.one_of(SOUP, st.text(max_size=20))
