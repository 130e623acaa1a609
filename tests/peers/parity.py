"""Two documents of one image, compared package by package: what sbommatch asks for, what it says, and what it finds."""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote

Package = tuple[str, str, str]
"""PURL type, name as that type compares it, version with its epoch."""

_PURL = re.compile(r"pkg:([^/]+)/([^?#]*)@([^?#]*)(?:\?([^#]*))?")
OF_SYSTEMS = {"apk", "deb", "rpm"}


@dataclass
class Said:
    """Of one package in one document, all its occurrences together."""

    lookups: set[tuple[str, str, str, str]] = field(default_factory=set)
    """Namespace, kind of name, name, version: with these the findings are the same whatever the feeds say."""
    verdicts: set[tuple[str, str | None]] = field(default_factory=set)
    ids: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Difference:
    """A package of which two documents make sbommatch say two things."""

    package: Package
    here: Said
    there: Said


def package_of(purl: str) -> Package | None:
    """None for a PURL without a version."""
    match = _PURL.match(purl)
    if match is None:
        return None
    kind, name, version = match[1], unquote(match[2]).lower(), unquote(match[3])
    if kind == "pypi":
        name = re.sub(r"[-_.]+", "-", name)
    if kind in OF_SYSTEMS:
        name = name.rpartition("/")[2]
    version = _plain(kind, version)
    epoch = parse_qs(match[4] or "").get("epoch", ["0"])[0]
    return kind, name, version if epoch == "0" or ":" in version else f"{epoch}:{version}"


def _plain(kind: str, version: str) -> str:
    """Go's versions are the same with and without their `v`."""
    return version.removeprefix("v") if kind == "golang" else version


def said_by(target: Any) -> dict[Package, Said]:
    """What a report says of each package with a PURL."""
    said: dict[Package, Said] = {}
    refs: dict[str, Package] = {}
    for component in target["components"]:
        package = package_of(component["purl"] or "")
        if package is None:
            continue
        refs[component["ref"]] = package
        one = said.setdefault(package, Said())
        one.verdicts.add((component["verdict"], component["reason"]))
        one.lookups |= {
            (asked["namespace"], asked["name_kind"], asked["name"], _plain(package[0], asked["version"])) for asked in component["lookups"]
        }
    for finding in target["findings"]:
        if finding["ref"] in refs:
            said[refs[finding["ref"]]].ids.add(finding["id"])
    return said


def differences(here: Any, there: Any) -> tuple[int, int, list[Difference]]:
    """How many packages two reports have in common, how many findings the first has in them, and where they differ."""
    one, two = said_by(here), said_by(there)
    common = sorted(one.keys() & two.keys())
    found = sum(len(one[package].ids) for package in common)
    return len(common), found, [Difference(package, one[package], two[package]) for package in common if one[package] != two[package]]


def unnamed_source(difference: Difference) -> bool:
    """One document does not say which source a package of a system was built from: it is asked for as its own source.

    That is all: without the names of sources both ask alike, and what the other has found more is found by the source's name.
    """
    kind, name, _ = difference.package
    sides = (difference.here, difference.there)
    if kind not in OF_SYSTEMS or not all(side.lookups for side in sides):
        return False
    own = [{asked[2] for asked in side.lookups if asked[1] == "source"} == {name} for side in sides]
    binary = [{asked for asked in side.lookups if asked[1] != "source"} for side in sides]
    unnamed = sides[own.index(True)] if sum(own) else None
    other = [side for side in sides if side is not unnamed]
    return unnamed is not None and binary[0] == binary[1] and unnamed.ids <= other[0].ids


def unnamed_release(difference: Difference) -> bool:
    """One document does not say which release of the distribution it describes: nothing is asked, and that is what is said."""
    sides = (difference.here, difference.there)
    silent = [side for side in sides if side.verdicts == {("not_checked", "no_distro")} and not side.lookups and not side.ids]
    return difference.package[0] in OF_SYSTEMS and len(silent) == 1


def unnamed_epoch(difference: Difference) -> bool:
    """File names of source rpms have no epoch: one producer takes the binary's for the source, the other leaves it to be assumed."""
    sides = (difference.here, difference.there)
    without = [{(*asked[:3], asked[3].rpartition(":")[2]) for asked in side.lookups} for side in sides]
    binary = [{asked for asked in side.lookups if asked[1] != "source"} for side in sides]
    return difference.package[0] == "rpm" and without[0] == without[1] and binary[0] == binary[1]


CAUSES: Mapping[str, Callable[[Difference], bool]] = {
    "unnamed release": unnamed_release,
    "unnamed source": unnamed_source,
    "unnamed epoch": unnamed_epoch,
}


def counted(found: Iterator[Difference] | list[Difference]) -> Counter[str]:
    """Differences by kind of package and cause; `?` is no cause."""
    return Counter(f"{one.package[0]}: {next((cause for cause, holds in CAUSES.items() if holds(one)), '?')}" for one in found)
