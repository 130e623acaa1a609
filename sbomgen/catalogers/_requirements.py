"""Requirements of Python distributions (PEP 508): which installed distribution meets each of them."""

import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import TYPE_CHECKING

from msgspec import Struct

from sbomgen.catalogers._sites import Sites, parse_site
from sbomgen.model import Edge, EdgeKind, Problem, ProblemCode

if TYPE_CHECKING:
    from packaging.markers import Marker
    from packaging.requirements import Requirement

WORLDS_LIMIT = 64
"""Environments that a marker is tried in; real ones need under ten. A marker that would need more counts as one that may hold."""

STEPS_LIMIT = 100_000
"""Requirements parsed and markers judged on one view: some 20 s at worst; of a thousand real distributions it is some thousands."""

_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_WORD = re.compile(r"[a-z_]+")
_OPERATORS = frozenset({"and", "or", "in", "not", "extra"})
_LINUX = {"os_name": "posix", "sys_platform": "linux", "platform_system": "Linux"}
_EXTREMES = ("0", "99")
"""Below and above every version that a marker compares with."""


class Requirer(Struct):
    """A distribution in a site folder, with all that it requires."""

    slot: str
    site: str
    name: str
    """Normalised."""
    requires: list[str]
    """As `Requires-Dist` states them."""


def normalised(name: str) -> str:
    """The name that all spellings of it share (PEP 503).

    >>> normalised("Zope.Interface")
    'zope-interface'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def requirements_of_egg(text: str) -> Iterator[str]:
    r"""The lines of a requires.txt as `Requires-Dist` would have them: a section is `[EXTRA]`, `[:MARKER]` or `[EXTRA:MARKER]`.

    >>> list(requirements_of_egg("six\n[tls:python_version < '3']\npyopenssl>=1"))
    ['six', 'pyopenssl>=1 ; (python_version < \'3\') and extra == "tls"']
    """
    condition = ""
    for line in (line.strip() for line in text.split("\n")):
        if line.startswith("[") and line.endswith("]"):
            extra, _, marker = line[1:-1].partition(":")
            conditions = ([f"({marker})"] if marker else []) + ([f'extra == "{extra}"'] if extra else [])
            condition = f" ; {' and '.join(conditions)}" if conditions else ""
        elif line and not line.startswith("#"):
            yield f"{line}{condition}"


def requirement_edges(requirers: Sequence[Requirer], sites: Sites) -> Iterator[Edge | Problem]:
    """Edges to the distributions that meet requirements, where Python would find them, and a note on reaching a limit.

    A requirement under an extra counts where another distribution asks for that extra; which extras a user asked for is written nowhere.
    A requirement under a marker counts where the marker may hold on Linux with the site folder's interpreter (`may_hold`).
    """
    installed = {(requirer.site, requirer.name): requirer for requirer in requirers}
    search_paths = {site: sites.search_path(site) for site in {requirer.site for requirer in requirers}}
    candidates: dict[str, list[tuple[Requirement, Requirer]]] = {}
    queue, seen = deque((requirer, "") for requirer in requirers), {(requirer.slot, "") for requirer in requirers}
    found: set[Edge] = set()
    steps = 0
    while queue and steps < STEPS_LIMIT:
        requirer, extra = queue.popleft()
        if requirer.slot not in candidates:
            met = _candidates(requirer, search_paths[requirer.site], installed)
            candidates[requirer.slot] = list(islice(met, STEPS_LIMIT - steps))
        known = known_environment(requirer.site)
        for requirement, target in candidates[requirer.slot]:
            steps += 1
            if requirement.marker is None or may_hold(requirement.marker, known, extra):
                asked = {(target.slot, normalised(wanted)) for wanted in requirement.extras} - seen
                seen |= asked
                queue.extend((target, wanted) for _, wanted in sorted(asked))
                if target is not requirer:
                    found.add(Edge(EdgeKind.DEPENDS_ON, requirer.slot, target.slot))
    yield from sorted(found)
    if steps >= STEPS_LIMIT:
        message = f"more than {STEPS_LIMIT:,} requirements: the others are left out"
        yield Problem(ProblemCode.LIMIT_REACHED, requirer.site, message, loss=False)


def _candidates(
    requirer: Requirer, search_path: Sequence[str], installed: Mapping[tuple[str, str], Requirer]
) -> Iterator[tuple["Requirement", Requirer]]:
    """The requirements whose name is installed where the requirer looks: the others cannot become edges and are not even parsed."""
    for text in requirer.requires:
        name = _NAME.match(text)
        if not name:
            continue
        key = normalised(name[1])
        target = next((installed[site, key] for site in search_path if (site, key) in installed), None)
        requirement = _parsed(text) if target else None
        if target and requirement:
            yield requirement, target


def _parsed(text: str) -> "Requirement | None":
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def known_environment(site: str) -> dict[str, str]:
    """The marker variables that are certain in a Linux image: the platform's, and what the site folder's path says of the interpreter.

    >>> known_environment("usr/lib/python3.11/site-packages")["python_version"]
    '3.11'
    """
    place = parse_site(site)
    if place is None:
        return _LINUX
    version = {"python_version": place.version} if "." in place.version else {}
    cpython = place.implementation == "python"
    return {
        **_LINUX,
        **version,
        "implementation_name": "cpython" if cpython else "pypy",
        "platform_python_implementation": "CPython" if cpython else "PyPy",
    }


def may_hold(marker: "Marker", known: Mapping[str, str], extra: str) -> bool:
    """Whether the marker holds in some environment that agrees with `known`.

    Each unknown variable is tried with every value that the marker itself names, and with one below and one above all versions; so the
    machine that sbomgen runs on never has a say.
    """
    from packaging.markers import UndefinedComparison, UndefinedEnvironmentName

    text = str(marker)
    values = (*dict.fromkeys(double or single for double, single in _QUOTED.findall(text)), *_EXTREMES)
    unknown = sorted(set(_WORD.findall(_QUOTED.sub("", text))) - _OPERATORS - known.keys())
    if len(values) ** len(unknown) > WORLDS_LIMIT:
        return True
    for chosen in product(values, repeat=len(unknown)):
        try:
            if marker.evaluate({**known, **dict(zip(unknown, chosen, strict=True)), "extra": extra}):
                return True
        except (UndefinedComparison, UndefinedEnvironmentName):
            return True
    return False
