import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.versions import compare

TYPES = ("deb", "apk", "pypi", "opkg")
SIGNS = {-1: "<", 0: "=", 1: ">"}
SAMPLED_EVERY = 7
UNKNOWN_TO_THEIR_SCHEME = {
    "apk": re.compile(r"\.\.|[0-9]p[0-9]|r2$|ruff|-[0-9]|-r-|\.r"),
    "deb": re.compile(r"(?!)"),
    "pypi": re.compile(r"[A-Za-z]{4,}|^a3|p1|beta6\.1"),
}
"""Versions that their scheme refuses, see the limits that `sbomgen.versions` states."""


@pytest.mark.parametrize(
    ("purl_type", "ordered"),
    [
        ("deb", "1.0~~ 1.0~rc1 1.0 1.0-1 1.0-1+b1 1.0a 1.0+b1 1.0.1 1.9 1.10 1:0.1"),
        ("apk", "1.0_alpha 1.0_alpha1 1.0_beta 1.0_pre 1.0_rc1 1.0 1.0-r0 1.0-r1 1.0-r10 1.0_p1 1.0_p1-r1 1.0a 1.0.1 1.1 1.10"),
        ("apk", "1.0 1.01 1.1"),
        ("apk", "1.0~aa 1.0~ab 1.0_git20200101"),
        ("pypi", "1.0.dev1 1.0a1 1.0b2 1.0rc1 1.0 1.0+local 1.0.post1 1.1 1!0.1"),
        ("opkg", "1.0~rc1 1.0 1.0-1"),
        ("pypi", "0.1-bulbasaur 0.1-charmander"),
        ("apk", "5.1p1-r0 5.1p2-r0"),
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
        ("apk", "01.2", "1.2"),
        ("pypi", "1.0", "1"),
        ("pypi", "1.0.0", "v1"),
    ],
)
def test_different_spellings_may_be_equal(purl_type: str, left: str, right: str) -> None:
    assert compare(purl_type, left, right) == 0


def test_numbers_of_any_length_are_compared() -> None:
    long = "9" * 5000
    for purl_type in ("deb", "apk"):
        assert compare(purl_type, f"1.{long}", f"1.{long}0") == -1


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
    for line in lines[::SAMPLED_EVERY]:
        left, sign, right = line.split(" ")
        if SIGNS[compare(purl_type, left, right)] != sign and not (refused.search(left) or refused.search(right)):
            wrong.append(line)
    assert wrong == []
