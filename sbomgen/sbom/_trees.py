"""Values out of trees of strangers' JSON: what has not the type that is due is not there."""

from collections.abc import Iterator
from typing import Any

NO_VALUES = frozenset({"NOASSERTION", "NONE"})
"""SPDX 2's words for nothing known, and nothing there."""


def text(tree: dict[str, Any], *names: str) -> str | None:
    """The first of these members that is a text with something in it."""
    for name in names:
        value = tree.get(name)
        if isinstance(value, str) and value.strip():
            return value.strip()
    return None


def stated(tree: dict[str, Any], name: str) -> str | None:
    """Like `text`, but SPDX's words for no value are none."""
    value = text(tree, name)
    return None if value in NO_VALUES else value


def part(tree: dict[str, Any], name: str) -> dict[str, Any]:
    """The member's object; an empty one where it is none."""
    value = tree.get(name)
    return value if isinstance(value, dict) else {}


def parts(tree: dict[str, Any], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The objects of the member's list, with their index."""
    value = tree.get(name)
    for number, one in enumerate(value if isinstance(value, list) else ()):
        if isinstance(one, dict):
            yield number, one


def texts(tree: dict[str, Any], name: str) -> list[str]:
    """The texts of the member's list; a text alone is a list of one."""
    value = tree.get(name)
    listed = value if isinstance(value, list) else [value]
    return [one for one in listed if isinstance(one, str) and one.strip()]
