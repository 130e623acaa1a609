"""Debian's versions, against what dpkg says of them."""

import pytest

from sbommatch.versions.deb import EPOCH_LIMIT, DebScheme
from sbommatch.versions.scheme import InvalidVersion

from .truths import hold_ascending, hold_same

SCHEME = DebScheme()

ASCENDING = [
    # deb-version(7): a tilde before the end, the end before letters, letters before all else.
    "1.0~~ 1.0~~a 1.0~ 1.0 1.0-0.1 1.0-1 1.0A 1.0a 1.0b 1.0+ 1.0-1-1 1.0. 1.0.0-1 1.0.1",
    "1.0~rc1-1 1.0-1~bpo10+1 1.0-1 1.0-1+b1 1.0-1+deb11u1 1.0-1.1 1.0-2 1.0-10 1.0-1-1 1.0.0-1",
    f"9 10 010.1 1:0 1:1-1 1:1:1 2:0 10:0 {EPOCH_LIMIT}:0",
    "2:7.4.052-1ubuntu3 2:7.4.052-1ubuntu3.1 2:8.0.0000-1ubuntu1",
]


@pytest.mark.parametrize("versions", ASCENDING)
def test_versions_stand_in_the_order_of_dpkg(versions: str) -> None:
    hold_ascending(SCHEME, versions)


@pytest.mark.parametrize("spelling", ["1.0-0", "0:1.0", "00:1.0-00", "1.00", "01.0", " 1.0\t"])
def test_spellings_of_one_version_are_the_same(spelling: str) -> None:
    hold_same(SCHEME, "1.0", spelling)


def test_an_empty_run_of_digits_is_zero() -> None:
    hold_same(SCHEME, "1.0a", "1.0a0")
    hold_same(SCHEME, "1.0-a", "1.0-a00")


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("a-0", "character 1, 'a'"),
        ("v1.0", "character 1, 'v'"),
        ("1:", "character 2, ':'"),
        (":1.0", "character 1, ':'"),
        ("a:1.0", "character 1, 'a'"),
        ("1:a", "character 2, ':'"),
        ("1.0:1", "character 4, ':'"),
        ("+1:1.0", "character 1, '+'"),
        ("-1:1.0", "character 1, '-'"),
        ("1.0-", "it ends too early"),
        ("1:1.0-", "it ends too early"),
        ("1.0 1", "character 5, '1'"),
        ("1.0\n", "character 4, '\\n'"),
        (f"{EPOCH_LIMIT + 1}:1.0", "its epoch is above 2147483647"),
        ("9" * 5000 + ":1.0", "its epoch is above 2147483647"),
    ],
)
def test_what_dpkg_does_not_accept_is_no_version(version: str, reason: str) -> None:
    for refuse in (SCHEME.key, lambda text: SCHEME.compare("1", text)):
        with pytest.raises(InvalidVersion) as refused:
            refuse(version)
        assert reason in str(refused.value)


def test_what_dpkg_only_warns_of_is_ordered_as_it_does() -> None:
    keys = [SCHEME.key(version) for version in ("6.0-4.el6.x86", "6.0-4.el6.x86_64", "6.1-3.el6.x86_64")]
    assert keys == sorted(keys)
    assert SCHEME.compare("1_0", "1.0") == SCHEME.compare("1a_", "1a+") == 1


def test_the_end_of_the_upstream_version_is_past_all_its_debian_revisions() -> None:
    end = SCHEME.end_of_upstream("1:2.3.4-5")
    assert end == SCHEME.end_of_upstream("1:2.3.4")
    assert all(SCHEME.key(f"1:2.3.4{revision}") < end for revision in ("", "-~", "-0", "-5", "-99999999999999999999", "-zz", "-+.~_"))
    assert all(SCHEME.key(version) > end for version in ("1:2.3.4a", "1:2.3.4+b1-1", "1:2.3.4-1-1", "1:2.3.4.0", "1:2.3.5~", "2:0"))
    assert SCHEME.key("2.3.4") < SCHEME.key("1:2.3.4~rc1-1") < end
