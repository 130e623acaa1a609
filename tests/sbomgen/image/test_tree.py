"""The ways through the tree: what is remembered of them never shows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.image.tree import Node, Tree
from sbomgen.layerscan import EntryKind

NAMES = st.sampled_from(["a", "b", "c"])
PARTS = st.sampled_from(["a", "b", "c", "a", "b", "c", "..", ".", ""])
WAYS = st.lists(PARTS, max_size=5).map("/".join)
STEPS = st.one_of(
    st.tuples(st.just("put"), WAYS, NAMES, st.sampled_from(EntryKind), WAYS),
    st.tuples(st.just("remove"), WAYS, NAMES, st.just(EntryKind.FILE), st.just("")),
    st.tuples(st.just("make"), WAYS, NAMES, st.just(EntryKind.FILE), st.just("")),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=12), st.lists(WAYS, max_size=6))
def test_every_way_is_that_of_a_walk_from_the_root(steps: list[tuple[str, str, str, EntryKind, str]], asked: list[str]) -> None:
    tree = Tree(lambda path, node: None)
    for what, above, name, kind, link in steps:
        folder = tree.follow(above)
        if what == "make":
            tree.folder(above, 0)
        elif folder is not None and folder[1].children is not None:
            if what == "put":
                tree.put(folder, name, Node(kind, 0, link))
            else:
                tree.remove(folder, name)
        for path in asked:
            assert tree.follow(path) == tree._walk(path, None)


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("x", "d/e/x"),
        ("../x", "d/x"),
        ("../../x", "x"),
        ("../../../x", "x"),
        ("/x", "x"),
        ("//d/x", "d/x"),
        ("./x", "d/e/x"),
        ("../e/x/../../x", "d/x"),
        ("../e/./x", "d/e/x"),
        ("../e//x", "d/e/x"),
        ("..", "d"),
        ("/", ""),
        ("/..", ""),
        ("x/", "d/e/x"),
        ("", None),
        ("l", None),
        ("../e/l", None),
        ("/../d/x", "d/x"),
    ],
)
def test_a_link_leads_where_linux_would_go(link: str, target: str | None) -> None:
    tree = Tree(lambda path, node: None)
    for path in ("d/e/x", "d/x", "x"):
        tree.folder(path, 0)
    for folder in ("d/e", "d", ""):
        way = tree.follow(folder)
        assert way is not None
        tree.put(way, "x", Node(EntryKind.DIRECTORY, 1))
    way = tree.follow("d/e")
    assert way is not None
    tree.put(way, "l", Node(EntryKind.SYMLINK, 1, link))
    found = tree.follow("d/e/l")
    assert (found and found[0]) == target
    assert found == tree._walk("d/e/l", None)
