"""Projects of Yarn's Plug'n'Play, made by code: the map, and the zip files of the cache."""

import json
from typing import Any

from tests.support.jars import jar

CACHE = "app/.yarn/cache"

Entry = tuple[str, str, str, dict[str, str | list[str] | None]]
"""Name, reference, location, and what it requires by which reference."""


def zip_name(name: str, version: str) -> str:
    return f"{name.replace('/', '-')}-npm-{version}-0123456789-10c0.zip"


def place(name: str, version: str = "1.0.0", cache: str = "./.yarn/cache") -> str:
    return f"{cache}/{zip_name(name, version)}/node_modules/{name}/"


def zipped(name: str, version: str = "1.0.0", cache: str = CACHE, **stated: Any) -> dict[str, bytes]:
    """The file in Yarn's cache of a package."""
    members = {f"node_modules/{name}/package.json": json.dumps({"name": name, "version": version, **stated})}
    return {f"{cache}/{zip_name(name, version)}": jar({**members, f"node_modules/{name}/lib/package.json": "{}"})}


def state(*entries: Entry) -> dict[str, Any]:
    """What a map holds, with the project itself first."""
    registry: dict[str | None, list[Any]] = {None: [[None, {"packageLocation": "./", "packageDependencies": [], "linkType": "SOFT"}]]}
    for name, reference, location, requires in entries:
        information = {"packageLocation": location, "packageDependencies": [[name, reference], *requires.items()], "linkType": "HARD"}
        registry.setdefault(name, []).append([reference, information])
    return {"__info": ["It's made by \\ Yarn"], "ignorePatternData": "(^\\.yarn\\/sdks$)", "packageRegistryData": list(registry.items())}


def yarn_4(found: dict[str, Any]) -> bytes:
    text = json.dumps(found, indent=2).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\\n")
    call = "return hydrateRuntimeState(JSON.parse(RAW_RUNTIME_STATE), {basePath: basePath || __dirname});"
    return f"#!/usr/bin/env node\n\"use strict\";\n\nconst RAW_RUNTIME_STATE =\n'{text}';\n\nfunction f() {{\n  {call}\n}}\n".encode()
