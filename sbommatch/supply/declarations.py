"""The declared feeds: one TOML file each in `feeds/`, its stem the feed's name. Add one: a file, and a format if it needs a new one.

title            for people
urls             where it is published; `{release}` stands for the release of a distribution; none of what a company writes itself
licence          SPDX expression, or `none stated`
redistributable  whether bundles may carry it
cadence          how often it changes: hourly, daily, weekly, irregular
format           name in `sbommatch.formats.FORMATS`
covers           namespaces that it speaks for: `pypi`, `alpine:*` (the releases that it has records of); may be empty
completeness     full, fixes_only (open vulnerabilities are absent), partial
proof            what our reading of it was tried on: whole feed, samples; none: on its format alone, no record of its own was had
live_checked     the last date on which the urls were tried, or never
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from sbommatch.errors import FeedError, UsageError
from sbommatch.formats import FORMAT_BY_NAME

OSV_FEEDS = "osv"
"""Stands for all feeds of OSV's bucket."""

NAMESPACE_PATTERN = re.compile(r"[a-z][a-z0-9-]*(:(\*|[a-z0-9.]+))?")


class Completeness(StrEnum):
    """What the absence of a record says."""

    FULL = "full"
    FIXES_ONLY = "fixes_only"
    PARTIAL = "partial"


class Cadence(StrEnum):
    """How often a feed changes."""

    HOURLY = "hourly"
    DAILY = "daily"
    WEEKLY = "weekly"
    IRREGULAR = "irregular"


class Proof(StrEnum):
    """What our reading of a feed was tried on."""

    WHOLE_FEED = "whole feed"
    SAMPLES = "samples"
    NONE = "none"


class Declaration(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a feed, whatever its present state."""

    name: str
    title: str
    urls: tuple[str, ...]
    licence: str
    redistributable: bool
    cadence: Cadence
    format: str
    covers: tuple[str, ...]
    completeness: Completeness
    proof: Proof
    live_checked: str


def feeds_folder() -> Path:
    """The folder of the declarations: inside the package when installed, beside it in the source tree."""
    package = Path(__file__).parent.parent
    installed = package / "feeds"
    return installed if installed.is_dir() else package.parent / "feeds"


@cache
def declarations() -> Mapping[str, Declaration]:
    """All declared feeds by name, sorted. Raises FeedError naming file and key."""
    return read_declarations(feeds_folder())


def read_declarations(folder: Path) -> dict[str, Declaration]:
    """The declarations of a folder.

    Raises FeedError naming file and key; one broken declaration is an error of ours, not something to read around.
    """
    return {path.stem: _read(path) for path in sorted(folder.glob("*.toml"))}


def named(name: str) -> tuple[Declaration, ...]:
    """The feed of that name, or all feeds that it stands for. Raises UsageError naming those that there are."""
    known = declarations()
    found = tuple(feed for feed in known.values() if feed.name == name or (name == OSV_FEEDS and feed.name.startswith("osv-")))
    if not found:
        raise UsageError(f"no feed is called {name!r}; there are {', '.join((OSV_FEEDS, *known))}")
    return found


def _read(path: Path) -> Declaration:
    import tomllib

    try:
        table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise FeedError(f"{path}: the declaration cannot be read: {exc}") from exc
    try:
        declaration = msgspec.convert({"name": path.stem, **table}, Declaration)
    except msgspec.ValidationError as exc:
        raise FeedError(f"{path}: {exc}") from exc
    _check(declaration, path)
    return declaration


def _check(declaration: Declaration, path: Path) -> None:
    """Raises FeedError where a value has the right type and no meaning."""
    faults = {
        "name": declaration.name != path.stem and "is the file's stem and need not be written",
        "urls": not all(url.startswith("https://") for url in declaration.urls) and "must be https addresses",
        "format": declaration.format not in FORMAT_BY_NAME and f"must be one of {', '.join(FORMAT_BY_NAME)}",
        "covers": not all(map(NAMESPACE_PATTERN.fullmatch, declaration.covers)) and "must be namespaces such as `pypi`, `alpine:*`",
        "live_checked": not re.fullmatch(r"never|\d{4}-\d{2}-\d{2}", declaration.live_checked) and "must be `never` or a date",
    }
    for key, fault in faults.items():
        if fault:
            raise FeedError(f"{path}: {key} {fault}")
