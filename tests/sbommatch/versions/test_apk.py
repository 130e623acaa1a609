"""Alpine's versions, against what `src/version.c` of apk-tools 3 says of them; its own vectors are in `test_vectors`."""

import pytest

from sbommatch.versions.apk import DECLINED_DIGITS, ApkScheme
from sbommatch.versions.scheme import InvalidVersion, KeyDeclined

from .truths import hold_ascending, hold_same

SCHEME = ApkScheme()

ASCENDING = [
    # Where versions part: a pre-release, the end, a revision, a hash, a suffix's number, a suffix, a letter, a number.
    "1_alpha 1_alpha0 1_alpha1 1_alpha1_p1 1_beta 1_pre 1_rc 1_rc1-r0 1_rc1-r1 1 1-r0 1-r1 1~0 1~a 1~a-r0 1~ab 1_cvs 1_svn 1_git 1_git1",
    "1_git 1_git20230730 1_hg 1_p 1_p0 1_p1_alpha 1_p1 1_p10 1a 1a-r0 1a_p1 1b 1.0 1.0-r0 1.00 1.01 1.010 1.09 1.1 1.1.0 1.2 1.10 2 10",
    "1_p_alpha 1_p 1_p-r0 1_p~a 1_p0 1_p1 1_p10 1_p_cvs 1_p_p 1_p_p1 1a_alpha 1a 1a-r0 1a~0 1a_cvs",
    # A leading zero makes a component a text, on either side.
    "1.0 1.00 1.01 1.011 1.02 1.1",
    # Numbers after a letter, as apk-tools 2 has them.
    "6.6.2_p2 6.6.2p 6.6.2p-r0 6.6.2p1-r0 6.6.2p1.1 6.6.2p2-r0 6.6.2p10-r0 6.6.2q 6.6.3",
    "1.9.5-r1 1.9.5p1-r0 1.9.5p2-r0 1.9.5p2-r1 1.9.6-r0",
]


@pytest.mark.parametrize("versions", ASCENDING)
def test_versions_stand_in_the_order_of_apk_tools(versions: str) -> None:
    hold_ascending(SCHEME, versions)


@pytest.mark.parametrize(("left", "right"), [("1", "01"), ("1_p1", "1_p01"), ("1-r1", "1-r01"), ("1_rc", "1_rc")])
def test_leading_zeros_count_in_components_only(left: str, right: str) -> None:
    hold_same(SCHEME, left, right)


REFUSED = (
    "1. .1 1..2 1.18.-r2 0.8.21.r2 10.2.26.r0 1.11-20-r0 1_foo 1_prefix 1_ 1- 1-r 1-r1-r2 1~ 1~g 1~A 1A 1ab "
    "1-r1_p1 1-r1~a 1~a_p1 v1 1:1 1+1 2.15.r-r1 4.10-1-r1"
)


@pytest.mark.parametrize("version", [*REFUSED.split(), "1 ", " 1"])
def test_what_apk_tools_does_not_accept_is_no_version(version: str) -> None:
    with pytest.raises(InvalidVersion):
        SCHEME.key(version)
    with pytest.raises(InvalidVersion):
        SCHEME.compare("1", version)


@pytest.mark.parametrize("version", ["1.{}", "{}", "1_p{}", "1-r{}", "1a{}"])
def test_a_number_that_may_wrap_has_no_key(version: str) -> None:
    assert SCHEME.key(version.format("9" * (DECLINED_DIGITS - 1)))
    with pytest.raises(KeyDeclined, match="wraps"):
        SCHEME.key(version.format("1" + "0" * (DECLINED_DIGITS - 1)))


def test_leading_zeros_do_not_make_a_number_wrap() -> None:
    assert SCHEME.key("0" * 30 + "1") == SCHEME.key("1")
    assert SCHEME.key("1." + "0" * 30 + "1") < SCHEME.key("1.1")


@pytest.mark.parametrize(
    ("left", "right", "order"),
    [
        (str(2**64), "0", 0),
        (str(2**64 + 5), "4", 1),
        ("9" * 80, str(int("9" * 80) % 2**64), 0),
        (f"1.{2**64 + 1}", "1.2", -1),
        (f"1.{2**64 + 1}", "1.02", 1),
        (f"1-r{2**64 + 1}", "1-r2", -1),
    ],
)
def test_numbers_wrap_when_compared(left: str, right: str, order: int) -> None:
    assert SCHEME.compare(left, right) == order
    assert SCHEME.compare(right, left) == -order


def test_the_end_of_the_upstream_version_is_past_all_its_revisions() -> None:
    end = SCHEME.end_of_upstream("1.29.3-r10")
    assert end == SCHEME.end_of_upstream("1.29.3") == SCHEME.end_of_upstream("1.29.3-r99999999999999999999")
    assert all(SCHEME.key(f"1.29.3{revision}") < end for revision in ("", "-r0", "-r10", "-r11", "-r9999999999999999999"))
    assert all(SCHEME.key(version) > end for version in ("1.29.3~a", "1.29.3_p1", "1.29.3a", "1.29.3.1", "1.29.4_alpha", "1.30.1-r1"))


def test_the_end_of_a_version_is_the_next_key() -> None:
    assert SCHEME.key("1.0") < SCHEME.end_of("1.0") < SCHEME.key("1.0-r0")
