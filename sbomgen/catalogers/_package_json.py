"""What a package.json says, read as tolerantly as npm reads it (docs.npmjs.com, "package.json"; npm's normalize-package-data)."""

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from msgspec import Struct, field

from sbomgen.decoders import json_decoder
from sbomgen.evidence import Fact

REQUIRES_LIMIT = 2_000
"""Dependencies of one package that are taken; the largest real applications name some 300."""

_BOM = b"\xef\xbb\xbf"
_NAME = re.compile(r"(?:@[^\s/@]+/)?[^\s/@.][^\s/]*")
_PERSON_URL = re.compile(r"\s*\([^()]*\)\s*$")
"""What follows name and address in `Name <mail> (url)`."""


class PackageJsonFact(Fact, frozen=True):
    """What the package.json of one package says."""

    name: str
    """With its scope; empty where it states none that could be one."""
    version: str
    """As stated; empty where it states none."""
    licences: tuple[str, ...] = ()
    supplier: str = ""
    homepage: str = ""
    description: str = ""
    requires: tuple[str, ...] = ()
    """Names under `dependencies`, `optionalDependencies` and `peerDependencies`; not those that serve development alone."""


class _Stated(Struct):
    """The fields in use, of whatever type a stranger gave them; all others are passed over unread."""

    name: Any = None
    version: Any = None
    description: Any = None
    homepage: Any = None
    license: Any = None
    licenses: Any = None
    author: Any = None
    maintainers: Any = None
    dependencies: Any = None
    optional: Any = field(default=None, name="optionalDependencies")
    peer: Any = field(default=None, name="peerDependencies")


def parse_package_json(body: bytes) -> PackageJsonFact:
    """The facts of a package.json; what is of the wrong type counts as not stated.

    Raises `ValueError` where the body is no JSON object, or one that is nested deeper than the interpreter's stack.

    >>> parse_package_json(b'{"name": "a", "version": "1.0.0", "author": {"name": "B"}}').supplier
    'B'
    """
    stated = _decoded(body.removeprefix(_BOM))
    name, version = _text(stated.name), _text(stated.version)
    return PackageJsonFact(
        name=name if _NAME.fullmatch(name) else "",
        version=version if len(version.split()) == 1 else "",
        licences=tuple(dict.fromkeys(_licences(stated))),
        supplier=_person(stated.author) or next(filter(None, map(_person, _listed(stated.maintainers))), ""),
        homepage=_text(stated.homepage) or next((_text(url) for url in _listed(stated.homepage)), ""),
        description=_text(stated.description).partition("\n")[0].rstrip(),
        requires=tuple(islice(dict.fromkeys(_requires(stated)), REQUIRES_LIMIT)),
    )


def _decoded(body: bytes) -> _Stated:
    try:
        return json_decoder(_Stated).decode(body)
    except UnicodeDecodeError:
        # Node reads what is no UTF-8 as U+FFFD: an author in another encoding must not cost the package.
        return json_decoder(_Stated).decode(body.decode("utf-8", "replace"))
    except RecursionError as exc:
        raise ValueError("nested too deeply") from exc


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _member(value: object, *names: str) -> str:
    """The first of an object's members that is a text."""
    return next((text for name in names if (text := _text(value.get(name)))), "") if isinstance(value, Mapping) else ""


def _licences(stated: _Stated) -> Iterator[str]:
    """`license`: an SPDX expression, or one of the old forms: an object with a `type`, a list of either; `licenses` the same."""
    for value in (stated.license, stated.licenses):
        found = [_text(one) or _member(one, "type", "name", "url") for one in (_listed(value) or [value])]
        if any(found):
            yield from filter(None, found)
            return


def _person(value: object) -> str:
    """`Name <mail>` of a person, who is written so, with a URL in brackets behind, or as an object."""
    if isinstance(value, str):
        return _PERSON_URL.sub("", value.strip().partition("\n")[0])
    name, email = _member(value, "name"), _member(value, "email", "mail")
    return (f"{name} <{email}>" if name and email else name or email).partition("\n")[0]


def _requires(stated: _Stated) -> Iterator[str]:
    for names in (stated.dependencies, stated.optional, stated.peer):
        if isinstance(names, Mapping):
            yield from (name for name in names if isinstance(name, str) and _NAME.fullmatch(name))
