"""What the catalogers of distributions' package databases share: whose distribution a database is, what its paths and dependencies mean."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sbomgen.evidence import ImageView
from sbomgen.model import Distro, Edge, EdgeKind, Problem, ProblemCode

EDGES_LIMIT = 500_000
"""Edges of one database: the largest real installations have some 30,000, a made-up one could have the square of its packages."""


def distro_of_database(view: ImageView, root: str, path: str) -> Distro | None:
    """The distribution whose packages the database at `path` lists: that of its own root.

    An os-release of a folder further up is another distribution's: the packages of a bare chroot are not the image's.
    """
    return view.distro_of(path) if view.root_of(path) == root else None


def no_distribution(root: str, path: str) -> Problem:
    """The note that the packages of a database belong to nobody knows whom."""
    where = f"/{root}" if root else "the image"
    return Problem(ProblemCode.NO_DISTRIBUTION, path, f"{where} has no os-release: these packages have no distribution", loss=False)


def depends_on(slot: str, providers: Iterable[str]) -> Iterator[Edge]:
    """An edge to each provider, but for the package itself."""
    return (Edge(EdgeKind.DEPENDS_ON, slot, provider) for provider in providers if provider != slot)


def bounded(edges: Iterator[Edge], path: str) -> Iterator[Edge | Problem]:
    """The first `EDGES_LIMIT` edges of the database at `path`, and a note where there are more."""
    yield from islice(edges, EDGES_LIMIT)
    if next(edges, None) is not None:
        yield Problem(ProblemCode.LIMIT_REACHED, path, f"more than {EDGES_LIMIT:,} dependencies: the others are left out", loss=False)


class FilesBelow(Sequence[str]):
    r"""The paths in the image of the files that a database of `root` states, one a line: texts of their own only when somebody looks.

    >>> list(FilesBelow("srv/chroot", b"bin/sh\nbin/ls"))
    ['srv/chroot/bin/sh', 'srv/chroot/bin/ls']
    """

    __slots__ = ("_paths", "_prefix")

    def __init__(self, root: str, paths: bytes) -> None:
        self._prefix = f"{root}/" if root else ""
        self._paths = paths

    def __iter__(self) -> Iterator[str]:
        paths = self._paths.decode("utf-8", "surrogateescape").split("\n") if self._paths else []
        return iter([self._prefix + path for path in paths] if self._prefix else paths)

    def __len__(self) -> int:
        return self._paths.count(b"\n") + 1 if self._paths else 0

    def __getitem__(self, index: Any) -> Any:
        return tuple(self)[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and tuple(self) == tuple(other)

    def __hash__(self) -> int:
        return hash(tuple(self))
