"""Channels of updates."""

import pytest

from sbommatch.match.channels import UBUNTU_ESM, channels_of_distro, channels_of_version, goes_on_with_the_base


@pytest.mark.parametrize(
    ("namespace", "version", "channels"),
    [
        ("rhel:9", "9.4", ()),
        ("rhel:9", "9.4+eus", ("eus", "eus:9", "eus:9.4")),
        ("rhel:7", "7+els", ("els", "els:7")),
        ("rhel:8", "8+openshift:4.12", ("openshift:4.12", "openshift:4.12:8")),
        ("sles:15.1", "15-sp1+ltss", ("ltss", "ltss:15-sp1", "ltss:15.1")),
        ("debian:8", "8+elts", ("elts", "elts:8")),
        ("ubuntu:18.04", "18.04+pro", UBUNTU_ESM),
        ("ubuntu:18.04", "18.04+esm-apps+fips", (*UBUNTU_ESM[:3], "fips", "pro")),
    ],
)
def test_a_distribution_is_stated_with_its_channels(namespace: str, version: str, channels: tuple[str, ...]) -> None:
    assert channels_of_distro(namespace, version) == channels


@pytest.mark.parametrize(
    ("namespace", "version", "channel"),
    [
        ("ubuntu:16.04", "1.0-1ubuntu0.1~esm1", "pro"),
        ("ubuntu:20.04", "1.1.1f-1ubuntu2.fips.2.8", "pro:fips"),
        ("rhel:9", "3.9.18-3.el9_4.5", "eus:9.4"),
        ("ol:7", "2:2.17-326.0.1.ksplice1.el7_9", "ksplice"),
        ("ol:8", "10:1.1.1k-7.el8_6_fips", "fips"),
    ],
)
def test_a_version_bears_the_mark_of_its_channel(namespace: str, version: str, channel: str) -> None:
    assert channel in channels_of_version(namespace, version)


@pytest.mark.parametrize(
    ("namespace", "version"),
    [("ubuntu:16.04", "1.0-1ubuntu0.1"), ("rhel:9", "3.9.18-3.el9"), ("almalinux:9", "3.9.18-3.el9_4.5"), ("debian:8", "1.0+esm1")],
)
def test_other_versions_bear_none(namespace: str, version: str) -> None:
    assert channels_of_version(namespace, version) == ()


@pytest.mark.parametrize(
    ("channel", "goes_on"),
    [
        ("pro", True),
        ("eus:9.4", True),
        ("ltss:15.1", True),
        ("elts", True),
        ("pro:fips", False),
        ("ksplice", False),
        ("openshift:4.12", False),
    ],
)
def test_some_channels_go_on_with_the_base_and_others_have_builds_of_their_own(channel: str, goes_on: bool) -> None:
    assert goes_on_with_the_base(channel) is goes_on
