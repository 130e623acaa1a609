"""The fold: layer upon layer, bottom first, what is visible in the image.

As container runtimes unpack layers (OCI image-spec, layer.md, Applying Changesets; containerd's archive.Apply):

1. Whiteouts and opaque markers hide what the layers below have; never what their own layer brings, wherever they stand in its tar.
2. Then the entries follow one another in the tar's order. A directory on a directory merges; anything else takes the place of what is
   there, with all beneath it.
3. Folders on the way to an entry are made where they are missing; a symbolic link on the way is followed.
4. A hard link gives its target's body another name; the target may stand in this layer, before or after it, or in one below.
"""

from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Any

from sbomgen.evidence import Cataloger, VisibleFact
from sbomgen.image.caches import is_cached
from sbomgen.image.tree import NO_FACTS, Node, Tree, descend
from sbomgen.layerscan import DIRECTORY, FILE, HARDLINK, EntryKind, LayerEntry, LayerScan, Run, entries_of
from sbomgen.model import Distro, Problem, ProblemCode

MAX_PROBLEMS = 100
"""Entries that could not be placed, in all layers together; more are not listed."""

DISTRIBUTION_EVIDENCE = "os-release"
"""The cataloger whose facts are `Distro`s."""

_OS_RELEASE = (
    *("etc/os-release", "usr/lib/os-release"),
    *("etc/lsb-release", "etc/oracle-release", "etc/centos-release", "etc/redhat-release", "etc/system-release"),
    *("etc/SuSE-release", "etc/alpine-release", "etc/debian_version"),
)
"""Where os-release(5) says to look, in its order, and what was there before it, the file that says most first."""

_Facts = dict[str, dict[str, tuple[Any, ...]]]
"""Of the files of one folder: by name and cataloger."""

_NONE: _Facts = {}
_KINDS = {kind.value: kind for kind in EntryKind}


class Overlay:
    """An `ImageView` of the layers applied so far; it changes with the next `apply`.

    `catalogers` are those whose facts the layers have: some of them want a file for its body alone.
    """

    def __init__(self, catalogers: Iterable[Cataloger] = ()) -> None:
        self.problems: list[Problem] = []
        """Entries that could not be placed: notes."""
        self._tree = Tree(self._drop_facts)
        self._with_facts: dict[str, dict[str, Node]] = {}  # by cataloger and path
        self._distros: dict[str, Distro] = {}  # by root
        self._changed: set[str] = set()
        self._nameless = frozenset(one.name for one in catalogers if not (one.wants.basenames or one.wants.suffixes or one.wants.folders))

    def apply(self, index: int, scan: LayerScan) -> frozenset[str]:
        """Fold the next layer; the names of the catalogers some of whose visible facts it added, wrote again or removed.

        Raises `UnreadableError` where more paths would be visible than `sbomgen.image.tree.MAX_PATHS`.
        """
        self._changed = set()
        self._hide(scan)
        self._place(index, scan)
        if DISTRIBUTION_EVIDENCE in self._changed:
            self._distros = self._find_distros()
        return frozenset(self._changed)

    def facts(self, cataloger: str) -> Iterator[VisibleFact]:
        """The visible facts of a cataloger, by path; facts of one file in the order in which they were read."""
        for path, node in sorted(self._with_facts.get(cataloger, {}).items(), key=lambda found: found[0]):
            for fact in node.facts[cataloger]:
                yield VisibleFact(path, node.layer, fact)

    def exists(self, path: str) -> bool:
        """Whether something visible stands at the path (links followed)."""
        return self._tree.follow(path) is not None

    def resolve(self, path: str) -> str | None:
        """The path with every link followed, clamped to the root; None where a link loops or leads nowhere."""
        way = self._tree.follow(path)
        return way[0] if way else None

    def layer_of(self, path: str) -> int | None:
        """The layer that last wrote what stands at the path (links followed); None where nothing does."""
        way = self._tree.follow(path)
        return way[1].layer if way else None

    def distro_of(self, path: str) -> Distro | None:
        """The distribution of the nearest folder above the path (or at it) that has an os-release file."""
        return self._distros.get(self.root_of(path))

    def root_of(self, path: str) -> str:
        """That folder: empty for the image's root, and where there is no os-release at all."""
        while path and path not in self._distros:
            path = path.rpartition("/")[0]
        return path

    def paths(self) -> Iterator[tuple[str, EntryKind]]:
        """Everything visible but the root itself; a hard link is what it names."""
        return ((path, node.kind) for path, node in descend("", self._tree.root) if path)

    def _hide(self, scan: LayerScan) -> None:
        """Step 1, on the layers below."""
        for folder in scan.opaque:
            hidden = self._tree.follow(folder)
            if hidden:
                for name in tuple(hidden[1].children or ()):
                    self._tree.remove(hidden, name)
        for path in scan.whiteouts:
            folder, _, name = path.rpartition("/")
            way = self._tree.follow(folder)
            if way:
                self._tree.remove(way, name)

    def _place(self, index: int, scan: LayerScan) -> None:
        """Steps 2 to 4."""
        facts: dict[str, _Facts] = {}
        for cataloger, files in scan.facts.items():
            for file in files:
                if file.facts:
                    folder, _, name = file.path.rpartition("/")
                    facts.setdefault(folder, {}).setdefault(name, {})[cataloger] = file.facts
        forward: list[LayerEntry] = []
        plain = Node(FILE, index)  # one for all files without facts: nothing is ever written to theirs
        for run in scan.runs:
            found = facts.get(run.folder, _NONE)
            if not self._place_new(run, plain, found):
                forward.extend(self._place_run(run, index, found))
        for entry in forward:
            if not self._link(entry, index, facts.get(entry.path.rpartition("/")[0], _NONE)):
                self._note(index, entry.path, f"is a hard link to {entry.link}, which is not there")

    def _place_new(self, run: Run, plain: Node, facts: _Facts) -> bool:
        """Place entries of which there are none yet, as nearly all of an image are; False where there is more to it."""
        index = plain.layer
        way = None if HARDLINK in run.kinds else self._tree.folder(run.folder, index)
        children = way[1].children if way else None
        if way is None or children is None or not children.keys().isdisjoint(run.names):
            return False
        if run.kinds.count(FILE) == len(run.kinds):
            children.update(dict.fromkeys(run.names, plain))
        else:
            for name, kind, link in zip(run.names, run.kinds, run.links or repeat(""), strict=False):
                children[name] = plain if kind == FILE else Node(_KINDS[kind], index, link)
        self._tree.count(len(run.names))
        for name in run.names if facts else ():
            if name in facts:
                children[name] = node = Node(FILE, index)
                self._tell(f"{way[0]}/{name}" if way[0] else name, node, facts[name])
        return True

    def _place_run(self, run: Run, index: int, facts: _Facts) -> Iterator[LayerEntry]:
        """Place entries one by one; those hard links whose target is not there yet are left."""
        for entry in entries_of(run):
            if entry.kind is HARDLINK:
                if not self._link(entry, index, facts):
                    yield entry
            else:
                self._put(entry, Node(entry.kind, index, entry.link), facts.get(entry.path.rpartition("/")[2], NO_FACTS))

    def _put(self, entry: LayerEntry, node: Node, facts: dict[str, tuple[Any, ...]]) -> None:
        folder, _, name = entry.path.rpartition("/")
        way = self._tree.folder(folder, node.layer)
        if way is None or way[1].children is None:
            self._note(node.layer, entry.path, "lies behind links that loop: left out")
            return
        existing = way[1].children.get(name)
        if existing is not None and existing.kind is node.kind is DIRECTORY:
            existing.layer = node.layer
            return
        self._tell(self._tree.put(way, name, node), node, facts)

    def _tell(self, path: str, node: Node, facts: dict[str, tuple[Any, ...]]) -> None:
        node.facts = facts
        for cataloger in () if facts and is_cached(path) else facts:
            self._with_facts.setdefault(cataloger, {})[path] = node
            self._changed.add(cataloger)

    def _link(self, entry: LayerEntry, index: int, facts: _Facts) -> bool:
        """Place a hard link; False where its target is not there (yet).

        Its facts are what the layer's scan read under its name. Where the body lies in a layer below, which the scan could not see, they
        are the target's, if both have the same file name: what is wanted of a file hangs on its name, but for what is wanted of any body.
        The names in a cache are not read: theirs are the target's, too, for a link of a layer above.
        """
        folder, _, name = entry.link.rpartition("/")
        way = self._tree.follow(folder)
        target = (way[1].children or {}).get(name) if way else None
        if target is None or target.kind is DIRECTORY:
            return False
        own_name = entry.path.rpartition("/")[2]
        own, same_name = facts.get(own_name, NO_FACTS), own_name == name
        if target.facts and (target.layer != index or is_cached(entry.path)):
            own = {one: found for one, found in target.facts.items() if same_name or one in self._nameless} | own
        self._put(entry, Node(target.kind, index, target.link), own)
        return True

    def _drop_facts(self, path: str, node: Node) -> None:
        for cataloger in () if is_cached(path) else node.facts:
            del self._with_facts[cataloger][path]
            self._changed.add(cataloger)

    def _find_distros(self) -> dict[str, Distro]:
        found: dict[str, Distro] = {}
        for location in reversed(_OS_RELEASE):
            for path, node in self._with_facts.get(DISTRIBUTION_EVIDENCE, {}).items():
                if path == location or path.endswith(f"/{location}"):
                    found[path[: -len(location)].rstrip("/")] = node.facts[DISTRIBUTION_EVIDENCE][0]
        return found

    def _note(self, index: int, path: str, message: str) -> None:
        if len(self.problems) < MAX_PROBLEMS:
            self.problems.append(Problem(ProblemCode.LINK_UNRESOLVED, f"layer {index}: {path}", message, loss=False))
