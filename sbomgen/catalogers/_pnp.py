"""The map that Yarn writes for Plug'n'Play: where each package lies, and which others it may load (yarnpkg.com, "PnP Specification").

It is JSON, in a file of its own or within JavaScript: as a text from Yarn 3.2 on, before it as an object with commas that JSON has not.
"""

import re
from posixpath import normpath

from msgspec import DecodeError, Struct, field

from sbomgen.decoders import json_decoder
from sbomgen.evidence import Fact

MAP_NAMES = frozenset({".pnp.cjs", ".pnp.js", ".pnp.data.json"})
"""Of Yarn 2.4 and later, of Yarn before it, and of what the first one reads where `pnpEnableInlining` is off."""

PLACES_LIMIT = 100_000
"""Of one map: large monorepos have some 10,000."""

LOCATION_LIMIT_CHARACTERS = 4096
"""PATH_MAX of Linux."""

_TEXT = re.compile(r"(?:RAW_RUNTIME_STATE =\s*|hydrateRuntimeState\(JSON\.parse\()'((?:[^'\\]++|\\.)*+)'", re.DOTALL)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_TRAILING_COMMA = re.compile(r",(?=\n *[\]}])")
_VIRTUAL = re.compile(r"(?:__virtual__|\$\$virtual)/[^/]+/(\d\d?)/")
"""In a path: what follows lies that many folders above it; one package stands there once for each set of its peers."""


class PnpPlace(Fact, frozen=True):
    """One package in a map."""

    path: str
    """Root-relative, of a folder, which may lie within a zip file: `app/.yarn/cache/a-npm-1.0.0-….zip/node_modules/a`."""
    requires: tuple[int, ...] = ()
    """The packages that it may load, by their position in the map."""


class _Information(Struct):
    location: str = field(name="packageLocation")
    dependencies: list[tuple[str, str | tuple[str, str] | None]] = field(name="packageDependencies")


class _Map(Struct):
    packages: list[tuple[str | None, list[tuple[str | None, _Information]]]] = field(name="packageRegistryData")


def read_map(path: str, body: bytes) -> tuple[PnpPlace, ...]:
    """The packages of a map, none of a script that has it beside itself. Raises `ValueError` where there is none, or a damaged one."""
    text = body.decode("utf-8", "replace") if path.endswith(".json") else _within(body.decode("utf-8", "replace"))
    if text is None:
        return ()
    try:
        stated = json_decoder(_Map).decode(text).packages
    except (DecodeError, RecursionError) as exc:
        raise ValueError(f"its list of packages cannot be read: {exc}") from exc
    listed = [((name, reference), found) for name, references in stated for reference, found in references]
    if len(listed) > PLACES_LIMIT:
        raise ValueError(f"lists {len(listed):,} packages, more than the {PLACES_LIMIT:,} that are read")
    if any(len(found.location) > LOCATION_LIMIT_CHARACTERS for _, found in listed):
        raise ValueError(f"has a path of more than {LOCATION_LIMIT_CHARACTERS:,} characters")
    positions = {key: position for position, (key, _) in enumerate(listed)}
    folder = path.rpartition("/")[0]
    return tuple(PnpPlace(_located(folder, found.location), tuple(_required(key, found, positions))) for key, found in listed)


def _within(script: str) -> str | None:
    """The map as JSON; None where the script reads it from `.pnp.data.json`."""
    text = _TEXT.search(script)
    if text:
        return _ESCAPED.sub(lambda escaped: "" if escaped[1] == "\n" else escaped[1], text[1])
    _, found, rest = script.partition("hydrateRuntimeState({\n")
    if found:
        return _TRAILING_COMMA.sub("", "{" + rest.partition("}, {basePath")[0] + "}")
    if ".pnp.data.json" in script:
        return None
    raise ValueError("holds no list of packages of a known form")


def _located(folder: str, location: str) -> str:
    """The root-relative path of a location, which is relative to the map.

    >>> _located("app", "./.yarn/__virtual__/a-virtual-0f/1/berry/a.zip/node_modules/a/")
    'app/berry/a.zip/node_modules/a'
    """
    return normpath(f"/{folder}/{_VIRTUAL.sub(lambda found: '../' * int(found[1]), location)}").lstrip("/")


def _required(key: tuple[str | None, str | None], found: _Information, positions: dict[tuple[str | None, str | None], int]) -> list[int]:
    """The positions of what a package names, but for itself."""
    named = ((name, target) if isinstance(target, str) else target for name, target in found.dependencies if target is not None)
    return [positions[target] for target in named if target in positions and target != key]
