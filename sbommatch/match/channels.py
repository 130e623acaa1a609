"""Channels: streams of updates that only some systems of a release get, and which of them a package belongs to.

What a row of a channel says counts so:

- For a package of that channel it counts before the base's rows: above its fix the package is fixed, though the base knows no fix.
- For any other package it is no fix. Where the channel goes on with a release whose support has ended or will (ESM, ELTS, EUS, LTSS) it
  says that the flaw is there, if the base says nothing of it at all: nobody else would. The fix is named with its channel.
- Any other channel is of builds of its own (FIPS, ksplice, real-time, products beside the distribution) and says nothing of packages that
  are not of it.

A package belongs to the channels that its distribution is stated with (`rhel:9.4+eus`), and to those whose mark its version bears: only
they have such builds.
"""

import re

UBUNTU_ESM = ("esm", "esm-apps", "esm-infra", "pro")
"""Names for one and the same: a subscription has all of them."""

UBUNTU_FIPS = ("fips", "fips-preview", "fips-updates", "pro:fips", "pro:fips-preview", "pro:fips-updates")

RED_HAT = ("aus", "e4s", "els", "eus", "tus")
"""Each has a stream for a minor release: `eus:9.4`."""

CONTINUATIONS = frozenset({*UBUNTU_ESM, *RED_HAT, "bcl", "elts", "espos", "lts", "ltss", "teradata"})
"""They go on with the base's own builds."""

MARKS: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "ol": (("ksplice", ("ksplice",)), ("_fips", ("fips",))),
    "ubuntu": (("esm", UBUNTU_ESM), ("fips", UBUNTU_FIPS)),
}
"""By distribution: what stands in the versions of a channel's builds, and the channel's names."""

MINOR_STREAM = re.compile(r"\.el([0-9]+)_([0-9]+)(?![0-9])")
"""Red Hat's mark of a minor release: `3.9.18-3.el9_4.5` was built for 9.4, whatever stream of 9.4 it came by."""


def channels_of_distro(namespace: str, version: str) -> tuple[str, ...]:
    """The channels that a stated version names after a `+`, sorted: as named, and of that release, as feeds write them.

    >>> channels_of_distro("rhel:9", "9.4+eus")
    ('eus', 'eus:9', 'eus:9.4')
    >>> channels_of_distro("ubuntu:18.04", "18.04+esm")
    ('esm', 'esm-apps', 'esm-infra', 'pro')
    """
    stated, *named = version.lower().split("+")
    if not named:
        return ()
    distro, _, release = namespace.partition(":")
    if distro == "ubuntu":
        return tuple(sorted({channel for name in named for channel in (UBUNTU_ESM if name in UBUNTU_ESM else (name,))}))
    return tuple(sorted({channel for name in named for channel in (name, f"{name}:{release}", f"{name}:{stated}")}))


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


def goes_on_with_the_base(channel: str) -> bool:
    """Whether a channel's packages are the base's own with more fixes, so that its flaws are the base's.

    >>> goes_on_with_the_base("eus:9.4"), goes_on_with_the_base("pro:fips"), goes_on_with_the_base("openshift:4.12")
    (True, False, False)
    """
    name, _, rest = channel.partition(":")
    return name in CONTINUATIONS and (not rest or rest[0].isdigit())
