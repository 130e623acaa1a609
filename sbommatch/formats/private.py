"""A company's own advisories, in a table that people write: CSV with the head below, or a JSON list of objects with these keys.

    id,purl,affected,fixed,severity,title,url
    ACME-1,pkg:pypi/acme-billing,">=1.0, <1.4",1.4,high,Invoices of others can be read,https://intra.example/ACME-1

- `purl` names a package without a version: of a language by its type, of a distribution with `?distro=ID-RELEASE`.
- `affected` is comparators (`>=1.0, <1.4 || =2.0`) or a range of the VERS specification (`vers:pypi/>=1.0|<1.4`); empty: all below `fixed`,
  and without that every version.
- `severity` is a word (`high`) or a CVSS vector. `id`, further identifiers after blanks: `ACME-1 CVE-2024-1` says they are the same.
"""

import re
from collections.abc import Iterator
from hashlib import sha256

import msgspec
from msgspec import Struct

from sbommatch.advisory import Advisory, Affected, Event, EventKind, FixState, Range, Severity
from sbommatch.formats._format import FeedContext
from sbommatch.formats._packages import PackageName, package_of
from sbommatch.formats._tables import rows_of
from sbommatch.problem import Problem, ProblemCode
from sbommatch.purl import InvalidPurl, parse_purl

REQUIRED = ("id", "purl")
_CVE = re.compile(r"CVE-\d{4}-\d{4,}")
_CVSS = re.compile(r"CVSS:(\d)\.\d/")
_WORDS = frozenset({"none", "negligible", "low", "medium", "high", "critical"})


class _Row(Struct):
    id: str
    purl: str
    affected: str | None = None
    fixed: str | None = None
    severity: str | None = None
    title: str | None = None
    url: str | None = None


class _Unusable(ValueError):  # noqa: N818  never leaves this module
    """What is wrong with a row."""


class PrivateFormat:
    """The format `private`."""

    name = "private"
    suffixes: tuple[str, ...] = (".csv", ".json")

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """One advisory for each identifier; rows of one identifier are its packages."""
        advisories: dict[str, Advisory] = {}
        for place, row in _rows(document, where):
            if isinstance(row, Problem):
                yield row
                continue
            try:
                advisory = _advisory(row, context)
            except _Unusable as exc:
                yield Problem(ProblemCode.BAD_RECORD, place, str(exc), loss=True)
                continue
            known = advisories.get(advisory.id)
            advisories[advisory.id] = _together(known, advisory) if known else advisory
        yield from advisories.values()


def _rows(document: bytes, where: str) -> Iterator[tuple[str, _Row | Problem]]:
    if not document.lstrip().startswith(b"["):
        for place, cells in rows_of(document, where, REQUIRED):
            yield place, cells if isinstance(cells, Problem) else msgspec.convert(cells, _Row)
        return
    try:
        raws = msgspec.json.decode(document, type=tuple[msgspec.Raw, ...])
    except (ValueError, RecursionError) as exc:
        yield where, Problem(ProblemCode.BAD_RECORD, where, f"no list of advisories: {exc}", loss=True)
        return
    for index, raw in enumerate(raws):
        place = f"{where}: [{index}]"
        try:
            yield place, msgspec.json.decode(raw, type=_Row)
        except (ValueError, RecursionError) as exc:
            yield place, Problem(ProblemCode.BAD_RECORD, place, f"no advisory: {exc}", loss=True)


def _advisory(row: _Row, context: FeedContext) -> Advisory:
    identifiers = row.id.split()
    if not identifiers:
        raise _Unusable("it has no id")
    return Advisory(
        id=identifiers[0],
        feed=context.feed,
        aliases=tuple(identifiers[1:]),
        cves=tuple(sorted({one for one in identifiers if _CVE.fullmatch(one)})),
        affected=(_affected(row),),
        severities=tuple(_severity(row.severity, context)) if row.severity else (),
        summary=row.title or "",
        references=(row.url,) if row.url else (),
        record_sha256=sha256(msgspec.json.encode(row)).hexdigest(),
    )


def _together(one: Advisory, other: Advisory) -> Advisory:
    """Two rows of one identifier."""
    return msgspec.structs.replace(
        one,
        aliases=tuple(dict.fromkeys((*one.aliases, *other.aliases))),
        cves=tuple(sorted({*one.cves, *other.cves})),
        affected=(*one.affected, *other.affected),
        severities=tuple(dict.fromkeys((*one.severities, *other.severities))),
        summary=one.summary or other.summary,
        references=tuple(dict.fromkeys((*one.references, *other.references))),
        record_sha256=sha256(f"{one.record_sha256} {other.record_sha256}".encode()).hexdigest(),
    )


def _affected(row: _Row) -> Affected:
    package = _package(row.purl)
    return Affected(
        namespace=package.namespace,
        name=package.name,
        name_kind=package.name_kind,
        scheme=package.scheme,
        ranges=(_range(row, package.scheme),),
        fix_state=FixState.FIXED if row.fixed else None,
    )


def _package(text: str) -> PackageName:
    try:
        purl = parse_purl(text)
    except InvalidPurl as exc:
        raise _Unusable(str(exc)) from exc
    if purl.version:
        raise _Unusable(f"{text}: a version belongs in `affected`, not in the PURL")
    package = package_of(purl)
    if package is None:
        raise _Unusable(f"{text}: neither a package of a known language nor one with ?distro=ID-RELEASE, as in ?distro=debian-12")
    return package


def _range(row: _Row, scheme: str) -> Range:
    from sbommatch.ranges import SYNTAX_BY_NAME, InvalidRange, Unsayable, events
    from sbommatch.versions import SCHEME_BY_NAME
    from sbommatch.versions.scheme import InvalidVersion

    text = (row.affected or "").strip()
    if row.fixed:
        try:
            SCHEME_BY_NAME[scheme].compare(row.fixed, row.fixed)
        except InvalidVersion as exc:
            raise _Unusable(f"fixed: {exc}") from exc
    if not text:
        closing = (Event(EventKind.FIXED, row.fixed),) if row.fixed else ()
        return Range(scheme, (Event(EventKind.INTRODUCED, "0"), *closing), f"<{row.fixed}" if row.fixed else "*")
    try:
        native = SYNTAX_BY_NAME["vers" if text.startswith("vers:") else "comparators"].parse(text)
        found = events(native.without_rules(), SCHEME_BY_NAME[scheme])
    except (InvalidRange, Unsayable) as exc:
        raise _Unusable(f"affected: {exc}") from exc
    if row.fixed and found and found[-1].kind in {EventKind.INTRODUCED, EventKind.INTRODUCED_AFTER_UPSTREAM}:
        found = (*found, Event(EventKind.FIXED, row.fixed))
        text = f"{text}, <{row.fixed}"
    return Range(scheme, found, text)


def _severity(text: str, context: FeedContext) -> Iterator[Severity]:
    if found := _CVSS.match(text):
        yield Severity(f"CVSS_V{found[1]}", text, context.feed)
    elif text.lower() in _WORDS:
        yield Severity("label", text.lower(), context.feed)
    else:
        raise _Unusable(f"severity {text!r}: neither a CVSS vector nor one of {', '.join(sorted(_WORDS))}")
