"""The caches of package managers: what lies there may be installed some day, by somebody, in some version."""

import re

_COPIED = (
    r"_cacache"  # npm
    r"|v\d+/npm-[^/]+-[0-9a-f-]{36,40}(?:-integrity)?/node_modules"  # yarn 1: packages, unpacked
    r"|\.m2/repository|\.gradle/caches|\.ivy2/cache|\.cache/coursier"
    r"|pkg/mod/(?:cache|[^@]+@v[^/]+)"  # Go: sources of modules, and toolchains
    r"|\.?cargo/(?:registry/(?:src|cache)|git/(?:db|checkouts))"
)
_LINKED = (
    r"(?:archive|wheels|built-wheels|builds|sdists|git)-v\d+"  # uv: unpacked archives
    r"|store/v\d+/files/[0-9a-f]{2}"  # pnpm: bodies by their hash
)
"""Caches whose files are installed by hard links."""

_COPIED_FROM = re.compile(f"/(?:{_COPIED})/")
_CACHE = re.compile(f"/(?:{_COPIED}|{_LINKED})/")


def is_cached(path: str, body_counts: bool = False) -> bool:
    """Whether a file lies in such a cache.

    What is known by its body and not by its name (`body_counts`) is read once for all of its names, of which the first in the tar may be
    that in a cache although another is installed: then those caches count alone from which files are copied.

    >>> is_cached("root/.m2/repository/org/example/a/1/a-1.jar"), is_cached("opt/repository/a-1.jar")
    (True, False)
    """
    return (_COPIED_FROM if body_counts else _CACHE).search(f"/{path}") is not None
