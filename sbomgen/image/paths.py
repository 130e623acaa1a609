"""Paths as tars and links spell them, made root-relative."""

import re

_DOT_FOLDER = re.compile(r"/\.\.?(?:/|$)")


def root_relative(raw_path: str) -> str | None:
    """A path without `.`, `..`, repeated and outer slashes; None where `..` leads out of the root.

    >>> root_relative("./usr//lib/../bin/"), root_relative("/etc"), root_relative("a/../../etc")
    ('usr/bin', 'etc', None)
    """
    path = raw_path.rstrip("/")
    if path[:2] == "./":
        path = path[2:]
    if path[:1] not in {"", "/", "."} and "//" not in path and ("/." not in path or not _DOT_FOLDER.search(path)):
        return path
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in {"", "."}:
            parts.append(part)
    return "/".join(parts)
