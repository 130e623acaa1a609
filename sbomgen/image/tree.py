"""The tree of what is visible in an image, and the ways through it.

Children hang on their folder, so that a folder goes with all beneath it at the cost of what goes.
"""

import re
from collections.abc import Callable, Iterator
from typing import Any

from sbomgen.errors import UnreadableError
from sbomgen.layerscan import DIRECTORY, SYMLINK, EntryKind

MAX_LINKS = 40
"""Symbolic links followed on one way: Linux's own bound (path_resolution(7))."""

MAX_STEPS = 1024
"""Names passed on one way, those in link targets too: four times the depth that a path may have."""

MAX_PATHS = 5_000_000
"""Paths visible at once, folders that no layer names among them: some 200 bytes each."""


NO_FACTS: dict[str, tuple[Any, ...]] = {}
"""Shared by all nodes without facts; never written to."""


class Node:
    """Something visible."""

    __slots__ = ("children", "facts", "kind", "layer", "link")

    def __init__(self, kind: EntryKind, layer: int, link: str = "") -> None:
        self.kind = kind
        self.layer = layer
        """That wrote it last, or first needed a folder that none wrote."""
        self.link = link
        """Target of a symbolic link."""
        self.children: dict[str, Node] | None = {} if kind is DIRECTORY else None
        self.facts: dict[str, tuple[Any, ...]] = NO_FACTS
        """By cataloger."""


_DOTS = frozenset(("", ".", ".."))
_DOTS_WITHIN = re.compile(r"(?:^|/)\.{0,2}(?:/|$)")

Way = tuple[str, Node]
"""A path with every link followed, clamped to the root, and the node at its end."""


class Tree:
    """Nodes by path. `on_facts_gone` is told of each node with facts that is taken off, with its path."""

    def __init__(self, on_facts_gone: Callable[[str, Node], None]) -> None:
        self.root = Node(DIRECTORY, 0)
        self._on_facts_gone = on_facts_gone
        self._count = 0
        self._folders: dict[str, Way] = {}  # the ways of folders that were asked for; good until a folder or a link goes

    def follow(self, path: str) -> Way | None:
        """The way of a path; None where nothing is there, or links loop."""
        way = self._folders.get(path)
        if way is not None:
            return way
        target = path
        for _ in range(MAX_LINKS):
            above, _, name = target.rpartition("/")
            if name in _DOTS:
                break
            folder = self._folders.get(above) or self._kept(above, self._walk(above, None))
            node = folder[1].children.get(name) if folder and folder[1].children else None
            if folder is None or node is None:
                return None
            if node.kind is not SYMLINK:
                return self._kept(path, (f"{folder[0]}/{name}" if folder[0] else name, node))
            further = _target(folder[0], node.link)
            if further is None:
                break
            target = further
        return self._kept(path, self._walk(path, None))

    def folder(self, path: str, layer: int) -> Way | None:
        """The way of a folder, made by `layer` as far as it is missing, in place of what is no folder; None where links loop."""
        way = self._folders.get(path)
        if way is None:
            above, _, name = path.rpartition("/")
            folder = self._folders.get(above)
            node = folder[1].children.get(name) if folder and folder[1].children else None
            if folder is None or node is None or node.kind is not DIRECTORY:
                return self._kept(path, self._walk(path, layer))
            way = self._folders[path] = (f"{folder[0]}/{name}" if folder[0] else name, node)
        return way

    def put(self, folder: Way, name: str, node: Node) -> str:
        """Hang a node on a folder, in place of what is there with all beneath it; its path."""
        path = self.remove(folder, name)
        children = folder[1].children
        assert children is not None
        children[name] = node
        self.count(1)
        return path

    def count(self, added: int) -> None:
        """Account for nodes that were hung on a folder; raises `UnreadableError` where there are too many."""
        self._count += added
        if self._count > MAX_PATHS:
            raise UnreadableError(f"more than {MAX_PATHS:,} paths are visible in the image, which is the limit")

    def remove(self, folder: Way, name: str) -> str:
        """Take what has this name off a folder, with all beneath it; its path."""
        above, parent = folder
        path = f"{above}/{name}" if above else name
        removed = parent.children.pop(name, None) if parent.children else None
        if removed is not None:
            if removed.kind in {DIRECTORY, SYMLINK}:
                self._folders.clear()
            for gone_path, gone in descend(path, removed):
                self._count -= 1
                if gone.facts:
                    self._on_facts_gone(gone_path, gone)
        return path

    def _kept(self, path: str, way: Way | None) -> Way | None:
        if way is not None and way[1].kind is DIRECTORY:
            self._folders[path] = way
        return way

    def _straight(self, path: str) -> Way | None:
        """The way of a folder, if there is nothing but folders on it."""
        node: Node | None = self.root
        for name in path.split("/"):
            node = node.children.get(name) if node and node.children else None
        return (path, node) if node and node.kind is DIRECTORY else None

    def _walk(self, path: str, layer: int | None) -> Way | None:
        straight = self._straight(path)
        if straight:
            return straight
        names: list[str] = []
        nodes = [self.root]
        left = path.split("/")[::-1]
        links = steps = 0
        while left:
            name = left.pop()
            steps += 1
            if name in {"", "."}:
                continue
            if nodes[-1].children is None or max(steps - MAX_STEPS, links - MAX_LINKS) > 0:
                return None
            if name == "..":
                names = names[:-1]
                nodes = nodes[: len(names) + 1]
                continue
            node = self._child(names, nodes[-1], name, layer)
            if node is None or (node.kind is SYMLINK and not node.link):
                return None
            if node.kind is not SYMLINK:
                names.append(name)
                nodes.append(node)
                continue
            links += 1
            if node.link.startswith("/"):
                names, nodes = [], [self.root]
            left.extend(node.link.split("/")[::-1])
        return "/".join(names), nodes[-1]

    def _child(self, names: list[str], folder: Node, name: str, layer: int | None) -> Node | None:
        """What has this name in the folder at `names`; where `layer` makes folders, a folder or a link in any case."""
        assert folder.children is not None
        node = folder.children.get(name)
        if layer is None or (node is not None and node.kind in {DIRECTORY, SYMLINK}):
            return node
        node = Node(DIRECTORY, layer)
        self.put(("/".join(names), folder), name, node)
        return node


def _target(folder: str, link: str) -> str | None:
    """The path that a link in a folder leads to, itself perhaps through links; None where that takes a walk.

    The folder's own path has no links, so that `..` at the link's beginning leads to what stands above in that path.
    """
    if link.startswith("/"):
        folder, link = "", link.lstrip("/")
    while link.startswith("../"):
        folder, link = folder.rpartition("/")[0], link[3:]
    if not link or _DOTS_WITHIN.search(link):
        return None
    return f"{folder}/{link}" if folder else link


def descend(path: str, node: Node) -> Iterator[Way]:
    """A node and all beneath it, with their paths; a folder before what is in it."""
    left = [(path, node)]
    while left:
        path, node = left.pop()
        yield path, node
        if node.children:
            left.extend((f"{path}/{name}" if path else name, child) for name, child in node.children.items())
