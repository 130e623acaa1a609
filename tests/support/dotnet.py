"""Manifests as .NET's SDK writes them beside an application."""

import json
from collections.abc import Mapping
from typing import Any

TARGET = ".NETCoreApp,Version=v8.0"


def deps_json(entries: Mapping[str, Any], target: str = TARGET, libraries: Mapping[str, Any] | None = None) -> str:
    """The manifest of a target's entries, which are packages unless `libraries` says otherwise of one, by its name."""
    types = {
        key: {"type": "package", "serviceable": True, "sha512": ""} | (libraries or {}).get(key.partition("/")[0], {}) for key in entries
    }
    return json.dumps({"runtimeTarget": {"name": target, "signature": ""}, "targets": {target: entries}, "libraries": types})
