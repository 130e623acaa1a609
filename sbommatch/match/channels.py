"""Channels: streams of updates that only some systems of a release get, and which of them a package belongs to.

What a row of a channel says counts so:

- For a package of that channel it counts before the base's rows: above its fix the package is fixed, though the base knows no fix.
- For any other package it is no fix. That the flaw is there it still says, where the base says nothing of it at all: a release whose
  support went over to the channel (ESM, ELTS, EUS) has no other feed. The fix is named with its channel.
- A channel of other builds (FIPS, ksplice, real-time) says nothing of packages that are not of it.

A package belongs to the channels that its distribution is stated with (`rhel:9.4+eus`), and to those whose mark its version bears: only
they have such builds.
"""

import re

RED_HAT = ("aus", "e4s", "els", "eus", "tus")
"""Each has a stream for a minor release: `eus:9.4`."""

UBUNTU_ESM = ("esm", "esm-apps", "esm-infra", "pro")
"""Names for one and the same: a subscription has all of them."""

UBUNTU_FIPS = ("fips", "fips-preview", "fips-updates", "pro:fips", "pro:fips-preview", "pro:fips-updates")

MARKS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "ol": (("ksplice", ("ksplice",)), ("_fips", ("fips",))),
    "ubuntu": (("esm", UBUNTU_ESM), ("fips", UBUNTU_FIPS)),
}
"""By distribution: what stands in the versions of a channel's builds, and the channel's names."""

MINOR_STREAM = re.compile(r"\.el([0-9]+)_([0-9]+)(?![0-9])")
"""Red Hat's mark of a minor release: `3.9.18-3.el9_4.5` was built for 9.4, whatever stream of 9.4 it came by."""

OTHER_BUILDS = frozenset({
    "fips", "fips-preview", "fips-updates", "ksplice", "livepatch", "nvidia", "nvidia-bluefield", "real-time", "realtime",
})  # fmt: skip


def channels_of_distro(namespace: str, version: str) -> tuple[str, ...]:
    """The channels that a stated version names after a `+`, sorted.

    >>> channels_of_distro("rhel:9", "9.4+eus")
    ('eus:9.4',)
    >>> channels_of_distro("ubuntu:18.04", "18.04+esm")
    ('esm', 'esm-apps', 'esm-infra', 'pro')
    """
    release, *named = version.lower().split("+")
    if not named:
        return ()
    found: set[str] = set()
    for name in named:
        if namespace.startswith("ubuntu:") and name in UBUNTU_ESM:
            found.update(UBUNTU_ESM)
        else:
            found.add(f"{name}:{release}" if name in RED_HAT and "." in release else name)
    return tuple(sorted(found))


def channels_of_version(namespace: str, version: str) -> tuple[str, ...]:
    """The channels whose mark a package's version bears.

    >>> channels_of_version("ubuntu:16.04", "1.0.2g-1ubuntu4.20+esm12")
    ('esm', 'esm-apps', 'esm-infra', 'pro')
    >>> channels_of_version("rhel:9", "3.9.18-3.el9_4.5")
    ('aus:9.4', 'e4s:9.4', 'els:9.4', 'eus:9.4', 'tus:9.4')
    """
    distro = namespace.partition(":")[0]
    if distro == "rhel":
        minor = MINOR_STREAM.search(version)
        return tuple(f"{name}:{minor[1]}.{minor[2]}" for name in RED_HAT) if minor else ()
    return tuple(name for mark, names in MARKS.get(distro, ()) if mark in version for name in names)


def is_other_build(channel: str) -> bool:
    """Whether a channel's packages are other builds than the base's, so that its rows say nothing of those."""
    return not OTHER_BUILDS.isdisjoint(channel.split(":"))
