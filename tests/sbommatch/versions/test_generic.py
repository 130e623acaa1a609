"""The convention for software without an ecosystem."""

import pytest

from sbommatch.versions.generic import GenericScheme
from sbommatch.versions.scheme import InvalidVersion

from .truths import hold_ascending, hold_same

SCHEME = GenericScheme()


@pytest.mark.parametrize(
    "versions",
    [
        # Pre-releases, other words behind a hyphen, the end, patches, other words, numbers.
        "1.0-SNAPSHOT 1.0-alpha 1.0a1 1.0-alpha2 1.0-beta 1.0b1 1.0-m3 1.0-pre 1.0-rc1 1.0rc2 1.0-foo 1.0-foo.1 1.0 1.0p1",
        "1.0 1.0p1 1.0.patch2 1.0a 1.0k 1.0.0.1",
        "0.9.8zh 1.0.0 1.0.2-beta1 1.0.2 1.0.2a 1.0.2k 1.0.2l 1.0.2za 1.1.1 1.1.1l 3.0.0-alpha1 3.0.0",
        "2.3.3 2.3.3p222 2.3.4 9.3 9.3p1 9.3p2 9.4",
        "8 8u292 8u302 9 11.0.1 11.0.1-8 11.0.2",
        "1.11.1 1.11.1_3 1.11.1_10 1.11.2 2023-10-09 2023-10-10 2024",
        "14.3-RC2 14.3-RELEASE 14.3-RELEASE-p1 14.3-RELEASE-p2 14.4",
        "5.10-rc3 5.10 5.10.1 5.10.99999999999999999999 6.1-rc1 6.1",
    ],
)
def test_versions_stand_in_the_order_of_the_convention(versions: str) -> None:
    hold_ascending(SCHEME, versions)


SAME = [
    ("1.2.3", "v1.2.3 V1.2.3 1-2-3 1_2_3 1.2.3.0 01.2.3 1.2.3+build.5 1.2.3-final 1.2.3.GA 1.2.3.RELEASE"),
    ("1.0-rc1", "1rc1 1.0.RC1 1.0_rc.1 1.0-CR-1 1.0c1 v1.0~rc1+x"),
    ("1.0-beta2", "1.0b2 1.0.0-BETA-2"),
    ("1.0p1", "1.0-p1 1.0.patch.1 1.0-PL1 1r1 1-sp1 1u1"),
]


@pytest.mark.parametrize(("version", "spellings"), SAME)
def test_spellings_of_one_version_are_the_same(version: str, spellings: str) -> None:
    for spelling in (*spellings.split(), f" {version}\n"):
        hold_same(SCHEME, version, spelling)


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("1.0-", "character 4, '-'"),
        ("1..0", "character 2, '.'"),
        ("1.0~1", "character 4, '~'"),
        ("1.0+", "character 4, '+'"),
        ("1.x.*", "character 4, '.'"),
        (">=1.0", "character 1, '>'"),
        ("1.0 2.0", "character 5, '2'"),
        ("4a5b6c7", "it is a commit"),
        ("2235d5d7f7fe46ce1e0d54b7831c5681633b25cc", "it is a commit"),
    ],
)
def test_what_has_no_place_in_the_convention_is_no_version(version: str, reason: str) -> None:
    for refuse in (SCHEME.key, SCHEME.end_of, SCHEME.end_of_upstream, lambda text: SCHEME.compare("1", text)):
        with pytest.raises(InvalidVersion) as refused:
            refuse(version)
        assert reason in str(refused.value)


@pytest.mark.parametrize("version", ["20230101a", "1a2", "8u292", "1.4a5b6c7"])
def test_what_only_looks_like_a_commit_is_a_version(version: str) -> None:
    assert SCHEME.key(version)


def test_it_says_that_it_is_a_convention() -> None:
    assert "convention" in SCHEME.title


def test_a_version_takes_in_itself_and_no_more() -> None:
    assert SCHEME.end_of_upstream("1.0") == SCHEME.end_of("1.0") == SCHEME.key("1.0") + b"\x00" < SCHEME.key("1.0p1")
