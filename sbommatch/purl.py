"""Package URLs as SBOMs write them: parsed quickly and tolerantly, nothing normalised.

packageurl-python is the judge in the tests. On the way of a scan it would cost 20 ms of import and four times the
time for each PURL (15 µs, not 4), and it lowers names that some advisories write in mixed case. Names are normalised
where they are compared: see `sbommatch.ecosystems`.
"""

import re

from msgspec import Struct

_TYPE = re.compile(r"[a-z][a-z0-9.+-]*")
_QUALIFIER_KEY = re.compile(r"[a-z][a-z0-9._-]*")
_ESCAPES = re.compile(r"(?:%[0-9A-Fa-f]{2})+")
_EMPTY = frozenset({""})
_NO_PLACE = frozenset({"", ".", ".."})
_SHOWN_CHARACTERS = 100
"""How much of a bad PURL a message quotes: a line of a terminal."""


class InvalidPurl(ValueError):  # noqa: N818  named like `InvalidVersion`
    """A text that is no package URL; the message says why."""


class Purl(Struct, frozen=True):
    """The parts of a package URL, percent-decoded, in the case they were written in."""

    type: str
    """Lower case."""
    namespace: str | None
    name: str
    version: str | None
    qualifiers: dict[str, str]
    """Keys in lower case; qualifiers without a value are absent."""
    subpath: str | None


def parse_purl(text: str) -> Purl:
    """The parts of a package URL, by the steps of the specification (ECMA-427, "How to parse a purl string").

    It is cut at the first `#` and the first `?`, as URL parsers do. Careless writing is read where it is unambiguous: an unescaped
    `@scope`, `pkg://type/…`, repeated slashes, a `%` that escapes nothing. A `+` is a plus. Rules of single types (a namespace is
    required, names are lower case) are not applied. Raises `InvalidPurl`, nothing else.

    >>> parse_purl("pkg:npm/%40angular/core@12.3.1?arch=x64#src")
    Purl(type='npm', namespace='@angular', name='core', version='12.3.1', qualifiers={'arch': 'x64'}, subpath='src')
    """
    try:
        return _parse(text)
    except UnicodeDecodeError as error:
        raise InvalidPurl(f"{_shown(text)} escapes bytes that are no UTF-8") from error
    except InvalidPurl as error:
        raise InvalidPurl(f"{_shown(text)} {error}") from None


def _parse(text: str) -> Purl:
    path, _, subpath = text.partition("#")
    path, _, query = path.partition("?")
    scheme, colon, path = path.partition(":")
    if not colon or scheme.lower() != "pkg":
        raise InvalidPurl("does not begin with `pkg:`")
    type_, _, path = path.lstrip("/").partition("/")
    type_ = type_.lower()
    if not _TYPE.fullmatch(type_):
        raise InvalidPurl("has no valid type after `pkg:`")
    path, version = _cut_version(path)
    namespace, _, name = path.rstrip("/").rpartition("/")
    if not name:
        raise InvalidPurl("has no name")
    return Purl(
        type=type_,
        namespace=_segments(namespace, _EMPTY) if namespace else None,
        name=_decoded(name),
        version=_decoded(version) or None,
        qualifiers=_qualifiers(query) if query else {},
        subpath=_segments(subpath, _NO_PLACE) if subpath else None,
    )


def _cut_version(path: str) -> tuple[str, str]:
    """What stands before the last `@`, and the version after it; an unescaped `@` that opens a directory is npm's scope."""
    at = path.rfind("@")
    if at < 0 or ((at == 0 or path[at - 1] == "/") and "/" in path[at:].rstrip("/")):
        return path, ""
    return path[:at], path[at + 1 :]


def _qualifiers(query: str) -> dict[str, str]:
    qualifiers = {}
    for pair in query.split("&"):
        key, _, value = pair.partition("=")
        key = key.lower()
        if pair and not _QUALIFIER_KEY.fullmatch(key):
            raise InvalidPurl(f"has a qualifier with the invalid key {_shown(key)}")
        if value:
            qualifiers[key] = _decoded(value)
    return qualifiers


def _segments(path: str, dropped: frozenset[str]) -> str | None:
    """A namespace or subpath: its segments decoded one by one, without the dropped ones (`.` and `..` in a subpath)."""
    return "/".join([_decoded(segment) for segment in path.split("/") if segment not in dropped]) or None


def _decoded(text: str) -> str:
    """Percent-decoded; an escape that is none stays as it is."""
    if "%" not in text:
        return text
    return _ESCAPES.sub(lambda escapes: bytes.fromhex(escapes[0].replace("%", "")).decode(), text)


def _shown(text: str) -> str:
    """For messages: quoted, control characters escaped, bounded."""
    return repr(text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…")
