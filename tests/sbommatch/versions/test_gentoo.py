"""Gentoo's versions, against what Portage says of them."""

import subprocess
import sys
from pathlib import Path

import pytest

from sbommatch.versions.gentoo import GentooScheme
from sbommatch.versions.scheme import InvalidVersion

from .natives import hold_answers, pairs
from .test_vectors import answers, vectors
from .truths import hold_ascending, hold_same

SCHEME = GentooScheme()

ASCENDING = [
    # Suffixes, revisions, a letter, numbers.
    "1_alpha 1_alpha1 1_alpha2 1_beta 1_pre 1_rc 1_rc3 1 1-r1 1-r2 1-r10 1_p 1_p-r1 1_p1 1_p20240101 1a_alpha 1a 1a-r1 1b 1.0 9999",
    "1_rc_alpha 1_rc_rc 1_rc 1_rc_p 1_rc1 1_p_alpha 1_p_beta2 1_p 1_p_p 1_p1",
    "1.0_alpha1 1.0 1.0b 1.0.0_rc1 1.0.0 1.0.1 1.1",
    # A number with a leading zero is a fraction.
    "1.0 1.00000001 1.001 1.0010000000000000001 1.002 1.01 1.010000001 1.011 1.02 1.1 1.9 1.10",
    "1.001000000000000000001 1.001000000000000000002",
    "0 0.0 00.1 1 01.1 2 10 999999999999999999999999999998 999999999999999999999999999999",
]


@pytest.mark.parametrize("versions", ASCENDING)
def test_versions_stand_in_the_order_of_portage(versions: str) -> None:
    hold_ascending(SCHEME, versions)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        *[("1.0", "1.0-r0"), ("1.0", "01.00-r00"), ("1.0-r1", "1.0-r01"), ("1.01", "1.010"), ("1.00", "1.000")],
        *[("1_alpha", "1_alpha0"), ("1_p", "1_p00"), ("1_p1", "1_p01")],
    ],
)
def test_spellings_of_one_version_are_the_same(left: str, right: str) -> None:
    hold_same(SCHEME, left, right)


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("v1.0", "character 1, 'v'"),
        ("1.0ab", "character 5, 'b'"),
        ("1.0a1", "character 5, '1'"),
        ("1.0A", "character 4, 'A'"),
        ("1.0.a", "character 4, '.'"),
        ("1.", "character 2, '.'"),
        ("1..0", "character 2, '.'"),
        ("1_foo", "character 2, '_'"),
        ("1_p1.1", "character 5, '.'"),
        ("1-1", "character 2, '-'"),
        ("1-r", "character 2, '-'"),
        ("1-r1_p1", "character 5, '_'"),
        ("1-r1\n", "character 5, '\\n'"),
    ],
)
def test_what_portage_does_not_accept_is_no_version(version: str, reason: str) -> None:
    for refuse in (SCHEME.key, SCHEME.end_of, SCHEME.end_of_upstream, lambda text: SCHEME.compare("1", text)):
        with pytest.raises(InvalidVersion) as refused:
            refuse(version)
        assert reason in str(refused.value)


def test_the_end_of_the_upstream_version_is_past_all_its_revisions() -> None:
    end = SCHEME.end_of_upstream("1.0-r1")
    assert end == SCHEME.end_of_upstream("1.0") == SCHEME.end_of_upstream("1.0-r99999999999999999999")
    assert all(SCHEME.key(f"1.0{revision}") < end for revision in ("", "-r0", "-r2", "-r99999999999999999999", "_rc1"))
    assert all(SCHEME.key(version) > end for version in ("1.0_p", "1.0a", "1.0.0", "1.1_alpha"))
    assert SCHEME.end_of("1.0") == SCHEME.key("1.0-r0") + b"\x00" < SCHEME.key("1.0-r1")


def test_vectors_are_answered_as_they_stand(shared_data: Path) -> None:
    for left, wanted, right in vectors(shared_data, "gentoo"):
        assert answers(SCHEME, left, right) == (wanted, wanted), (left, right)


NATIVE = """
import sys
from portage.versions import vercmp
for line in sys.stdin:
    answer = vercmp(*line.rstrip("\\n").split("\\t"))
    print("none" if answer is None else (answer > 0) - (answer < 0))
"""


@pytest.mark.long
@pytest.mark.peer
def test_portage_orders_versions_alike() -> None:
    if subprocess.run([sys.executable, "-c", "import portage.versions"], capture_output=True, check=False).returncode:
        pytest.skip("Portage is absent: portage on PyPI")
    tokens = "0 1 2 9 10 00 01 010 99999999999999999999 .0 .1 .01 .010 .10 a b _alpha _beta _pre _rc _p _p0 _p1 -r0 -r1 -r01 . _"
    # Portage takes a version for equal to itself before it asks whether it is one.
    asked = [pair for pair in pairs("1 1.0 0 1.01 2.1a 1_p", tokens) if pair[0] != pair[1]]
    hold_answers(SCHEME, [sys.executable, "-c", NATIVE], asked)
