"""What notices of rpm distributions say in ways of their own, where a format has no field for it.

- An rpm whose release says that it was built in a module (`.module_el8`) is of the module that the summary names (`nodejs:16 security
  update`), of each where there are several, of `ANY_MODULE` where there is none.
- Several builds of one package in a notice are all fixed, of each version from the lowest one on (`several_builds`): the notice lists the
  same release as it was built for several minor releases or contexts of a module, and what was built later again.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from sbommatch.advisory import ANY_MODULE, Affected, EventKind
from sbommatch.formats._fixes import range_of_fixes

SEVERAL_BUILDS = "several_builds"
"""The rule of rpms that one notice lists in several builds."""

MODULAR = re.compile(r"\.module[_+]")

MODULE = re.compile(r"(?<![\w.+:-])([A-Za-z][\w.+-]*:[\w.+-]+)")
"""`NAME:STREAM` in a summary; behind the colon of a severity (`Important: nodejs:16 …`) there is a blank."""


def rpm_notice(parts: Iterable[Affected], summary: str) -> list[Affected]:
    """The packages of a notice, each with all its builds and once for each module that it may be of; what says more stays as it is."""
    builds: dict[tuple[str, str, str | None, str | None], list[Affected]] = {}
    others = []
    for part in parts:
        if _fix(part) is None:
            others.append(part)
        else:
            builds.setdefault((part.namespace, part.name, part.arch, part.channel), []).append(part)
    return [*others, *(part for same in builds.values() for part in _of_modules(_merged(same), summary))]


def _fix(part: Affected) -> str | None:
    """The build below which all is affected, where that is all that is said."""
    if part.scheme != "rpm" or part.versions or part.module or len(part.ranges) != 1:
        return None
    kinds = [event.kind for event in part.ranges[0].events]
    is_plain = kinds == [EventKind.INTRODUCED, EventKind.FIXED] and part.ranges[0].events[0].version == "0"
    return part.ranges[0].events[1].version if is_plain else None


def _merged(same: Sequence[Affected]) -> Affected:
    fixes = list(dict.fromkeys(filter(None, map(_fix, same))))
    return replace(same[0], ranges=(range_of_fixes("rpm", fixes, SEVERAL_BUILDS),)) if len(fixes) > 1 else same[0]


def _of_modules(part: Affected, summary: str) -> Iterator[Affected]:
    if not MODULAR.search(part.ranges[0].raw):
        yield part
        return
    for module in dict.fromkeys(MODULE.findall(summary)) or (ANY_MODULE,):
        yield replace(part, module=module)
