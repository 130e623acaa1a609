"""Alpine's secdb (https://secdb.alpinelinux.org): per release and repository the versions that fixed something, by source package.

    {"distroversion": "v3.11", "packages": [{"pkg": {"name": "musl", "secfixes": {"1.1.24-r0": ["CVE-2019-14697"]}}}, …]}

- The version `0` says that the package never was affected.
- One item of a list may name several identifiers, and remarks: `CVE-2017-5753 CVE-2017-5715 XSA-254`, `CVE-2017-2616 (+ regression fix)`.
  Each CVE is a record, related to the item's other identifiers: one Xen advisory may stand for several CVEs. An item without a CVE
  (`XSA-207`) is a record of that identifier; one without any is a note.
- Misspelt CVEs are read as what they plainly are: `CVE_2019-2426`, `CVE 2018-16859`, `CVE-2019-19451.patch`, `CVE-2017-17434-1` (all real).
- Several fixes of one CVE in one package: affected below the highest; a lower one clears the later revisions of its own upstream version.
- Only fixes are listed: of an open vulnerability the feed says nothing.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import Literal

import msgspec
from msgspec import Raw, Struct

from sbommatch.advisory import Advisory, Affected, Event, EventKind, NameKind, Range, State
from sbommatch.ecosystems import DISTRIBUTION_BY_ID, ROLLING_RELEASES, release_of
from sbommatch.formats import _yaml
from sbommatch.formats._fixes import range_of_fixes
from sbommatch.formats._format import FeedContext
from sbommatch.problem import Problem, ProblemCode

DOCUMENT_LIMIT_BYTES = 64 << 20
"""One document; the largest of Alpine's has 0.04 MB, and there are secdbs of distributions with many times its packages."""

FIXES_LIMIT = 100
"""Versions of one package that fix one vulnerability; the most in Alpine's are 3, and rows grow with the square of their number."""

NEVER_AFFECTED = "0"

CVE = re.compile(r"\bCVE[-_ ](\d{4}-\d{4,})(?!\d)")
REMARK = re.compile(r"\([^)]*\)?")
OTHER_IDENTIFIER = re.compile(r"GHSA(?:-[0-9a-z]{4}){3}|[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z]+)*(?:-\d+)+")
"""A token that names something: `XSA-207`, `TALOS-2017-0488`, `wnpa-sec-2017-18`; neither `CVE-????-?????` nor `XPTI`."""


class AlpineSecdbFormat:
    """The format `alpine-secdb`."""

    name = "alpine-secdb"
    suffixes: tuple[str, ...] = (".json", ".yaml")

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """The advisories of one release's repository, sorted, after the problems of its packages."""
        try:
            secdb = _decode(document if document.lstrip().startswith(b"{") else _as_json(document))
        except (ValueError, RecursionError) as exc:
            yield Problem(ProblemCode.BAD_RECORD, where, f"no secdb document: {exc}", loss=True)
            return
        namespace = _namespace(secdb.distroversion)
        if namespace is None:
            yield Problem(
                ProblemCode.UNKNOWN_ECOSYSTEM, where, f"distroversion {secdb.distroversion!r} is no release of Alpine", loss=False
            )
            return
        records: dict[str, _Record] = {}
        for index, raw in enumerate(secdb.packages or ()):
            yield from _collect(raw, f"{where}: packages[{index}]", records)
        yield from (_advisory(identifier, records[identifier], namespace, context) for identifier in sorted(records))


_Empty = Literal[""] | None
"""What is left of an empty list or table where YAML became JSON (v3.3/community)."""


class _Secdb(Struct):
    packages: tuple[Raw, ...] | _Empty
    distroversion: str | None = None


class _Package(Struct):
    name: str
    secfixes: dict[str, tuple[str, ...] | str | None] | _Empty = None


class _Entry(Struct):
    pkg: _Package


class _Record(Struct):
    """What one document says of one identifier."""

    fixes: dict[str, list[str]]
    """Source package -> the versions that it stands under, in document order."""
    related: dict[str, None]


_SECDB = msgspec.json.Decoder(_Secdb)
_ENTRY = msgspec.json.Decoder(_Entry)


def _as_json(document: bytes) -> bytes:
    """The same from YAML, as the documents were written until 2020. Raises ValueError."""
    return msgspec.json.encode(_yaml.decode(document, object))


def _decode(document: bytes) -> _Secdb:
    """Raises ValueError, and RecursionError where the nesting has no end."""
    if len(document) > DOCUMENT_LIMIT_BYTES:
        raise ValueError(f"{len(document)} bytes; the limit is {DOCUMENT_LIMIT_BYTES}")
    return _SECDB.decode(document)


def _namespace(distroversion: str | None) -> str | None:
    if distroversion is None:
        return None
    if distroversion in ROLLING_RELEASES:
        return f"alpine:{distroversion}"
    release = release_of(DISTRIBUTION_BY_ID["alpine"], distroversion)
    return f"alpine:{release}" if release else None


def _collect(raw: Raw, where: str, records: dict[str, _Record]) -> Iterator[Problem]:
    """Adds one package's fixes to the records."""
    try:
        package = _ENTRY.decode(raw).pkg
    except (ValueError, RecursionError) as exc:
        yield Problem(ProblemCode.BAD_RECORD, where, f"no package: {exc}", loss=True)
        return
    for version, items in (package.secfixes or {}).items():
        for item in (items,) if isinstance(items, str) else items or ():
            identifiers, related = identifiers_of(item)
            if not identifiers and item.strip():
                yield Problem(ProblemCode.BAD_RECORD, f"{where}: {package.name} {version}", f"{item!r} names no vulnerability", loss=False)
            for identifier in identifiers:
                record = records.setdefault(identifier, _Record({}, {}))
                record.related.update(dict.fromkeys(related))
                versions = record.fixes.setdefault(package.name, [])
                if version not in versions and len(versions) < FIXES_LIMIT:
                    versions.append(version)
                elif version not in versions:
                    message = f"{identifier} is fixed in over {FIXES_LIMIT} versions of {package.name}; {version} is left out"
                    yield Problem(ProblemCode.LIMIT_REACHED, where, message, loss=True)


def identifiers_of(item: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The vulnerabilities that one item of a list names, and what else it names beside them.

    >>> identifiers_of("CVE-2017-5753 CVE-2017-5715 XSA-254 XPTI")
    (('CVE-2017-5753', 'CVE-2017-5715'), ('XSA-254',))
    >>> identifiers_of("CVE-????-?????  XSA-295")
    (('XSA-295',), ())
    """
    text = REMARK.sub(" ", item)
    cves = tuple(dict.fromkeys(f"CVE-{number}" for number in CVE.findall(text)))
    tokens = CVE.sub(" ", text).split()
    others = tuple(dict.fromkeys(token for token in tokens if OTHER_IDENTIFIER.fullmatch(token)))
    return (cves, others) if cves else (others, ())


def _advisory(identifier: str, record: _Record, namespace: str, context: FeedContext) -> Advisory:
    affected = tuple(part for name in sorted(record.fixes) for part in _affected(name, record.fixes[name], namespace))
    related = tuple(record.related)
    return Advisory(
        id=identifier,
        feed=context.feed,
        cves=(identifier,) if CVE.fullmatch(identifier) else (),
        related=related,
        affected=affected,
        # The document gives a record no bytes of its own; these are what it says.
        record_sha256=sha256(msgspec.json.encode((identifier, related, affected))).hexdigest(),
    )


def _affected(name: str, versions: list[str], namespace: str) -> Iterator[Affected]:
    """One row for `0`, one for the fixes."""
    if NEVER_AFFECTED in versions:
        everything = Range("apk", (Event(EventKind.INTRODUCED, "0"),), NEVER_AFFECTED)
        yield Affected(
            namespace=namespace, name=name, name_kind=NameKind.SOURCE, scheme="apk", ranges=(everything,), state=State.NOT_AFFECTED
        )
    if fixes := [version for version in versions if version != NEVER_AFFECTED]:
        yield Affected(namespace=namespace, name=name, name_kind=NameKind.SOURCE, scheme="apk", ranges=(range_of_fixes("apk", fixes),))
