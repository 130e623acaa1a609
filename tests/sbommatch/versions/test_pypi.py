"""Python's versions: what PEP 440 says, and `packaging` beside it in `test_differential`."""

import pytest

from sbommatch.versions.pypi import PypiScheme
from sbommatch.versions.scheme import InvalidVersion

from .truths import hold_ascending, hold_same

SCHEME = PypiScheme()

ASCENDING = [
    # PEP 440, "Summary of permitted suffixes and relative ordering".
    "1.dev0 1.0.dev456 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2 1.0b2.post345.dev456 1.0b2.post345 1.0rc1.dev456 1.0rc1",
    "1.0rc1 1.0 1.0+abc.5 1.0+abc.7 1.0+5 1.0.post456.dev34 1.0.post456 1.0.15 1.1.dev1",
    "1.0 1.0+a 1.0+a.a 1.0+a.1 1.0+b 1.0+0 1.0+0.a 1.0+1 1.0+1.0 1.0+10 1.0.post0.dev0 1.0.post0 1.0.0.1.dev1",
    "1.0a.dev1 1.0a0 1.0a0.post0.dev3 1.0a0.post0 1.0a1",
    "9999 1!0.dev0 1!0 2!0a1 10!0",
]

SAME = [
    ("1.0", "1 1.0.0 v1.0 0!1.0 01.00"),
    ("1.0a0", "1.0a 1.0-ALPHA 1.0.alpha_00"),
    ("1.0rc1", "1.0c1 1.0pre1 1.0-rc_1 1.0preview1 1-PREVIEW.01"),
    ("1.0b2", "1.0-beta.2 1.0.0B2"),
    ("1.0.post4", "1.0-4 1.0r4 1.0-rev4 1.0_POST_4 1.post4"),
    ("1.0.post0", "1.0post 1.0-r 1.0-0"),
    ("1.0.dev0", "1.0-dev 1.0dev0 1.0_DEV"),
    ("1.0+ubuntu.1", "1.0+UBUNTU-1 1.0+ubuntu_01 1.0.0+Ubuntu.1"),
]


@pytest.mark.parametrize("versions", ASCENDING)
def test_versions_stand_in_the_order_of_the_standard(versions: str) -> None:
    hold_ascending(SCHEME, versions)


@pytest.mark.parametrize(("version", "spellings"), SAME)
def test_spellings_of_one_version_are_the_same(version: str, spellings: str) -> None:
    for spelling in (*spellings.split(), f" {version}\n"):
        hold_same(SCHEME, version, spelling)


REFUSED = "0.1-bulbasaur 2.6.0-NA 2013-01-21T20:33:09+0100 1.0+ 1.0+a..b 1.0+a+b 1! !1 1.0. 1..0 1.0a1b1 vv1 7.2.0-12.1"


@pytest.mark.parametrize("version", [*REFUSED.split(), "1.0 a1"])
def test_legacy_versions_are_none(version: str) -> None:
    with pytest.raises(InvalidVersion):
        SCHEME.key(version)
    with pytest.raises(InvalidVersion):
        SCHEME.compare("1", version)


def test_a_version_without_local_part_ends_after_all_its_locals() -> None:
    end = SCHEME.end_of("2.10.0")
    assert all(
        SCHEME.key(version) < end for version in ("2.10.0", "2.10", "2.10.0+0", "2.10.0+cu128", "2.10.0+999999999999999", "2.10.0+zz.zz")
    )
    assert all(SCHEME.key(version) > end for version in ("2.10.0.post0.dev0", "2.10.0.post1", "2.10.0.1.dev0", "2.10.1a1"))
    assert SCHEME.end_of_upstream("2.10.0") == end


def test_a_version_with_a_local_part_is_a_point() -> None:
    end = SCHEME.end_of("2.6.0+cu124")
    assert SCHEME.key("2.6.0+cu124") < end < SCHEME.key("2.6.0+cu124.1")
    assert end < SCHEME.key("2.6.0+cu125")


def test_pre_releases_and_post_releases_have_locals_too() -> None:
    assert SCHEME.key("1.0a1+x") < SCHEME.end_of("1.0a1") < SCHEME.key("1.0a1.post0.dev0")
    assert SCHEME.key("1.0.dev1+x") < SCHEME.end_of("1.0.dev1") < SCHEME.key("1.0.dev2")
    assert SCHEME.key("1.0.post1+x") < SCHEME.end_of("1.0.post1") < SCHEME.key("1.0.post2.dev0")
