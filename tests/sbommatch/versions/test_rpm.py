"""RPM's versions, against what `rpm.labelCompare` says of them."""

import shutil
import subprocess

import pytest

from sbommatch.versions.rpm import RpmScheme
from sbommatch.versions.scheme import InvalidVersion

from .natives import hold_answers, pairs
from .truths import hold_ascending, hold_same

SCHEME = RpmScheme()

ASCENDING = [
    # Where two parts part: a tilde, the end, a caret, letters, a number.
    "1.0~~ 1.0~ 1.0~rc1~git123 1.0~rc1 1.0~rc1^git1 1.0~rc2 1.0~1 1.0 1.0^ 1.0^git1~pre 1.0^git1 1.0^git2 1.0^20160101 1.0A 1.0a 1.0aa",
    "1.0aa 1.0b 1.0.0 1.0.1 1.1",
    "a aa1 b xyz.4 2 8 10 10a1 10a2 10b2 10.1 10.1xyz 20101121",
    # A release, even an empty one, stands above none.
    "1 1-~1 1- 1-0 1-0.1 1-1 1-1.a 1-1.el8 1-1.el8_1 1-1.el10 1-1.1 1-2 1-10 1.0",
    "9 9-1 1:0 1:0.1-1 2:0~rc1 2:0 10:0 18446744073709551616:0",
    "2.9.1-6.el7_2.3 2.9.1-6.0.1.el7_2.3 3.10.0-229.el7 3.10.0-229.1.2.el7 0:3.10.0-229.4.2.el7",
    "0:0.0.99.4-5.module+el8.9.0+1445+07728297 0:0.2.6-20.module+el8.9.0+1420+91577025",
]  # fmt: skip


@pytest.mark.parametrize("versions", ASCENDING)
def test_versions_stand_in_the_order_of_rpm(versions: str) -> None:
    hold_ascending(SCHEME, versions)


SAME = [
    ("1.0-1", "0:1.0-1 :1.0-1 00:1.0-1 01.00-01 1_0-1 1..0-1. 1+0-+1 1.0.-.1"),
    ("1a.2", "1a2 1.a.2 1_a{2} 01a02"),
    ("1.1.α", "1.1.β 1.1 1.1.ββ"),
    ("_+", "+ +_ ."),
]


@pytest.mark.parametrize(("version", "spellings"), SAME)
def test_separators_and_leading_zeros_do_not_count(version: str, spellings: str) -> None:
    for spelling in spellings.split():
        hold_same(SCHEME, version, spelling)


def test_a_colon_that_no_number_stands_before_only_separates() -> None:
    hold_ascending(SCHEME, "a:1 a1:1 a:2 a2:1 b~1:1 b:1 1:0")
    hold_same(SCHEME, "a:1", "a1")


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("1:", "it ends too early"),
        ("-1", "character 1, '-'"),
        ("1:-1", "character 3, '-'"),
        ("(none):1.0-1", "character 1, '('"),
        ("1.0 ", "character 4, ' '"),
        ("1.0-1\n", "character 6, '\\n'"),
        (">=1.0", "character 1, '>'"),
        ("1.0-1%{?dist}", "character 8, '?'"),
        ("1.*", "character 3, '*'"),
        ("*", "character 1, '*'"),
    ],
)
def test_what_rpm_lets_into_no_package_is_no_version(version: str, reason: str) -> None:
    for refuse in (SCHEME.key, SCHEME.end_of, SCHEME.end_of_upstream, lambda text: SCHEME.compare("1", text)):
        with pytest.raises(InvalidVersion) as refused:
            refuse(version)
        assert reason in str(refused.value)


RELEASES = ("", "-", "-~", "-0", "-1.el8", "-99999999999999999999", "-zz", "-1^git1")


def test_a_bound_without_release_takes_in_all_releases() -> None:
    """`foo <= 1.2` holds for `foo-1.2-5`, as in rpm's own dependencies."""
    end = SCHEME.end_of("1:2.3.4")
    assert end == SCHEME.end_of_upstream("1:2.3.4") == SCHEME.end_of_upstream("1:2.3.4-5")
    assert all(SCHEME.key(f"1:2.3.4{release}") < end for release in RELEASES)
    assert all(SCHEME.key(version) > end for version in ("1:2.3.4^", "1:2.3.4a", "1:2.3.4.0-1", "1:2.3.5~rc1-1", "2:0"))
    assert SCHEME.key("2.3.4-1") < SCHEME.key("1:2.3.4~rc1-1") < SCHEME.key("1:2.3.4") < end


def test_a_bound_with_a_release_is_a_point() -> None:
    end = SCHEME.end_of("2.3.4-5.el8")
    assert SCHEME.key("2.3.4-5.el8") < end < SCHEME.key("2.3.4-5.el8_1")
    assert end < SCHEME.key("2.3.4-5.el8^") < SCHEME.end_of_upstream("2.3.4-5.el8")


NATIVE = """
import re, rpm, sys
def label(text):
    epoch, rest = re.match("(?:([0-9]*):)?(.*)", text).groups()
    version, dash, release = rest.rpartition("-")
    return (epoch, version, release) if dash else (epoch, release, None)
for line in sys.stdin:
    left, right = line.rstrip("\\n").split("\\t")
    try:
        print(rpm.labelCompare(label(left), label(right)))
    except ValueError:
        print("none")
"""


@pytest.mark.long
@pytest.mark.peer
def test_rpm_orders_versions_alike() -> None:
    python = shutil.which("python3", path="/usr/bin") or "python3"
    if subprocess.run([python, "-c", "import rpm"], capture_output=True, check=False).returncode:
        pytest.skip("rpm's Python module is absent: Debian's python3-rpm, Fedora's python3-rpm")
    tokens = "0 1 2 9 10 00 01 255 65536 99999999999999999999 a b A rc el8 ~ ~ ^ ^ . . _ + - - : 1: fc17 git % α"
    hold_answers(SCHEME, [python, "-c", NATIVE], pairs("1 1.0 0:1 1:1 2 a ~", tokens))
