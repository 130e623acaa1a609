"""Arch Linux's versions, against what libalpm says of them."""

import sys
from ctypes.util import find_library
from itertools import pairwise
from pathlib import Path

import pytest

from sbommatch.versions.alpm import AlpmScheme
from sbommatch.versions.scheme import InvalidVersion, KeyDeclined

from .natives import hold_answers, pairs
from .test_vectors import answers, vectors
from .truths import hold_ascending, hold_same

SCHEME = AlpmScheme()

ASCENDING = [
    # vercmp(8): letters right after a number stand below the end, numbers and whatever a separator stands before above it.
    "1.0a-1 1.0alpha-1 1.0b-1 1.0beta-1 1.0p-1 1.0pre-1 1.0rc-1 1.0-1 1.0.a-1 1.0.1-1",
    "1-1 1.a-1 1.0-1 1.1-1 1..a-1 1..1-1 1...0-1 2-1 10-1 010.1-1",
    "1a-1 1a0-1 1a1-1 1a.0-1 1-1",
    "a1-1 b1-1 0-1 1-1",
    "r1234.a1b2c3d-1 r1234.0a1b2c3-1 r1235.0a1b2c3-1",
    "0.12.8+8+ga957a90b-1 0.12.8+8+ga957a90b-2 0.12.8+9+g0000000-1",
    "1.5.0-1 1.5.0-1.1 1.5.0-2 1.5.0-2.1 1.5.0-10 1.5.1-1",
    "9-1 1:0-1 1:1-1 2:0.1-1 10:0-1 99999999999999999999:0-1",
]


@pytest.mark.parametrize("versions", ASCENDING)
def test_versions_stand_in_the_order_of_libalpm(versions: str) -> None:
    hold_ascending(SCHEME, versions)


@pytest.mark.parametrize("spelling", ["0:1.0.a-1", "00:1.0.a-1", "01.00.a-1", "1_0+a-1", "1.0~a-01"])
def test_separators_count_but_not_which(spelling: str) -> None:
    hold_same(SCHEME, "1.0.a-1", spelling)


@pytest.mark.parametrize("release", ["-1", "-2", "-0.1", "-a"])
def test_a_version_without_pkgrel_is_equal_to_all_its_releases_and_has_no_key(release: str) -> None:
    assert SCHEME.compare("1.0", f"1.0{release}") == SCHEME.compare(f"1.0{release}", "1.0") == 0
    for version in ("1.0", "1:1.0"):
        with pytest.raises(KeyDeclined, match="pkgrel"):
            SCHEME.key(version)
        with pytest.raises(KeyDeclined, match="pkgrel"):
            SCHEME.end_of(version)


def test_libalpm_has_cycles_where_separators_end_a_version() -> None:
    cycle = ["1..a", "1.", "1.1", "1..a"]
    assert [SCHEME.compare(f"{lower}-1", f"{higher}-1") for lower, higher in pairwise(cycle)] == [-1, -1, -1]
    assert SCHEME.compare("1.", "1") == 1
    assert SCHEME.compare("1.", "1__") == 0
    assert SCHEME.compare("1.a", "1_") == -1


@pytest.mark.parametrize("version", ["1.-1", "1.0+-1", "1.0--1", "1.0-1.", "1:1.0-1~"])
def test_a_version_with_separators_at_its_end_has_no_key(version: str) -> None:
    with pytest.raises(KeyDeclined, match="separator at the end"):
        SCHEME.key(version)


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("unknown-1", "character 1, 'u'"),
        ("1.0-", "it ends too early"),
        ("1.0-.1", "character 5, '.'"),
        ("-1", "character 1, '-'"),
        (".1-1", "character 1, '.'"),
        (":1.0-1", "character 1, ':'"),
        ("a:1.0-1", "character 2, ':'"),
        ("1.0:1-1", "character 4, ':'"),
        ("1.0/1-1", "character 4, '/'"),
        ("1.0 1-1", "character 4, ' '"),
        ("1.0-1\n", "character 6, '\\n'"),
        (">=1.0-1", "character 1, '>'"),
    ],
)
def test_what_no_package_can_have_is_no_version(version: str, reason: str) -> None:
    for refuse in (SCHEME.key, SCHEME.end_of, SCHEME.end_of_upstream, lambda text: SCHEME.compare("1", text)):
        with pytest.raises(InvalidVersion) as refused:
            refuse(version)
        assert reason in str(refused.value)


def test_the_end_of_the_upstream_version_is_past_all_its_releases() -> None:
    end = SCHEME.end_of_upstream("1:2.3-4")
    assert end == SCHEME.end_of_upstream("1:2.3")
    assert all(SCHEME.key(f"1:2.3{release}") < end for release in ("-0.1", "-4", "-99999999999999999999", "-a", "-4.1"))
    assert all(SCHEME.key(version) > end for version in ("1:2.3.a-1", "1:2.3.0-1", "1:2.4rc1-1", "2:0-1"))
    assert SCHEME.key("2.3-5") < SCHEME.key("1:2.3rc1-1") < end
    assert SCHEME.end_of("1.0-1") == SCHEME.key("1.0-1") + b"\x00"


DEVIATIONS = {("1.0.0alpha", ">", "1.0.0"): "<", ("1.0.0~rc1", "<", "1.0.0"): ">"}
"""Rows of the vectors, from grype, and what vercmp 6.0.2 answers; we answer the same."""


def test_vectors_are_answered_as_vercmp_does(shared_data: Path) -> None:
    for left, wanted, right in vectors(shared_data, "alpm"):
        compared, keyed = answers(SCHEME, left, right)
        assert compared == DEVIATIONS.get((left, wanted, right), wanted), (left, right)
        assert keyed in {compared, "declined"}, (left, right)


NATIVE = """
import ctypes, sys
compare = ctypes.CDLL(sys.argv[1]).alpm_pkg_vercmp
for line in sys.stdin.buffer:
    print(compare(*line.rstrip(b"\\n").split(b"\\t")))
"""


@pytest.mark.long
@pytest.mark.peer
def test_libalpm_orders_versions_alike() -> None:
    library = find_library("alpm")
    if library is None:
        pytest.skip("libalpm is absent: Debian's libalpm13, or Arch Linux")
    tokens = "0 1 2 9 10 00 01 225 99999999999999999999 a b A rc g1a . . .. _ ~ + .1 .0 .a -1 -2 -1 -a -1.1 -01"
    hold_answers(SCHEME, [sys.executable, "-c", NATIVE, library], pairs("1 1.0 0:1 1:1 2 a1 1-1", tokens))
