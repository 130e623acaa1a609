"""What holds for every scheme: keys in the order of `compare`, self-delimiting and linear; nothing but the two errors leaves it."""

import string
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import permutations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sbommatch.versions import SCHEME_BY_NAME, SCHEMES, keys
from sbommatch.versions.scheme import BOTTOM, TOP, InvalidVersion, KeyDeclined, Scheme

from .strategies import ANY_TEXT, VALID

every_scheme = pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: scheme.name)
quickly = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
at_length = settings(max_examples=2_000, deadline=None, suppress_health_check=list(HealthCheck))

LONG = 100_000
"""Characters of a hostile version."""

GENEROUS_S = 5.0
"""Linear code takes milliseconds for `LONG` characters, quadratic code minutes."""


def key_or_none(scheme: Scheme, version: str) -> bytes | None:
    try:
        return scheme.key(version)
    except KeyDeclined:
        return None


def sign(left: bytes, right: bytes) -> int:
    return (left > right) - (left < right)


def hold_order(scheme: Scheme, versions: tuple[str, str, str]) -> None:
    for left in versions:
        assert scheme.compare(left, left) == 0
        for right in versions:
            assert scheme.compare(left, right) == -scheme.compare(right, left)
    keyed = [(key, version) for version in versions if (key := key_or_none(scheme, version)) is not None]
    for key, version in keyed:
        assert BOTTOM < key < TOP
        assert not key.startswith(b"\xff")
        for other_key, other in keyed:
            assert sign(key, other_key) == scheme.compare(version, other), (version, other)
            if key < other_key:
                assert key + b"\x00" < other_key, "the next key stands below every greater one"
                assert not other_key.startswith(key), "no key is the beginning of another"
    for first, second, third in permutations([version for _, version in keyed], 3):
        if scheme.compare(first, second) <= 0 and scheme.compare(second, third) <= 0:
            assert scheme.compare(first, third) <= 0


def hold_ends(scheme: Scheme, version: str, other: str) -> None:
    key, other_key = key_or_none(scheme, version), key_or_none(scheme, other)
    if key is None or other_key is None:
        return
    end, end_of_upstream = scheme.end_of(version), scheme.end_of_upstream(version)
    assert key < end <= end_of_upstream < TOP
    taken_in, of_upstream = other_key < end, other_key < end_of_upstream
    if scheme.compare(other, version) <= 0:
        assert taken_in
        assert of_upstream
    elif end == key + b"\x00":
        assert not taken_in, "it is a point"
    for point in (end, end_of_upstream):
        assert not other_key.startswith(point), "an end is never inside a key"


def outcome(call: Callable[[], object]) -> str | None:
    """The message of a refusal; None of what is a version, with a key or without."""
    try:
        call()
    except InvalidVersion as refused:
        return str(refused)
    except KeyDeclined:
        return None
    return None


def hold_errors(scheme: Scheme, text: str) -> None:
    refusals = {
        outcome(lambda: scheme.key(text)),
        outcome(lambda: scheme.end_of(text)),
        outcome(lambda: scheme.end_of_upstream(text)),
        outcome(lambda: scheme.compare(text, text)),
    }
    assert len(refusals) == 1, "all methods agree on what is a version"
    assert refusals == {None} or all(refusals), "a refusal has a reason"


@every_scheme
def test_keys_have_the_order_of_compare_and_ends_stand_above_what_they_take_in(scheme: Scheme) -> None:
    @quickly
    @given(st.tuples(*[VALID[scheme.name]] * 3))
    def run(versions: tuple[str, str, str]) -> None:
        hold_order(scheme, versions)
        hold_ends(scheme, *versions[:2])

    run()


@every_scheme
def test_nothing_but_the_two_errors_leaves_a_scheme(scheme: Scheme) -> None:
    @quickly
    @given(ANY_TEXT)
    def run(text: str) -> None:
        hold_errors(scheme, text)

    run()


@pytest.mark.long
@every_scheme
def test_all_of_it_holds_at_length(scheme: Scheme) -> None:
    @at_length
    @given(st.tuples(*[VALID[scheme.name]] * 3), ANY_TEXT)
    def run(versions: tuple[str, str, str], text: str) -> None:
        hold_order(scheme, versions)
        hold_ends(scheme, *versions[:2])
        hold_errors(scheme, text)

    run()


HOSTILE: dict[str, Callable[[], str]] = {
    "one number": lambda: "7" * LONG,
    "a zero": lambda: "0" * LONG,
    "many components": lambda: "1." * (LONG // 2) + "1",
    "letters": lambda: "1" + "a" * LONG,
    "letters and digits": lambda: "1" + "a1" * (LONG // 2),
    "a pre-release": lambda: "1.0.0-" + "a" * LONG,
    "many identifiers": lambda: "1.0.0-" + "a." * (LONG // 2) + "1",
    "build metadata": lambda: "1.0.0+" + "a." * (LONG // 2) + "1",
    "suffixes": lambda: "1" + "_p1" * (LONG // 3),
    "tildes": lambda: "1" + "~" * LONG,
    "dashes": lambda: "1" + "-1" * (LONG // 2),
    "a revision": lambda: "1-r" + "1" * LONG,
    "separators": lambda: "1.0a" + "-" * LONG,
    "an epoch": lambda: "1" * LONG + "!1",
    "a Debian epoch": lambda: "1" * LONG + ":1",
    "blanks": lambda: " " * LONG + "1",
    "blanks in the middle": lambda: "1" + " " * LONG + "1",
    "a wrong end": lambda: "1." * (LONG // 2) + "!",
    "a wrong end of a number": lambda: "1" * LONG + "!",
}


@every_scheme
@pytest.mark.parametrize("shape", HOSTILE)
def test_a_hundred_thousand_characters_take_linear_time_and_space(scheme: Scheme, shape: str) -> None:
    version = HOSTILE[shape]()
    started = time.process_time()
    refusal = outcome(lambda: scheme.compare(version, version))
    assert refusal is None or len(refusal) < 400, "a message does not repeat what is hostile"
    with suppress(InvalidVersion, KeyDeclined):
        assert len(scheme.key(version)) <= 5 * len(version) + 16, "a hyphen of RubyGems is a text"
    assert time.process_time() - started < GENEROUS_S


def hold_refused(scheme: Scheme, text: str, reason: str) -> None:
    for method in (scheme.key, scheme.end_of, scheme.end_of_upstream, lambda version: scheme.compare("1", version)):
        with pytest.raises(InvalidVersion) as refused:
            method(text)
        assert reason in str(refused.value)


@every_scheme
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "it is empty"),
        ("1.0\x00", "it holds a NUL byte"),
        ("1.0é", "it holds a character outside ASCII"),
        ("1.٣", "it holds a character outside ASCII"),
        ("1.0\udc80", "it holds a character outside ASCII"),
    ],
)
def test_what_is_no_version_anywhere_is_refused_with_its_reason(scheme: Scheme, text: str, reason: str) -> None:
    if scheme.name == "rpm" and "ASCII" in reason:
        assert scheme.compare(text, "1.0") <= 0, "rpm skips it"
        return
    if scheme.name == "gem" and not text:
        assert scheme.compare(text, "0") == 0, "RubyGems takes it for 0"
        return
    hold_refused(scheme, text, reason)


@pytest.mark.parametrize("name", [scheme.name for scheme in SCHEMES if scheme.name not in {"maven", "rpm"}])
@pytest.mark.parametrize("text", ["unknown", "(devel)", "${project.version}", "<end-of-life>", "latest", "sha256:2b4f", "main", "-"])
def test_words_are_refused_where_versions_begin_with_a_number(name: str, text: str) -> None:
    hold_refused(SCHEME_BY_NAME[name], text, "has no place there")


@every_scheme
def test_a_scheme_says_what_it_is(scheme: Scheme) -> None:
    assert set(scheme.name) <= set(string.ascii_lowercase + string.digits + "-")
    assert scheme.title
    assert scheme.name in VALID, "strategies.py knows its versions"


def test_no_word_names_two_schemes() -> None:
    words = [word.lower() for scheme in SCHEMES for word in (scheme.name, *scheme.synonyms)]
    assert sorted(words) == sorted(set(words))


@pytest.mark.parametrize(
    ("word", "name"),
    [
        *((word, "apk") for word in ("apk", "Alpine", "alpine", "Wolfi")),
        *((word, "cargo") for word in ("cargo", "crates.io", "Crates.IO")),
        *((word, "composer") for word in ("composer", "Packagist")),
        *((word, "deb") for word in ("deb", "Debian", "Ubuntu")),
        *((word, "gem") for word in ("gem", "RubyGems")),
        *((word, "go") for word in ("go", "Go", "golang")),
        *((word, "maven") for word in ("maven", "Maven")),
        *((word, "npm") for word in ("npm", "NPM")),
        *((word, "nuget") for word in ("nuget", "NuGet")),
        *((word, "pypi") for word in ("pypi", "PyPI")),
        *((word, "rpm") for word in ("rpm", "AlmaLinux", "Rocky Linux", "Red Hat", "openSUSE", "SUSE", "Photon OS")),
        *((word, "semver") for word in ("semver", "GHC", "Bioconductor", "Kubernetes")),
        *((word, "alpm") for word in ("alpm", "Arch Linux")),
        *((word, "bitnami") for word in ("bitnami", "Bitnami")),
        *((word, "cran") for word in ("cran", "CRAN")),
        *((word, "generic") for word in ("generic", "conan", "Homebrew", "OSS-Fuzz")),
        *((word, "gentoo") for word in ("gentoo", "ebuild")),
        *((word, "github-actions") for word in ("github-actions", "GitHub Actions", "github")),
        *((word, "hackage") for word in ("hackage", "Hackage")),
        *((word, "hex") for word in ("hex", "Hex")),
        *((word, "julia") for word in ("julia", "Julia")),
        *((word, "opam") for word in ("opam",)),
        *((word, "pub") for word in ("pub", "Pub")),
        *((word, "swift") for word in ("swift", "SwiftURL")),
    ],
)
def test_schemes_are_found_by_purl_type_and_by_the_name_that_osv_gives(word: str, name: str) -> None:
    assert SCHEME_BY_NAME[word].name == name


def test_an_unknown_scheme_is_not_found() -> None:
    assert SCHEME_BY_NAME.get("cobol") is None
    assert set(SCHEME_BY_NAME) == {scheme.name for scheme in SCHEMES}
    assert len(SCHEME_BY_NAME) == len(SCHEMES)


def test_the_memo_of_keys_answers_as_the_scheme_does() -> None:
    scheme = SCHEME_BY_NAME["apk"]
    key = keys(scheme)
    assert key("1.2.3-r4") is key("1.2.3-r4") == scheme.key("1.2.3-r4")
    for _ in range(2):
        with pytest.raises(InvalidVersion):
            key("unknown")
        with pytest.raises(KeyDeclined):
            key("1." + "9" * 20)


def test_the_memo_of_keys_forgets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sbommatch.versions.KEYS_REMEMBERED", 2)
    key = keys(SCHEME_BY_NAME["pypi"])
    first = key("1.0")
    assert key("1.0") is first
    assert key("2.0") < key("3.0")
    assert key("1.0") is not first
    assert key("1.0") == first
