"""CVE records, JSON 5 (https://github.com/CVEProject/cvelistV5), with what others add to them (CISA's Vulnrichment).

    {"cveMetadata": {"cveId": "CVE-2024-3094", "state": "PUBLISHED"}, "containers": {"cna": {"affected": [{"collectionURL": …,
      "packageName": …, "cpes": […], "versions": [{"version": "1.0", "status": "affected", "lessThan": "1.4"}]}]}}}

- A product counts where its collection is a registry of ours, or by its CPEs; a vendor's own words for it alone are a note.
- `versions` are windows; `changes` end or begin one inside. With the default status *affected* all is affected but the windows that are
  not.
- The record's own container speaks before the others: one that repeats a product is not asked again.
- `REJECTED` is a withdrawal.
"""

import re
from collections.abc import Iterator
from functools import cmp_to_key
from hashlib import sha256

import msgspec
from msgspec import Struct, field

from sbommatch.advisory import Advisory, Affected, Event, EventKind, NameKind, Range, Severity
from sbommatch.ecosystems import LANGUAGE_BY_PURL_TYPE
from sbommatch.formats._format import FeedContext
from sbommatch.formats.nvd import product_of, raw_of, row_of
from sbommatch.problem import Problem, ProblemCode

COLLECTIONS = {
    "registry.npmjs.org": "npm",
    "www.npmjs.com": "npm",
    "pypi.org": "pypi",
    "pypi.python.org": "pypi",
    "repo.maven.apache.org": "maven",
    "repo1.maven.org": "maven",
    "crates.io": "cargo",
    "rubygems.org": "gem",
    "www.nuget.org": "nuget",
    "packagist.org": "composer",
    "pkg.go.dev": "golang",
    "hex.pm": "hex",
}
"""Hosts of `collectionURL` -> PURL types."""

_HOST = re.compile(r"https?://([^/]+)")
_ALL = frozenset({"*", "0", "n/a", "unspecified", "unknown", "all", ""})
_NO_ORDER = frozenset({"git"})


class _Change(Struct, frozen=True):
    at: str = ""
    status: str = ""


class _Version(Struct, frozen=True, rename="camel"):
    version: str = ""
    status: str = ""
    less_than: str | None = None
    less_than_or_equal: str | None = None
    version_type: str = ""
    changes: tuple[_Change, ...] = ()


class _Product(Struct, frozen=True, rename="camel"):
    vendor: str = ""
    product: str = ""
    collection_url: str = field(default="", name="collectionURL")
    package_name: str = ""
    cpes: tuple[str, ...] = ()
    default_status: str = "unknown"
    versions: tuple[_Version, ...] = ()


class _Cvss(Struct, frozen=True, rename="camel"):
    vector_string: str = ""


class _Metric(Struct, frozen=True):
    v4: _Cvss | None = field(default=None, name="cvssV4_0")
    v31: _Cvss | None = field(default=None, name="cvssV3_1")
    v30: _Cvss | None = field(default=None, name="cvssV3_0")
    v2: _Cvss | None = field(default=None, name="cvssV2_0")


class _Text(Struct, frozen=True):
    lang: str = ""
    value: str = ""


class _Reference(Struct, frozen=True):
    url: str = ""


class _Provider(Struct, frozen=True, rename="camel"):
    short_name: str = ""


class _Container(Struct, frozen=True, rename="camel"):
    affected: tuple[_Product, ...] = ()
    metrics: tuple[_Metric, ...] = ()
    descriptions: tuple[_Text, ...] = ()
    references: tuple[_Reference, ...] = ()
    title: str = ""
    provider_metadata: _Provider = _Provider()


class _Containers(Struct, frozen=True):
    cna: _Container = _Container()
    adp: tuple[_Container, ...] = ()


class _Metadata(Struct, frozen=True, rename="camel"):
    cve_id: str
    state: str = ""
    date_published: str | None = None
    date_updated: str | None = None


class _Record(Struct, frozen=True, rename="camel"):
    cve_metadata: _Metadata
    containers: _Containers = _Containers()


_RECORD = msgspec.json.Decoder(_Record)


class Cve5Format:
    """The format `cve5`."""

    name = "cve5"
    suffixes: tuple[str, ...] = (".json",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """The advisory of one record; products that are no package here are one note."""
        try:
            record = _RECORD.decode(document)
        except (ValueError, RecursionError) as exc:
            yield Problem(ProblemCode.BAD_RECORD, where, f"no CVE record: {exc}", loss=True)
            return
        identifier = record.cve_metadata.cve_id
        rows: dict[Affected, None] = {}
        left_out = 0
        for container in (record.containers.cna, *record.containers.adp):
            named = {(row.namespace, row.name) for row in rows}
            for product in container.affected:
                found = list(_affected(product))
                left_out += not found
                rows.update(dict.fromkeys(row for row in found if (row.namespace, row.name) not in named))
        if left_out:
            yield Problem(
                ProblemCode.UNKNOWN_ECOSYSTEM, f"{where}: {identifier}", f"{left_out} products that are no package here", loss=False
            )
        yield _advisory(record, tuple(rows), sha256(document).hexdigest(), context)


def _advisory(record: _Record, affected: tuple[Affected, ...], digest: str, context: FeedContext) -> Advisory:
    metadata, cna = record.cve_metadata, record.containers.cna
    english = next((text.value for text in cna.descriptions if text.lang.startswith("en")), "")
    updated = metadata.date_updated or metadata.date_published
    return Advisory(
        id=metadata.cve_id,
        feed=context.feed,
        cves=(metadata.cve_id,),
        withdrawn=(updated or "1970-01-01") if metadata.state == "REJECTED" else None,
        affected=affected,
        severities=tuple(dict.fromkeys(_severities(record.containers, context.feed))),
        summary=cna.title or " ".join(english.split())[:120],
        references=tuple(dict.fromkeys(one.url for one in cna.references if one.url.startswith("https://"))),
        published=metadata.date_published,
        modified=metadata.date_updated,
        record_sha256=digest,
    )


def _severities(containers: _Containers, feed: str) -> Iterator[Severity]:
    for container in (containers.cna, *containers.adp):
        source = container.provider_metadata.short_name or feed
        for metric in container.metrics:
            for cvss in (metric.v4, metric.v31, metric.v30, metric.v2):
                if cvss and cvss.vector_string:
                    vector = cvss.vector_string
                    yield Severity(f"CVSS_V{vector[5]}" if vector.startswith("CVSS:") else "CVSS_V2", vector, source)


def _affected(product: _Product) -> Iterator[Affected]:
    """A registry's package, else the product of each CPE; nothing where neither is known, or no version is affected."""
    host = _HOST.match(product.collection_url)
    language = LANGUAGE_BY_PURL_TYPE.get(COLLECTIONS.get(host[1], "")) if host else None
    if language and product.package_name:
        if events := _events(product, language.scheme):
            yield Affected(
                namespace=language.purl_type,
                name=language.normalise(product.package_name),
                name_kind=NameKind.SELF,
                scheme=language.scheme,
                ranges=(Range(language.scheme, events, raw_of(events)),),
            )
        return
    for cpe in product.cpes:
        named = product_of(cpe)
        if named and (events := _events(product, named.scheme)):
            yield row_of(named, events)


def _events(product: _Product, scheme: str) -> tuple[Event, ...]:
    windows = [window for version in product.versions if version.version_type not in _NO_ORDER for window in _windows(version)]
    if product.default_status != "affected":
        return tuple(event for opening, closing, status in windows if status == "affected" for event in (opening, closing) if event)
    return tuple(_outside([window for window in windows if window[2] == "unaffected"], scheme))


_Window = tuple[Event, Event | None, str]


def _windows(version: _Version) -> Iterator[_Window]:
    """A version, or the window that it begins, cut at its changes; nothing of `-`, which is none."""
    if version.version == "-":
        return
    start = Event(EventKind.INTRODUCED, "0" if version.version.lower() in _ALL else version.version)
    status = version.status
    for change in version.changes:
        yield start, Event(EventKind.FIXED, change.at), status
        start, status = Event(EventKind.INTRODUCED, change.at), change.status
    if version.less_than is not None and version.less_than not in _ALL:
        yield start, Event(EventKind.FIXED, version.less_than), status
    elif version.less_than_or_equal is not None and version.less_than_or_equal not in _ALL:
        yield start, Event(EventKind.LAST_AFFECTED, version.less_than_or_equal), status
    elif version.less_than or version.less_than_or_equal or start.version == "0" or version.changes:
        yield start, None, status
    else:
        yield start, Event(EventKind.LAST_AFFECTED, start.version), status


def _outside(unaffected: list[_Window], scheme: str) -> Iterator[Event]:
    """All but the windows, in their order; a window that ends with a version begins the next one behind it."""
    from sbommatch.versions import SCHEME_BY_NAME
    from sbommatch.versions.scheme import InvalidVersion

    def order(one: _Window, other: _Window) -> int:
        return SCHEME_BY_NAME[scheme].compare(one[0].version, other[0].version)

    try:
        ordered = sorted(unaffected, key=cmp_to_key(order))
    except InvalidVersion:
        ordered = unaffected
    opening: Event | None = Event(EventKind.INTRODUCED, "0")
    for start, end, _status in ordered:
        if opening and (opening.version, start.version) != ("0", "0"):
            yield opening
            yield Event(EventKind.FIXED, start.version)
        opening = None
        if end is not None:
            is_last = end.kind is EventKind.LAST_AFFECTED
            opening = Event(EventKind.INTRODUCED_AFTER_UPSTREAM if is_last else EventKind.INTRODUCED, end.version)
    if opening:
        yield opening
