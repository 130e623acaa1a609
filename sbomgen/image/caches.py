"""The caches of package managers: what lies there may be installed some day, by somebody, in some version.

A file of a cache that has another name outside of it, a hard link, is installed under that name. So a cache's files are read where their
bodies may be wanted under such a name, and what was read is not shown under theirs.
"""

import re

_COPIED = (
    r"_cacache"  # npm
    r"|v\d+/npm-[^/]+-[0-9a-f-]{36,40}(?:-integrity)?/node_modules"  # yarn 1: packages, unpacked
    r"|\.m2/repository|\.gradle/caches|\.ivy2/cache|\.cache/coursier"
    r"|pkg/mod/(?:cache|[^@]+@v[^/]+)"  # Go: sources of modules, and toolchains
    r"|\.cache/(?:go-build|pip|pypoetry/(?:cache|artifacts))"
    r"|\.?cargo/(?:registry/(?:src|cache)|git/(?:db|checkouts))"
)
_LINKED = (
    r"(?:archive|wheels|built-wheels|builds|sdists|git)-v\d+"  # uv: unpacked archives
    r"|store/v\d+/files/[0-9a-f]{2}"  # pnpm: bodies by their hash
    r"|\.bun/install/cache"  # packages, unpacked
    r"|[^/]*(?:conda|mamba|miniforge)[^/]*/pkgs/[^/]+"  # conda: packages, unpacked
)
"""Caches whose files are installed by hard links."""

_COPIED_FROM = re.compile(f"/(?:{_COPIED})/")
_CACHE = re.compile(f"/(?:{_COPIED}|{_LINKED})/")


def is_cached(path: str) -> bool:
    """Whether a file lies in such a cache.

    >>> is_cached("root/.m2/repository/org/example/a/1/a-1.jar"), is_cached("opt/repository/a-1.jar")
    (True, False)
    """
    return _CACHE.search(f"/{path}") is not None


def is_copied_cache(path: str) -> bool:
    """Whether it is one whose manager installs by copying: nobody need look at what its files are called.

    >>> is_copied_cache("root/.m2/repository/org/example/a/1/a-1.jar"), is_copied_cache("root/.cache/uv/archive-v0/x/a.py")
    (True, False)
    """
    return _COPIED_FROM.search(f"/{path}") is not None
