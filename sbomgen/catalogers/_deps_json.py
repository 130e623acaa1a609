"""What .NET's host takes from a `NAME.deps.json` (dotnet/runtime, docs/design/features/host-*.md; hostpolicy's deps_format.cpp)."""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from sbomgen.decoders import json_decoder
from sbomgen.evidence import Fact

LIBRARIES_LIMIT = 20_000
"""Of one manifest: the largest applications have some 1,000."""

FILES_LIMIT = 2_000
"""Of one library: a runtime pack of Windows' desktop has some 500."""

REQUIRES_LIMIT = 2_000
"""Dependencies of one library: large applications name some 200."""

PATH_LIMIT_CHARACTERS = 4096
"""PATH_MAX of Linux."""

RUNTIME_PACK = "runtimepack."
"""What the SDK puts before the name of the pack that a self-contained application has with it."""

_BOM = b"\xef\xbb\xbf"
_NAME = re.compile(r"\w[\w.-]{0,127}")
_VERSION = re.compile(r"[0-9][0-9A-Za-z.+-]{0,127}")
_PLATFORM = re.compile(r"[a-z][0-9a-z._-]{0,63}")
_SHA512 = re.compile(r"sha512-([0-9A-Za-z+/]{86}==)")


class Library(Fact, frozen=True):
    """One entry of the manifest's target."""

    name: str
    """As NuGet spells it; of what is no package as stated."""
    version: str
    key: str
    """What dependencies say for it, in lower case."""
    installable: bool
    """It is a package, of whatever kind."""
    sha512: str = ""
    """Base64, of the .nupkg file."""
    files: tuple[str, ...] = ()
    """Where the host looks for what it brings, relative to the manifest's folder."""
    requires: tuple[str, ...] = ()
    """Keys."""


class DotnetFact(Fact, frozen=True):
    """What one manifest says."""

    platform: str
    """The runtime identifier of its target, `linux-musl-x64`; empty for applications of any platform."""
    libraries: tuple[Library, ...]
    unnamed: int = 0
    """Packages that state no name or version that could be one."""
    beyond: int = 0
    """Entries that are more than the limits allow."""


class _Stated(Struct):
    target: Any = field(default=None, name="runtimeTarget")
    targets: Any = None
    libraries: Any = None


def parse_deps_json(body: bytes) -> DotnetFact | None:
    """The libraries of the manifest's own target; None where it is no manifest.

    Raises `ValueError` (msgspec's `DecodeError` is one) for what is no JSON object, and where the target is not described; `RecursionError`
    where it is nested too deeply.
    """
    stated = json_decoder(_Stated).decode(body.removeprefix(_BOM))
    name = stated.target if isinstance(stated.target, str) else _object(stated.target).get("name")
    if not isinstance(name, str) or not isinstance(stated.targets, dict):
        return None
    if name not in stated.targets:
        raise ValueError(f"it is for {name[:100]!r}, which is not among its targets")
    entries = list(_object(stated.targets[name]).items())
    kinds = _object(stated.libraries)
    found = [_library(key, _object(entry), _object(kinds.get(key))) for key, entry in entries[:LIBRARIES_LIMIT]]
    libraries = tuple(library for library in found if library)
    platform = name.partition("/")[2]
    return DotnetFact(platform if _PLATFORM.fullmatch(platform) else "", libraries, len(found) - len(libraries), len(entries) - len(found))


def _library(key: str, entry: dict[str, Any], stated: dict[str, Any]) -> Library | None:
    """None for a package without a usable name and version."""
    name, _, version = key.partition("/")
    installable = stated.get("type") in ("package", "runtimepack")
    if not _VERSION.fullmatch(version) or not _NAME.fullmatch(name):
        if installable:
            return None
        name, version = name[:128], version[:128]
    checksum = stated.get("sha512")
    sha512 = _SHA512.fullmatch(checksum) if isinstance(checksum, str) else None
    required = [one.lower() for one in _object(entry.get("dependencies")) if _NAME.fullmatch(one)]
    return Library(
        name.removeprefix(RUNTIME_PACK) if stated.get("type") == "runtimepack" else name,
        version,
        name.lower(),
        installable,
        sha512[1] if sha512 else "",
        tuple(_files(entry))[:FILES_LIMIT],
        tuple(required[:REQUIRES_LIMIT]),
    )


def _files(entry: dict[str, Any]) -> Iterator[str]:
    """Where the host looks for each file, by what it is; from .NET 10 on the manifest may say it (`localPath`)."""
    for kind, parts in (("runtime", 1), ("native", 1), ("resources", 2), ("runtimeTargets", 0)):
        for asset, facts in _object(entry.get(kind)).items():
            stated = _object(facts).get("localPath")
            path = stated if isinstance(stated, str) else "/".join(asset.split("/")[-parts:])
            if len(path) <= PATH_LIMIT_CHARACTERS and path.rpartition("/")[2] not in {"", "_._"} and "\0" not in path:
                yield path


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
