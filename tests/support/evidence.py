"""Stand-ins for the core's side of the cataloger contract: a file over bytes, and a view over such files without any layers."""

import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping
from io import BytesIO
from itertools import dropwhile
from typing import BinaryIO

import msgspec

from sbomgen.catalogers import CATALOGERS
from sbomgen.evidence import HEAD_BYTES, Cataloger, EvidenceTooLargeError, VisibleFact, Wants
from sbomgen.model import Distro, Edge, Package, Problem

_OS_RELEASE = ("etc/os-release", "usr/lib/os-release")
_MAX_LINKS = 40


class MemoryFile:
    """An `EvidenceFile` whose body is at hand."""

    def __init__(self, path: str, body: bytes, mode: int = 0o644) -> None:
        self.path = path
        self.size_bytes = len(body)
        self.mode = mode
        self.head = body[:HEAD_BYTES]
        self._body = body

    def open(self, limit_bytes: int) -> BinaryIO:
        if self.size_bytes > limit_bytes:
            raise EvidenceTooLargeError(f"{self.path}: {self.size_bytes} bytes")
        return BytesIO(self._body)


class MemoryView:
    """An `ImageView` of files in memory, read by every cataloger that wants them.

    `links` are symbolic links by path, `layers` the layer that wrote a file where it is not 0. Facts go through msgpack on the way, as they
    do in a stored layer scan. What the catalogers could not read is in `problems`.
    """

    def __init__(self, files: Mapping[str, bytes], links: Mapping[str, str] | None = None, layers: Mapping[str, int] | None = None) -> None:
        self._files = dict(files)
        self._links = dict(links or {})
        self._folders = {folder for path in (*self._files, *self._links) for folder in _ancestors(path)}
        self._facts: dict[str, list[VisibleFact]] = {}
        self.problems: list[Problem] = []
        for cataloger in CATALOGERS:
            facts, problems = read_all(cataloger, (MemoryFile(path, self._files[path]) for path in sorted(self._files)))
            self._facts[cataloger.name] = [VisibleFact(path, (layers or {}).get(path, 0), stored(cataloger, fact)) for path, fact in facts]
            self.problems.extend(problems)

    def facts(self, cataloger: str) -> Iterable[VisibleFact]:
        return tuple(self._facts[cataloger])

    def exists(self, path: str) -> bool:
        return self.resolve(path) is not None

    def resolve(self, path: str) -> str | None:
        """Walks the path part by part; absolute targets start at the root, `..` stops there."""
        done, todo, followed = "", [part for part in path.split("/") if part], 0
        while todo:
            part = todo.pop(0)
            here = posixpath.normpath(f"/{done}/{part}").strip("/")
            target = self._links.get(here)
            if target is None:
                done = here
                continue
            followed += 1
            if followed > _MAX_LINKS:
                return None
            done = "" if target.startswith("/") else done
            todo = [piece for piece in target.split("/") if piece] + todo
        return done if done in self._files or done in self._folders else None

    def distro_of(self, path: str) -> Distro | None:
        found = self._os_release(path)
        return found[1] if found else None

    def root_of(self, path: str) -> str:
        found = self._os_release(path)
        return found[0] if found else ""

    def _os_release(self, path: str) -> tuple[str, Distro] | None:
        stated = {visible.path: visible.fact for visible in self._facts["os-release"]}
        for folder in _ancestors(path):
            for name in _OS_RELEASE:
                location = self.resolve(f"{folder}/{name}".lstrip("/"))
                if location in stated:
                    return folder, stated[location]
        return None


def wanted(wants: Wants, file: MemoryFile) -> bool:
    """Whether a cataloger asks for the file, by the rules of `Wants`."""
    folder, _, name = file.path.rpartition("/")
    return (
        name in wants.basenames
        or name.endswith(tuple(wants.suffixes))
        or any(re.fullmatch(pattern, folder) for pattern in wants.folders)
        or any(file.head.startswith(magic) for magic in wants.magic)
    )


def read_all(cataloger: Cataloger, files: Iterable[MemoryFile]) -> tuple[list[tuple[str, object]], list[Problem]]:
    """The facts (each with its file's path) and the problems of all files that the cataloger wants."""
    facts: list[tuple[str, object]] = []
    problems: list[Problem] = []
    for file in files:
        for read in cataloger.read(file) if wanted(cataloger.wants, file) else ():
            if isinstance(read, Problem):
                problems.append(read)
            else:
                facts.append((file.path, read))
    return facts, problems


def stored(cataloger: Cataloger, fact: object) -> object:
    """The fact after a trip through the stored form of a layer scan."""
    return msgspec.convert(msgspec.msgpack.decode(msgspec.msgpack.encode(fact)), cataloger.fact_type)


def assembled(cataloger: Cataloger, view: MemoryView) -> list[Package | Edge | Problem]:
    """All that the cataloger assembles, held against the contract: when the first edge comes, all packages have come."""
    found = list(cataloger.assemble(view))
    edges = list(dropwhile(lambda one: not isinstance(one, Edge), found))
    assert not any(isinstance(one, Package) for one in edges), "packages come before edges"
    return found


def packages_of(cataloger: Cataloger, view: MemoryView) -> list[Package]:
    """The packages that the cataloger assembles."""
    return [found for found in assembled(cataloger, view) if isinstance(found, Package)]


def edges_of(cataloger: Cataloger, view: MemoryView) -> list[tuple[str, str]]:
    """The edges that the cataloger assembles, as sorted pairs of package names."""
    found = assembled(cataloger, view)
    names = {package.slot: package.name for package in found if isinstance(package, Package)}
    return sorted((names[edge.from_slot], names[edge.to_slot]) for edge in found if isinstance(edge, Edge))


def _ancestors(path: str) -> Iterator[str]:
    """The folders above the path, the nearest first, the root (empty) last."""
    while path:
        path = path.rpartition("/")[0]
        yield path
