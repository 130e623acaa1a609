"""The schemes beside the programs whose order they claim: `packaging`, and dpkg where it is installed."""

import random
import re
import shutil
import subprocess
from itertools import combinations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from packaging.version import InvalidVersion as NoPythonVersion
from packaging.version import Version

from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.scheme import InvalidVersion

from .natives import COUNT
from .strategies import PYPI, SOUP

PYPI_SCHEME, DEB_SCHEME = SCHEME_BY_NAME["pypi"], SCHEME_BY_NAME["deb"]

quickly = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
at_length = settings(max_examples=COUNT, deadline=None, suppress_health_check=list(HealthCheck))

PYTHON_INT_DIGITS = 4300
"""More of them `packaging` refuses with the error of `int`."""

PYTHON_TOKENS = "0 1 01 10 225 . - _ + ! v a b c rc alpha beta pre preview post rev r dev A RC .dev1 .post1 +a +1 .a .1 1.0"
PYTHON_SOUP = st.lists(st.sampled_from(PYTHON_TOKENS.split()), max_size=7).map("".join)


def packaging(version: str) -> Version | None:
    try:
        return Version(version)
    except NoPythonVersion:
        return None


def ours(version: str) -> bytes | None:
    try:
        return PYPI_SCHEME.key(version)
    except InvalidVersion:
        return None


def agree_with_packaging(left: str, right: str) -> None:
    if "7" * (PYTHON_INT_DIGITS + 1) in left + right:
        return
    versions = packaging(left), packaging(right)
    keys = ours(left), ours(right)
    for version, key in zip(versions, keys, strict=True):
        assert (version is None) == (key is None)
    (left_version, right_version), (left_key, right_key) = versions, keys
    if left_version is not None and right_version is not None and left_key is not None and right_key is not None:
        assert (left_key < right_key) is (left_version < right_version)
        assert (left_key == right_key) is (left_version == right_version)
        assert PYPI_SCHEME.compare(left, right) == (left_version > right_version) - (left_version < right_version)
        # A specifier takes in the local versions of a version that has none: `<=` of packaging is what `last_affected` means.
        if left_version.local is None:
            taken_in = right_version <= left_version or Version(right_version.public) == left_version
            assert (right_key < PYPI_SCHEME.end_of(left)) is taken_in


@given(st.one_of(PYPI, PYTHON_SOUP, SOUP), st.one_of(PYPI, PYTHON_SOUP))
@quickly
def test_packaging_accepts_the_same_versions_and_orders_them_alike(left: str, right: str) -> None:
    if left.isascii():
        agree_with_packaging(left, right)


@pytest.mark.long
@given(st.one_of(PYPI, PYTHON_SOUP, SOUP), st.one_of(PYPI, PYTHON_SOUP))
@at_length
def test_packaging_agrees_at_length(left: str, right: str) -> None:
    if left.isascii():
        agree_with_packaging(left, right)


DEBIAN_TOKENS = "0 1 2 9 00 01 10 225 . - ~ + : a b Z alpha ~~ 1.0 -1 18446744073709551616 1000 ~rc1 +deb11u1 -0"


DEBIAN_VERSION = re.compile(r"(?:[0-9]{1,9}:[0-9][0-9A-Za-z.+~:-]*|[0-9][0-9A-Za-z.+~-]*)(?<!-)")


def debian_pairs(count: int) -> list[tuple[str, str]]:
    """Versions that dpkg accepts without a warning; the same ones every time."""
    chance = random.Random(4)
    tokens = DEBIAN_TOKENS.split()
    versions: list[str] = []
    while len(versions) < 2 * count:
        version = chance.choice(["1", "1.0", "1:1", "0:2"]) + "".join(chance.choices(tokens, k=chance.randrange(5)))
        if DEBIAN_VERSION.fullmatch(version) and ("-" not in version or ":" not in version.rpartition("-")[2]):
            versions.append(version)
    return list(zip(versions[::2], versions[1::2], strict=True))


def agree_with_dpkg(pairs: list[tuple[str, str]]) -> None:
    """One shell asks dpkg about all pairs: a process for each comparison costs milliseconds."""
    ask = 'dpkg --compare-versions "$left" "$op" "$right" && echo "$op" && break'
    script = f"while read -r left right; do for op in lt gt eq; do {ask}; done; done"
    asked = "".join(f"{left} {right}\n" for left, right in pairs)
    answers = subprocess.run(["sh", "-c", script], input=asked, capture_output=True, text=True, check=False)
    assert not answers.stderr
    expected = {"lt": -1, "eq": 0, "gt": 1}
    for (left, right), answer in zip(pairs, answers.stdout.split(), strict=True):
        left_key, right_key = DEB_SCHEME.key(left), DEB_SCHEME.key(right)
        assert (left_key > right_key) - (left_key < right_key) == expected[answer], (left, right)
        assert DEB_SCHEME.compare(left, right) == expected[answer], (left, right)


needs_dpkg = pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not installed")


@needs_dpkg
def test_dpkg_orders_debian_versions_alike() -> None:
    known = ["1.0~rc1-1", "1.0-1~bpo10+1", "1.0", "1.0-0", "1.0-1", "1.0-1+deb11u1", "1.0a", "1.0+dfsg-1", "1:0.1"]
    agree_with_dpkg([*combinations(known, 2), *debian_pairs(60)])


@pytest.mark.long
@needs_dpkg
def test_dpkg_agrees_at_length() -> None:
    agree_with_dpkg(debian_pairs(COUNT))


@needs_dpkg
@pytest.mark.parametrize("version", ["1:", ":1", "a:1", "1.0-", "2147483648:1", "", "1.0 1", "1.0:1"])
def test_what_we_refuse_dpkg_refuses(version: str) -> None:
    validated = subprocess.run(["dpkg", "--validate-version", version], capture_output=True, check=False)
    assert validated.returncode != 0
    with pytest.raises(InvalidVersion):
        DEB_SCHEME.key(version)
