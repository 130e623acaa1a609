"""SemVer where build metadata counts: Dart and Julia."""

from pathlib import Path

import pytest

from sbommatch.versions.julia import JuliaScheme
from sbommatch.versions.pub import PubScheme
from sbommatch.versions.scheme import InvalidVersion, Scheme

from .test_vectors import answers, vectors
from .truths import hold_ascending, hold_same

PUB, JULIA = PubScheme(), JuliaScheme()

both = pytest.mark.parametrize("scheme", [PUB, JULIA], ids=lambda scheme: scheme.name)

ASCENDING = [
    # As in the tests of pub_semver.
    "1.0.0-alpha 1.0.0-alpha.1 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0-rc.1+build.1 1.0.0 1.0.0+0.3.7",
    "1.0.0+0.3.7 1.3.7+build 1.3.7+build.2.b8f12d7 1.3.7+build.11.e0f985a 2.0.0 2.1.0 2.2.0 2.11.0 2.11.1",
    "1.0.0-a 1.0.0-a+0 1.0.0-a+0.0 1.0.0-a+1 1.0.0-a+10 1.0.0-a+a 1.0.0-a.0 1.0.0 1.0.0+0 1.0.0+0.0 1.0.0+1 1.0.0+10 1.0.0+a 1.0.1-a",
    "6.9.12+0 6.9.12+1 6.9.12+4 6.9.12+10 6.9.13 6.9.13+0",
]


@both
@pytest.mark.parametrize("versions", ASCENDING)
def test_builds_stand_above_the_version_without_one_and_in_the_order_of_pre_releases(scheme: Scheme, versions: str) -> None:
    hold_ascending(scheme, versions)


@both
@pytest.mark.parametrize(("left", "right"), [("1.0", "v1.0.0"), ("1.0.0+1", "v1+01"), ("1.0.0-a.1+b", "1.0.0-a.01+b")])
def test_spellings_of_one_version_are_the_same(scheme: Scheme, left: str, right: str) -> None:
    hold_same(scheme, left, right)


@both
@pytest.mark.parametrize("version", ["1.0.0+", "1.0.0-", "1.0.0+a+b", "1.0.0+a..b", "1.0.0+a_b", "1.0.0 +a", "+1"])
def test_what_is_no_version_is_refused(scheme: Scheme, version: str) -> None:
    for refuse in (scheme.key, scheme.end_of, scheme.end_of_upstream, lambda text: scheme.compare("1", text)):
        with pytest.raises(InvalidVersion):
            refuse(version)


def test_a_bound_of_dart_is_a_point() -> None:
    assert PUB.end_of("1.0.0") == PUB.end_of_upstream("1.0.0") == PUB.key("1.0.0") + b"\x00" < PUB.key("1.0.0+0")


BUILDS = ("", "+0", "+1", "+99999999999999999999", "+a.b")


def test_a_bound_of_julia_without_build_takes_in_all_builds() -> None:
    end = JULIA.end_of("1.2.3")
    assert end == JULIA.end_of_upstream("1.2.3") == JULIA.end_of_upstream("1.2.3+4")
    assert all(JULIA.key(f"1.2.3{build}") < end for build in BUILDS)
    assert all(JULIA.key(version) > end for version in ("1.2.4-a", "1.2.4", "1.2.3.1"))
    assert all(JULIA.key(f"1.2.3-a{build}") < JULIA.end_of("1.2.3-a") < JULIA.key("1.2.3-a.0") for build in BUILDS)


def test_a_bound_of_julia_with_a_build_is_a_point() -> None:
    assert JULIA.key("1.2.3+1") < JULIA.end_of("1.2.3+1") < JULIA.key("1.2.3+1.0") < JULIA.key("1.2.3+2")


def test_the_hyphen_may_be_missing_in_julia() -> None:
    hold_same(JULIA, "1.0rc1", "1.0.0-rc1")
    hold_same(JULIA, "V1DEV.2+3", "1.0.0-DEV.2+3")
    hold_ascending(JULIA, "0.3.0rc1 0.3.0rc2 0.3.0 0.3.0+1")
    for scheme, version in ((PUB, "1.0.0rc1"), (JULIA, "1.0.0.0rc1"), (JULIA, "1.0.0rc1..2")):
        with pytest.raises(InvalidVersion):
            scheme.key(version)


def test_vectors_of_dart_are_answered_as_they_stand(shared_data: Path) -> None:
    for left, wanted, right in vectors(shared_data, "pub"):
        assert answers(PUB, left, right) == (wanted, wanted), (left, right)
