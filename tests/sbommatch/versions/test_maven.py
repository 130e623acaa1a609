"""Maven's versions, against what `ComparableVersion` of maven-artifact 3.9 says of them."""

import os
import shutil
from itertools import combinations, product
from pathlib import Path

import pytest

from sbommatch.versions.maven import DECLINED_ZEROS, MavenScheme
from sbommatch.versions.scheme import InvalidVersion, KeyDeclined

from .natives import hold_answers, pairs
from .truths import hold_ascending, hold_same

SCHEME = MavenScheme()

ASCENDING = [
    # The words that Maven knows, the release, `sp`, other words, lists, numbers.
    "1-alpha 1-alpha-1 1-alpha.1 1-beta 1-milestone 1-rc 1-snapshot 1 1-sp 1-abc 1-abc-1 1-abc.1 1-x 1-1-snapshot 1-1 1-1-1 1-1.1 1-2 1.1",
    "2.0-alpha-1 2.0-beta-1 2.0-m1 2.0-rc1 2.0-SNAPSHOT 2.0 2.0-20040616 2.0.1-alpha 2.0.1",
    "1-alpha2snapshot 1-alpha2 1-alpha-123 1-beta-2 1-beta123 1-m2 1-m11 1-rc 1-cr2 1-rc123 1-SNAPSHOT 1 1-sp 1-sp2 1-sp123 1-abc 1-pom-1",
    "1.1.alpha.1 1.1.beta.1 1.1-1 1.1.1 1.2",
    "4.1.0.Alpha1 4.1.0.Beta1 4.1.0.CR1 4.1.0.Final 4.1.0.Final-redhat-1 4.1.0.1",
    "31.1 31.1-android 31.1-jre 32 32-android 32-jre",
    "alpha beta 0 0.0-1 0.1 0.9 1",
    "0 sp a r03 r09 v3.9.0 v3.10.0 0-1 1",
    "999999999 1000000000 999999999999999999 1000000000000000000 10000000000000000000000",
]  # fmt: skip


@pytest.mark.parametrize("versions", ASCENDING)
def test_versions_stand_in_the_order_of_maven(versions: str) -> None:
    hold_ascending(SCHEME, versions)


SAME = [
    ("1", "1.0 1.0.0 1-0 1.0-0 01 1ga 1-ga 1.ga 1.0.0.Final 1-RELEASE 1-ga-ga 1. 1- 1.0-final-0 1..0"),
    ("1-rc1", "1rc1 1.rc1 1-cr1 1.0-RC-1 1cr01"),
    ("1-alpha-1", "1a1 1-a1 1.a1 1.0alpha1 1-ALPHA1 1-a001"),
    ("1-b2", "1-beta-2"),
    ("1-m3", "1-milestone-3"),
    ("1-a.1", "1.0-a.1 1a.1"),
    ("0", "0.0 . - ga final .0-"),
]


@pytest.mark.parametrize(("version", "spellings"), SAME)
def test_spellings_of_one_version_are_the_same(version: str, spellings: str) -> None:
    for spelling in spellings.split():
        hold_same(SCHEME, version, spelling)


CYCLES = ["1 1.foo.1 1-alpha", "1 1.0.alpha.1 1-1", "1 1-foo 1--alpha", "0 foo 0-alpha"]


@pytest.mark.parametrize("versions", CYCLES)
def test_maven_has_cycles(versions: str) -> None:
    first, second, third = versions.split()
    orders = [SCHEME.compare(first, second), SCHEME.compare(second, third), SCHEME.compare(third, first)]
    assert orders in ([-1, -1, -1], [1, 1, 1])
    declined = [version for version in (first, second, third) if declines(version)]
    assert len(declined) == 1, "one version less, and there is no cycle"


def declines(version: str) -> bool:
    try:
        SCHEME.key(version)
    except KeyDeclined:
        return True
    return False


IRREGULAR = (
    "1.foo.1 1.foo-1 1.sp.1 2-1.foo-bar 1.0.alpha.1 1.0.rc.1 1-0.beta.1 1--alpha 1-0-beta 1-0.0-rc1 0-SNAPSHOT 0.0-beta1 -alpha "
    "3.5.0.Beta-1 alpha.foo.1 final.beta.1"
)
REGULAR = "1.1.alpha.1 1.1.beta.1 1-foo.beta.1 1.Final-redhat-1 1--1 1-0-foo 0-1 0-foo r09 final.1 v1.0-alpha 1.foo 1.foo1.2"


def test_the_declined_versions_are_those_that_the_module_names() -> None:
    assert [version for version in IRREGULAR.split() if not declines(version)] == []
    assert [version for version in REGULAR.split() if declines(version)] == []


def test_a_zero_of_ten_digits_is_more_than_all_numbers_of_nine() -> None:
    zero = "0" * DECLINED_ZEROS
    assert declines(f"1.{zero}.1")
    assert not declines(f"1.{zero[1:]}.1")
    assert SCHEME.compare(f"1.{zero}.1", "1.999999999.1") == 1
    assert SCHEME.compare(f"1.{zero}.1", "1.1000000000.1") == -1
    assert SCHEME.compare(f"1.{zero}.1", f"1.{'0' * 19}.1") == -1
    assert SCHEME.compare(f"1.{zero}", "1") == 0


def test_keys_have_the_order_of_compare_wherever_there_are_some() -> None:
    """All versions of up to four of these tokens, in all pairs of a part of them: cycles show in small versions."""
    tokens = ["0", "1", "alpha", "foo", "-", "."]
    versions = ["".join(version) for length in range(1, 5) for version in product(tokens, repeat=length)]
    keyed = [(SCHEME.key(version), version) for version in versions if not declines(version)]
    assert len(keyed) > len(versions) // 2
    for (left_key, left), (right_key, right) in combinations(keyed[::11], 2):
        assert SCHEME.compare(left, right) == (left_key > right_key) - (left_key < right_key), (left, right)


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("[1.0,2.0)", "character 1, '['"),
        ("${project.version}", "character 1, '$'"),
        ("1.0 ", "character 4, ' '"),
        (" 1.0", "character 1, ' '"),
        ("1.0\n", "character 4, '\\n'"),
        ("1.0:1", "character 4, ':'"),
        ("1/2", "character 2, '/'"),
        ("1.00, 151021", "character 5, ','"),
        ("*", "character 1, '*'"),
    ],
)
def test_what_no_project_can_have_as_its_version_is_none(version: str, reason: str) -> None:
    for refuse in (SCHEME.key, SCHEME.end_of, SCHEME.end_of_upstream, lambda text: SCHEME.compare("1", text)):
        with pytest.raises(InvalidVersion) as refused:
            refuse(version)
        assert reason in str(refused.value)


def test_a_blank_may_stand_within_a_version() -> None:
    hold_ascending(SCHEME, "2.0.4-build 2.0.5")
    assert SCHEME.key("2.0.4") < SCHEME.key("2.0.4 build 7") < SCHEME.key("2.0.5")


def test_few_real_versions_have_no_key(shared_data: Path) -> None:
    lines = (shared_data / "versions" / "maven.txt").read_text("utf-8").splitlines()
    versions = {version for line in lines if not line.startswith("#") for version in line.split(" ")[::2]}
    assert sum(map(declines, versions)) <= len(versions) * 0.005


NATIVE = """
import java.io.*;
import org.apache.maven.artifact.versioning.ComparableVersion;

class Native {
    public static void main(String[] arguments) throws IOException {
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in));
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            String[] pair = line.split("\\t", -1);
            System.out.println(Integer.signum(new ComparableVersion(pair[0]).compareTo(new ComparableVersion(pair[1]))));
        }
    }
}
"""


@pytest.mark.long
@pytest.mark.peer
def test_maven_orders_versions_alike(tmp_path: Path) -> None:
    archive = Path(os.environ.get("SBOMPAIR_MAVEN_ARTIFACT", "/usr/share/java/maven-artifact-3.x.jar"))
    java = shutil.which("java")
    if java is None or not archive.exists():
        pytest.skip(
            "java or maven-artifact is absent: set SBOMPAIR_MAVEN_ARTIFACT to a jar of 3.9, or install Debian's libmaven3-core-java"
        )
    source = tmp_path / "Native.java"
    source.write_text(NATIVE, "utf-8")
    tokens = (
        "0 1 2 9 10 00 01 000000000 0000000000 0000000000000000000 999999999 1000000000 999999999999999999 1000000000000000000 a b m x "
        "alpha beta milestone rc cr snapshot ga final release sp foo RC FINAL . . . . - - - - _ + jre z~"
    )
    hold_answers(SCHEME, [java, "-cp", str(archive), str(source)], pairs("1 1.0 0 2.1 1- 1. a alpha 1-alpha", tokens))
