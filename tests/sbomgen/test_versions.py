import re
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.versions import compare

TYPES = ("alpm", "deb", "apk", "pypi", "opkg", "npm", "rpm", "maven", "nuget")
SIGNS = {-1: "<", 0: "=", 1: ">"}
SAMPLED_EVERY = 7
FEW = 100
"""Vectors that are all tried."""
UNKNOWN_TO_THEIR_SCHEME = {
    "alpm": re.compile(r"1\.0\.0(?:alpha|~rc1)"),
    "apk": re.compile(r"\.\.|[0-9]p[0-9]|r2$|ruff|-[0-9]|-r-|\.r"),
    "deb": re.compile(r"(?!)"),
    "rpm": re.compile(r"(?!)"),
    "pypi": re.compile(r"[A-Za-z]{4,}|^a3|p1|beta6\.1"),
    "npm": re.compile(r"(?!)"),
    "nuget": re.compile(r"(?!)"),
}
"""Versions that their scheme refuses, see the limits that `sbomgen.versions` states; of alpm two rows that libalpm answers otherwise."""


@pytest.mark.parametrize(
    ("purl_type", "ordered"),
    [
        ("deb", "1.0~~ 1.0~rc1 1.0 1.0-1 1.0-1+b1 1.0a 1.0+b1 1.0.1 1.9 1.10 1:0.1"),
        ("apk", "1.0_alpha 1.0_alpha1 1.0_beta 1.0_pre 1.0_rc1 1.0 1.0-r0 1.0-r1 1.0-r10 1.0_p1 1.0_p1-r1 1.0a 1.0.1 1.1 1.10"),
        ("apk", "1.0 1.01 1.1"),
        ("apk", "1.0~aa 1.0~ab 1.0_git20200101"),
        ("pypi", "1.0.dev1 1.0a1 1.0b2 1.0rc1 1.0 1.0+local 1.0.post1 1.1 1!0.1"),
        ("alpm", "1.0a-1 1.0alpha-1 1.0b-1 1.0rc-1 1.0-1 1.0-1.1 1.0-2 1.0-10 1.0.a-1 1.0.1-1 1.0..1-1 1.1-1 1.10-1 1:0.1-1 2:0-1"),
        ("alpm", "a-1 a1-1 r9.f-1 r10.a-1 1-1"),
        ("opkg", "1.0~rc1 1.0 1.0-1"),
        ("rpm", "1.0~rc1 1.0 1.0-1~beta 1.0-1 1.0-1.el9 1.0-1.el10 1.0^git1-1 1.0a-1 1.0.1-1 1.9-1 1.10-1 1:0.1-1"),
        ("pypi", "0.1-bulbasaur 0.1-charmander"),
        ("apk", "5.1p1-r0 5.1p2-r0"),
        ("npm", "1.0.0-0 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 v1.0.1 1.0.10 2.0.0"),
        ("npm", "1.0-beta 1.1-alpha"),
        (
            "maven",
            "1.0-alpha1 1.0-b2 1.0.Beta10 1.0-M1 1.0.CR1 1.0-rc2 1.0-SNAPSHOT 1.0 1.0-sp1 1.0-jre 1.0.1 1.9 1.10 2.0.0.RELEASE",
        ),
        (
            "golang",
            "v0.0.0-20230101000000-ffffffffffff v0.0.0-20240101000000-0123456789ab v1.0.0-rc.1 v1.0.0 v1.9.0 v1.10.0 v2.0.0+incompatible",
        ),
        ("golang", "1.19 1.19.1 1.20 1.21rc2 1.21.0 1.21.10"),
        ("nuget", "0.9.9.1 1.0-alpha 1.0.0-ALPHA.1 1.0-beta.2 1.0-beta.11 1.0 1.0.0.1 1.0.9 1.0.10"),
        ("cargo", "0.9.0 0.10.0-alpha.1 0.10.0 1.0.0"),
    ],
)
def test_versions_stand_in_the_order_of_their_type(purl_type: str, ordered: str) -> None:
    versions = ordered.split()
    for low, high in ((low, high) for index, low in enumerate(versions) for high in versions[index + 1 :]):
        assert compare(purl_type, low, high) == -1
        assert compare(purl_type, high, low) == 1


@pytest.mark.parametrize(
    ("purl_type", "left", "right"),
    [
        ("deb", "1.0", "0:1.0-0"),
        ("deb", "1.00", "1.0"),
        ("deb", "a:1", "a:1"),
        ("alpm", "0:1.0.a-1", "1_00+a-01"),
        ("alpm", "1.0", "1.0-2"),
        ("apk", "01.2", "1.2"),
        ("rpm", "0:1.0-1", "1.0-1"),
        ("rpm", "1.0_1-1", "1.0+01-1."),
        ("pypi", "1.0", "1"),
        ("pypi", "1.0.0", "v1"),
        ("maven", "1.0.0", "1"),
        ("nuget", "1-RC+a", "1.0.0.0-rc+b"),
        ("maven", "5.3.0.RELEASE", "5.3-final"),
        ("npm", "1.0.0+a", "=v1.0.0+b"),
    ],
)
def test_different_spellings_may_be_equal(purl_type: str, left: str, right: str) -> None:
    assert compare(purl_type, left, right) == 0


def test_numbers_of_any_length_are_compared() -> None:
    long = "9" * 5000
    for purl_type in ("alpm", "deb", "apk", "npm", "rpm"):
        assert compare(purl_type, f"1.{long}.1", f"1.{long}0.1") == -1


@given(purl_type=st.sampled_from(TYPES), left=st.text("0123.~-+_:abpr", max_size=8), right=st.text("0123.~-+_:abpr", max_size=8))
@settings(max_examples=100, deadline=None)
def test_both_directions_agree_for_any_text(purl_type: str, left: str, right: str) -> None:
    assert compare(purl_type, left, right) == -compare(purl_type, right, left)
    assert compare(purl_type, left, left) == 0


@pytest.mark.parametrize("purl_type", UNKNOWN_TO_THEIR_SCHEME)
def test_vectors_of_the_reference_implementations_hold(purl_type: str, shared_data: Path) -> None:
    lines = [line for line in (shared_data / f"versions/{purl_type}.txt").read_text().splitlines() if not line.startswith("#")]
    refused = UNKNOWN_TO_THEIR_SCHEME[purl_type]
    wrong = []
    for line in lines if len(lines) < FEW else lines[::SAMPLED_EVERY]:
        left, sign, right = line.split(" ")
        if SIGNS[compare(purl_type, left, right)] != sign and not (refused.search(left) or refused.search(right)):
            wrong.append(line)
    assert wrong == []


NATIVE = """
import ctypes, sys
compare = ctypes.CDLL(sys.argv[1]).alpm_pkg_vercmp
for line in sys.stdin.buffer:
    print(compare(*line.rstrip(b"\\n").split(b" ")))
"""


def test_libalpm_orders_versions_alike() -> None:
    library = find_library("alpm")
    if library is None:
        pytest.skip("libalpm is absent: install Debian's pacman-package-manager")
    parts = ("1", "01", "1.0", "1.a", "1a", "1a1", "1..1", "a", "a.1", "10", "99999999999999999999", "1~rc1", "1+r2+gab")
    versions = [f"{epoch}{part}{release}" for epoch in ("", "0:", "1:") for part in parts for release in ("", "-1", "-1.1", "-a")]
    pairs = [(left, right) for left in versions for right in versions]
    asked = "".join(f"{left} {right}\n" for left, right in pairs).encode()
    answers = subprocess.run([sys.executable, "-c", NATIVE, library], input=asked, check=True, capture_output=True).stdout.split()
    assert [pair for pair, answer in zip(pairs, answers, strict=True) if compare("alpm", *pair) != int(answer)] == []


def test_of_maven_s_vectors_the_usual_ones_hold(shared_data: Path) -> None:
    lines = [line for line in (shared_data / "versions/maven.txt").read_text().splitlines() if not line.startswith("#")][::SAMPLED_EVERY]
    vectors = [line.split(" ") for line in lines]
    wrong = [vector for vector in vectors if SIGNS[compare("maven", vector[0], vector[2])] != vector[1]]
    assert len(wrong) * 200 < len(vectors), wrong
