"""SUSE and openSUSE: their notices as CVRF 1.1 (ftp.suse.com/pub/projects/security/cvrf).

    <ProductID>SUSE Linux Enterprise Server 15 SP1:kernel-default-4.12.14-197.26.1</ProductID>   under   <Status Type="Fixed">

A product identifier is a product and a build; only fixed ones are told. Products and channels are those of the OVAL documents. Builds are
named without an epoch: SUSE's packages have none but for a few, and a missing one is 0.
"""

import re
from collections.abc import Iterator
from hashlib import sha256

from sbommatch.advisory import Advisory, Affected, Event, EventKind, NameKind, Range, Severity
from sbommatch.formats._format import FeedContext
from sbommatch.formats._xml import Element, InvalidXml, parse
from sbommatch.formats.suse_oval import place_of
from sbommatch.problem import Problem, ProblemCode

_BUILD = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)")
_CVE = re.compile(r"CVE-\d{4}-\d{4,}")


class SuseCvrfFormat:
    """The format `suse-cvrf`."""

    name = "suse-cvrf"
    suffixes: tuple[str, ...] = (".xml",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """The notice of one document."""
        try:
            root = parse(document)
        except InvalidXml as exc:
            yield Problem(ProblemCode.BAD_RECORD, where, str(exc), loss=True)
            return
        identifier = root.text_of("DocumentTracking", "Identification", "ID")
        if root.name != "cvrfdoc" or not identifier:
            yield Problem(ProblemCode.BAD_RECORD, where, f"no CVRF document, but <{root.name}>, or one without an ID", loss=True)
            return
        vulnerabilities = list(root.all("Vulnerability"))
        found = dict.fromkeys(row for one in vulnerabilities for row in _affected(one))
        rows = tuple(row for row in found if isinstance(row, Affected))
        for product in (row for row in found if isinstance(row, str)):
            yield Problem(ProblemCode.UNKNOWN_ECOSYSTEM, f"{where}: {identifier}", f"no packages here of {product}", loss=False)
        cves = sorted({name for one in vulnerabilities for name in _CVE.findall(one.text_of("CVE"))})
        yield Advisory(
            id=identifier,
            feed=context.feed,
            aliases=tuple(cves) if len(cves) == 1 else (),
            cves=tuple(cves),
            affected=rows,
            severities=tuple(dict.fromkeys(severity for one in vulnerabilities for severity in _severities(one, context.feed))),
            summary=" ".join(root.text_of("DocumentTitle").split()),
            references=tuple(dict.fromkeys(_links(root))),
            published=root.text_of("DocumentTracking", "InitialReleaseDate") or None,
            modified=root.text_of("DocumentTracking", "CurrentReleaseDate") or None,
            record_sha256=sha256(document).hexdigest(),
        )


def _affected(vulnerability: Element) -> Iterator[Affected | str]:
    """What is fixed; the name of a product that has no packages here."""
    for status in vulnerability.descendants("Status"):
        for product in status.all("ProductID") if status.attributes.get("Type") == "Fixed" else ():
            whole, _, build = product.text.strip().rpartition(":")
            place, named = place_of(f"{whole} is installed"), _BUILD.fullmatch(build)
            if place is None or named is None:
                yield whole
                continue
            events = (Event(EventKind.INTRODUCED, "0"), Event(EventKind.FIXED, named["version"]))
            yield Affected(
                namespace=place[0],
                name=named["name"],
                name_kind=NameKind.BINARY,
                scheme="rpm",
                ranges=(Range("rpm", events, f"<{named['version']}"),),
                channel=place[1],
            )


def _severities(vulnerability: Element, source: str) -> Iterator[Severity]:
    for threat in vulnerability.descendants("Threat"):
        if threat.attributes.get("Type") == "Impact" and (word := threat.text_of("Description")):
            yield Severity("label", word, source)
    for vector in vulnerability.descendants("Vector"):
        text = vector.text.strip()
        yield Severity(f"CVSS_V{text[5]}" if text.startswith("CVSS:") else "CVSS_V2", text, source)


def _links(root: Element) -> Iterator[str]:
    for section in root.all("DocumentReferences"):
        yield from (url for one in section.all("Reference") if (url := one.text_of("URL")).startswith("https://"))
