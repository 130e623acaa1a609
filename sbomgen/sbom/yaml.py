"""YAML of strangers: what JSON could say, and no more."""

from typing import Any

import yaml

from sbomgen.errors import UnreadableError

MAX_DEPTH = 100
"""Of sequences and mappings in one another: the constructor goes down by recursion."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Dates stay the texts that they are in SPDX."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def yaml_tree(text: bytes, path: str) -> Any:
    """What YAML says. Raises `UnreadableError` with the line: malformed, with aliases (a few of them say endlessly much), too deep."""
    try:
        _refuse_attacks(text, path)
        return yaml.load(text, _Loader)  # noqa: S506  a safe loader
    except yaml.MarkedYAMLError as exc:
        mark = exc.problem_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        raise UnreadableError(f"{path}: {place}{exc.problem}") from exc
    except (yaml.YAMLError, ValueError) as exc:
        raise UnreadableError(f"{path}: {exc}") from exc


def _refuse_attacks(text: bytes, path: str) -> None:
    depth = 0
    for event in yaml.parse(text, _Loader):
        line = event.start_mark.line + 1 if event.start_mark else 0
        if isinstance(event, yaml.AliasEvent):
            raise UnreadableError(f"{path}: line {line}: an alias (*{event.anchor}); SBOMs with aliases are not read")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            raise UnreadableError(f"{path}: line {line}: nested more than {MAX_DEPTH} deep")
