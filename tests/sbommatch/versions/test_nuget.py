"""NuGet's versions, against what NuGet.Versioning says of them."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sbommatch.versions.nuget import LARGEST_NUMBER, NugetScheme
from sbommatch.versions.scheme import InvalidVersion

from .natives import hold_answers, pairs
from .truths import hold_ascending, hold_same

SCHEME = NugetScheme()

ASCENDING = [
    "0-a 0 0.0.0.1-a 0.0.0.1 0.0.1 0.9.9.1 1.0.0-a 1.0.0 1.0.0.1-alpha 1.0.0.1-pre 1.0.0.1 1.0.1 1.1 1.10 2 10 2147483647",
    # SemVer's section 11, with texts in any case.
    "1.0.0-alpha 1.0.0-ALPHA.1 1.0.0-alpha.beta 1.0.0-Beta 1.0.0-beta.2 1.0.0-BETA.11 1.0.0-rc.1 1.0.0",
    # Numbers below zero, numbers, and what does not fit 32 bits: a text.
    "1-a 1-a.-2147483648 1-a.-10 1-a.-2 1-a.-1 1-a.0 1-a.1 1-a.10 1-a.2147483647 1-a.-- 1-a.-2147483649 1-a.-a",
    "1-a.--1 1-a.-2147483649 1-a.-a 1-a.0a 1-a.10000000000 1-a.2147483648 1-a.3000000000 1-a.9999999999 1-a.A 1",
    "3.0.0-preview3.20230101.1 3.0.0-preview7-19362-4 3.0.0-preview8-28405-07 3.0.0-rc1-19456-10 3.0.0",
]  # fmt: skip


@pytest.mark.parametrize("versions", ASCENDING)
def test_versions_stand_in_the_order_of_nuget(versions: str) -> None:
    hold_ascending(SCHEME, versions)


SAME = [
    ("1", "1.0 1.0.0 1.0.0.0 01.00 1+build 1.0.0+a.1-B 1.0+01"),
    ("1.0-beta.1", "1-BETA.1 1.0.0.0-Beta.1+x 01.0-beta.1"),
    ("1-a.0", "1-a.-0 1-a.-00"),
    ("1-a.-1", "1-A.-01"),
]


@pytest.mark.parametrize(("version", "spellings"), SAME)
def test_spellings_of_one_version_are_the_same(version: str, spellings: str) -> None:
    for spelling in (*spellings.split(), f" {version}\n"):
        hold_same(SCHEME, version, spelling)


@pytest.mark.parametrize(
    ("version", "reason"),
    [
        ("v1.0", "character 1, 'v'"),
        ("1.2.3.4.5", "character 8, '.'"),
        ("1.", "character 2, '.'"),
        ("1..2", "character 2, '.'"),
        ("1. 2", "character 2, '.'"),
        ("1.0-", "character 4, '-'"),
        ("1.0-01", "character 4, '-'"),
        ("1.0-a.00", "character 6, '.'"),
        ("1.0-a..b", "character 6, '.'"),
        ("1.0-a_b", "character 6, '_'"),
        ("1.0+", "character 4, '+'"),
        ("1.0+a+b", "character 6, '+'"),
        ("-1.0", "character 1, '-'"),
        ("[1.0,2.0)", "character 1, '['"),
        ("1.*", "character 2, '.'"),
        (f"1.{LARGEST_NUMBER + 1}", "a number of 10 digits is above 2147483647"),
        ("9" * 5000, "a number of 5000 digits is above 2147483647"),
    ],
)
def test_what_nuget_does_not_accept_is_no_version(version: str, reason: str) -> None:
    for refuse in (SCHEME.key, SCHEME.end_of, SCHEME.end_of_upstream, lambda text: SCHEME.compare("1", text)):
        with pytest.raises(InvalidVersion) as refused:
            refuse(version)
        assert reason in str(refused.value)


def test_leading_zeros_do_not_make_a_component_too_large() -> None:
    hold_same(SCHEME, f"1.{LARGEST_NUMBER}", f"1.{'0' * 5000}{LARGEST_NUMBER}")
    hold_same(SCHEME, "1-a.-7", f"1-a.-{'0' * 5000}7")


def test_a_version_takes_in_its_build_metadata_and_no_more() -> None:
    assert SCHEME.key("1.0.0+zzz") < SCHEME.end_of("1.0.0") < SCHEME.key("1.0.0.1-0")
    assert SCHEME.end_of_upstream("1.0.0") == SCHEME.end_of("1.0.0") == SCHEME.key("1.0.0") + b"\x00"


NATIVE = """
using System;
using NuGet.Versioning;

class Native {
    static void Main() {
        for (string line = Console.ReadLine(); line != null; line = Console.ReadLine()) {
            string[] pair = line.Split('\\t');
            NuGetVersion left, right;
            bool both = NuGetVersion.TryParse(pair[0], out left) & NuGetVersion.TryParse(pair[1], out right);
            Console.WriteLine(both ? Math.Sign(VersionComparer.VersionRelease.Compare(left, right)).ToString() : "none");
        }
    }
}
"""


@pytest.mark.long
@pytest.mark.peer
def test_nuget_orders_versions_alike(tmp_path: Path) -> None:
    library = os.environ.get("SBOMPAIR_NUGET")
    mono, compiler = shutil.which("mono"), shutil.which("mcs")
    if not library or mono is None or compiler is None:
        pytest.skip("mono is absent, or NuGet: set SBOMPAIR_NUGET to NuGet.exe of 5.8 or to NuGet.Versioning.dll")
    copy, source, program = tmp_path / Path(library).name, tmp_path / "native.cs", tmp_path / "native.exe"
    shutil.copy(library, copy)
    source.write_text(NATIVE, "utf-8")
    subprocess.run([compiler, f"-r:{copy}", f"-out:{program}", source], check=True, capture_output=True)
    tokens = "0 1 2 9 10 01 255 2147483647 2147483648 a b A rc BETA .0 .1 .1 . . - - + -1 -0 --1 -2147483648 -2147483649 _ 0a x-y"
    hold_answers(SCHEME, [mono, str(program)], pairs("0 1 1.0 1.0.0 2.1 1-a 1.0-a.1 1.0.0.1-", tokens))
