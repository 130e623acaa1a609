"""Site folders of Python interpreters and virtual environments: which of them see one another, and what their paths tell."""

import re
from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

_SITE = re.compile(
    r"(?:(?P<prefix>.*)/)?lib\d*/(?P<implementation>python|pypy)(?P<version>\d+(?:\.\d+)?)[^/]*/(?P<kind>site-packages|dist-packages)"
)
_USER_PREFIX = ".local"
"""`~/.local`, the user site of every interpreter (PEP 370)."""

SITES_LIMIT = 500
"""Site folders that are compared with one another; real images have under a hundred. With more of them each sees itself alone."""


class Site(Struct, frozen=True):
    """A site folder as its path shows it."""

    path: str
    prefix: str
    """`usr`, `usr/local`, `opt/venv`."""
    implementation: str
    """`python` or `pypy`."""
    version: str
    """`3.11`, or `3` of a folder that all minor versions share."""
    kind: str
    """`site-packages`; `dist-packages` belong to Debian's interpreters alone."""

    @property
    def of_user(self) -> bool:
        """Whether it is a user's own."""
        return self.prefix.rpartition("/")[2] == _USER_PREFIX

    def fits(self, other: "Site") -> bool:
        """Whether one interpreter can use both."""
        short, long = sorted((self.version, other.version), key=len)
        return self.implementation == other.implementation and (short == long or long.startswith(f"{short}."))


def parse_site(path: str) -> Site | None:
    """The site folder; None for folders that no interpreter looks into by itself (`pip install --target`)."""
    match = _SITE.fullmatch(path)
    return Site(path, match["prefix"] or "", match["implementation"], match["version"], match["kind"]) if match else None


class Sites:
    """All site folders of a view."""

    def __init__(self, paths: Iterable[str], environments: Mapping[str, bool], root_of: Callable[[str], str]) -> None:
        """`environments` are the prefixes of virtual environments, and whether each sees its interpreter's packages too."""
        sites = [site for path in paths if (site := parse_site(path))]
        self._sites = sites if len(sites) <= SITES_LIMIT else []
        self._environments = environments
        self._root_of = root_of

    def search_path(self, path: str) -> tuple[str, ...]:
        """The site folders in which a module of the one at `path` finds others, in Python's order: itself alone for an unknown folder."""
        site = parse_site(path)
        if site is None or not self._sites:
            return (path,)
        seen = [other for other in self._sites if other.path == path or self._sees(site, other)]
        return tuple(other.path for other in sorted(seen, key=self._rank))

    def _sees(self, site: Site, other: Site) -> bool:
        if not site.fits(other) or self._root_of(site.path) != self._root_of(other.path):
            return False
        if site.prefix == other.prefix:
            return site.kind == other.kind
        if other.prefix in self._environments or not self._environments.get(site.prefix, True):
            return False
        if site.prefix in self._environments:
            return True
        return site.of_user or other.of_user or site.kind == other.kind == "dist-packages"

    def _rank(self, site: Site) -> tuple[int, str]:
        """A virtual environment comes first, then the user's folder, the local one, the distribution's."""
        if site.prefix in self._environments:
            return (0, site.path)
        if site.of_user:
            return (1, site.path)
        return (2 if site.prefix.rpartition("/")[2] == "local" else 3, site.path)
