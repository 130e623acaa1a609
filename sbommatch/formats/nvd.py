"""NVD, API 2.0 (https://nvd.nist.gov/developers/vulnerabilities): CVEs with CVSS and configurations of CPEs.

    {"vulnerabilities": [{"cve": {"id": "CVE-2022-29194", "vulnStatus": "Analyzed", "metrics": {…}, "configurations": [{"nodes": [{
      "cpeMatch": [{"vulnerable": true, "criteria": "cpe:2.3:a:google:tensorflow:*:*:*:*:*:*:*:*", "versionEndExcluding": "2.6.4"}]}]}]}}]}

Read are pages of the API, their items, CVEs alone, and overrides in the same shape (github.com/anchore/nvd-data-overrides).

- A match that is `vulnerable` is a row of the namespace `cpe`; its name is `PART:VENDOR:PRODUCT`, its module the target software.
- Matches that are not are platforms (`runs on`): nothing can be told of them from an SBOM, so that they make no row and narrow none.
- `vulnStatus` Rejected is a withdrawal. A CVE that has no configuration yet still has its severities.
- A version with an update (`1.0:beta2`) is `1.0-beta2`; `-` is no version at all and makes no row.
"""

import re
from collections.abc import Iterator
from hashlib import sha256
from typing import NamedTuple

import msgspec
from msgspec import Raw, Struct, field

from sbommatch.advisory import Advisory, Affected, Event, EventKind, NameKind, Range, Severity
from sbommatch.ecosystems import CPE_NAMESPACE, CPE_SCHEME
from sbommatch.formats._format import FeedContext
from sbommatch.problem import Problem, ProblemCode

PARTS_OF_CPE = 13
"""`cpe`, `2.3`, part, vendor, product, version, update, edition, language, software edition, target software, target hardware, other."""

NOBODY = "null"
"""The vendor of overrides that say: no product at all."""

TARGET_SCHEMES = {"node.js": "npm", "python": "pypi", "ruby": "gem", "rust": "cargo", "go": "go", "maven": "maven", "drupal": "composer"}
"""Target software whose products have an ecosystem's versions."""

_UNESCAPED_COLON = re.compile(r"(?<!\\):")
_ESCAPE = re.compile(r"\\(.)")


class _Match(Struct, frozen=True, rename="camel"):
    criteria: str = ""
    vulnerable: bool = False
    version_start_including: str | None = None
    version_start_excluding: str | None = None
    version_end_including: str | None = None
    version_end_excluding: str | None = None


class _Node(Struct, frozen=True, rename="camel"):
    cpe_match: tuple[_Match, ...] = ()
    negate: bool = False


class _Configuration(Struct, frozen=True):
    nodes: tuple[_Node, ...] = ()


class _Cvss(Struct, frozen=True, rename="camel"):
    vector_string: str = ""


class _Metric(Struct, frozen=True, rename="camel"):
    cvss_data: _Cvss = _Cvss()
    source: str = ""


class _Metrics(Struct, frozen=True):
    v40: tuple[_Metric, ...] = field(default=(), name="cvssMetricV40")
    v31: tuple[_Metric, ...] = field(default=(), name="cvssMetricV31")
    v30: tuple[_Metric, ...] = field(default=(), name="cvssMetricV30")
    v2: tuple[_Metric, ...] = field(default=(), name="cvssMetricV2")


class _Text(Struct, frozen=True):
    lang: str = ""
    value: str = ""


class _Reference(Struct, frozen=True):
    url: str = ""


class _Cve(Struct, frozen=True, rename="camel"):
    id: str = ""
    vuln_status: str = ""
    published: str | None = None
    last_modified: str | None = None
    descriptions: tuple[_Text, ...] = ()
    metrics: _Metrics = _Metrics()
    configurations: tuple[_Configuration, ...] = ()
    references: tuple[_Reference, ...] = ()


class _Annotation(Struct, frozen=True):
    cve_id: str = ""


class _Item(Struct, frozen=True):
    cve: _Cve = _Cve()
    annotation: _Annotation = field(default=_Annotation(), name="_annotation")


class _Page(Struct, frozen=True):
    vulnerabilities: tuple[Raw, ...] | None = None
    cve: Raw = Raw()
    id: str = ""


_PAGE = msgspec.json.Decoder(_Page)
_ITEM = msgspec.json.Decoder(_Item)
_CVE = msgspec.json.Decoder(_Cve)


class NvdFormat:
    """The format `nvd`."""

    name = "nvd"
    suffixes: tuple[str, ...] = (".json",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """The advisories of a page of the API, of one of its items, of a CVE alone, or of an override."""
        try:
            page = _PAGE.decode(document)
            items = page.vulnerabilities if page.vulnerabilities is not None else (document,)
        except (ValueError, RecursionError) as exc:
            yield Problem(ProblemCode.BAD_RECORD, where, f"no document of NVD: {exc}", loss=True)
            return
        for index, raw in enumerate(items):
            place = f"{where}: vulnerabilities[{index}]" if page.vulnerabilities is not None else where
            try:
                item = _Item(_CVE.decode(raw)) if page.id.startswith("CVE-") else _ITEM.decode(raw)
            except (ValueError, RecursionError) as exc:
                yield Problem(ProblemCode.BAD_RECORD, place, f"no CVE: {exc}", loss=True)
                continue
            identifier = item.cve.id or item.annotation.cve_id
            if not identifier.startswith("CVE-"):
                yield Problem(ProblemCode.BAD_RECORD, place, f"no CVE: {identifier[:40]!r}", loss=True)
            else:
                yield _advisory(identifier, item.cve, bytes(raw), context)


def _advisory(identifier: str, cve: _Cve, raw: bytes, context: FeedContext) -> Advisory:
    english = next((text.value for text in cve.descriptions if text.lang.startswith("en")), "")
    matches = (match for configuration in cve.configurations for node in configuration.nodes if not node.negate for match in node.cpe_match)
    rows = dict.fromkeys(row for match in matches if match.vulnerable and (row := _affected(match)))
    return Advisory(
        id=identifier,
        feed=context.feed,
        cves=(identifier,),
        withdrawn=(cve.last_modified or cve.published or "1970-01-01") if cve.vuln_status == "Rejected" else None,
        affected=tuple(rows),
        severities=tuple(dict.fromkeys(_severities(cve.metrics, context.feed))),
        summary=" ".join(english.split())[:120],
        references=tuple(dict.fromkeys(one.url for one in cve.references if one.url.startswith("https://"))),
        published=cve.published,
        modified=cve.last_modified,
        record_sha256=sha256(raw).hexdigest(),
    )


def _severities(metrics: _Metrics, feed: str) -> Iterator[Severity]:
    for metric in (*metrics.v40, *metrics.v31, *metrics.v30, *metrics.v2):
        vector = metric.cvss_data.vector_string
        if vector:
            source = feed if metric.source in {"", "nvd@nist.gov"} else metric.source
            yield Severity(f"CVSS_V{vector[5]}" if vector.startswith("CVSS:") else "CVSS_V2", vector, source)


class CpeProduct(NamedTuple):
    """What a CPE names."""

    name: str
    """`PART:VENDOR:PRODUCT`."""
    version: str
    update: str
    target: str | None
    """Target software."""
    scheme: str


def product_of(criteria: str) -> CpeProduct | None:
    """The product of a CPE 2.3, unescaped and in lower case; None where it names none."""
    parts = [_ESCAPE.sub(r"\1", part) for part in _UNESCAPED_COLON.split(criteria)]
    if len(parts) != PARTS_OF_CPE or parts[3] == NOBODY or "*" in {parts[3], parts[4]}:
        return None
    part, vendor, product, version, update = (value.lower() for value in parts[2:7])
    target = parts[10].lower()
    named = None if target in {"*", "-"} else target
    return CpeProduct(f"{part}:{vendor}:{product}", version, update, named, TARGET_SCHEMES.get(target, CPE_SCHEME))


def row_of(product: CpeProduct, events: tuple[Event, ...]) -> Affected:
    """The row of a product."""
    return Affected(
        namespace=CPE_NAMESPACE,
        name=product.name,
        name_kind=NameKind.SELF,
        scheme=product.scheme,
        ranges=(Range(product.scheme, events, raw_of(events)),),
        module=product.target,
    )


def _affected(match: _Match) -> Affected | None:
    """The row of a match; None where it names no product or no version."""
    product = product_of(match.criteria)
    events = tuple(_events(match, product.version, product.update)) if product else ()
    return row_of(product, events) if product and events else None


def _events(match: _Match, version: str, update: str) -> Iterator[Event]:
    if version == "-":
        return
    if version != "*":
        exact = version if update in {"*", "-"} else f"{version}-{update}"
        yield from (Event(EventKind.INTRODUCED, exact), Event(EventKind.LAST_AFFECTED, exact))
        return
    if match.version_start_excluding is not None:
        yield Event(EventKind.INTRODUCED_AFTER_UPSTREAM, match.version_start_excluding)
    else:
        yield Event(EventKind.INTRODUCED, match.version_start_including or "0")
    if match.version_end_excluding is not None:
        yield Event(EventKind.FIXED, match.version_end_excluding)
    elif match.version_end_including is not None:
        yield Event(EventKind.LAST_AFFECTED, match.version_end_including)


_SIGNS = {
    EventKind.INTRODUCED: ">=",
    EventKind.INTRODUCED_AFTER_UPSTREAM: ">",
    EventKind.FIXED: "<",
    EventKind.LAST_AFFECTED: "<=",
}


def raw_of(events: tuple[Event, ...]) -> str:
    """Events as comparators, for people: `>=1.0,<1.2`."""
    return ",".join(f"{_SIGNS[event.kind]}{event.version}" for event in events)
