"""Notices of rpm repositories, `updateinfo.xml` (DNF): Amazon Linux, AlmaLinux, Rocky Linux, Fedora and others.

    <update type="security"><id>ALSA-2023:7549</id> … <reference type="cve" id="CVE-2023-44487"/> …
      <collection><module name="nodejs" stream="18"/><package name="nodejs" epoch="1" version="18.18.2" release="1.el9" arch="x86_64"/>

- The distribution is told by the notice's number, its release by the mark in the packages' releases (`.el9`, `.amzn2`, `.fc40`).
- Notices that name no CVE and are not of the type `security` tell of other bugs: a note.
- Kernels of Amazon Linux 2's extras (`ALASKERNEL-5.10-2022-001`) are builds beside the base's: a channel.
"""

import re
from collections.abc import Iterator
from hashlib import sha256

import msgspec

from sbommatch.advisory import Advisory, Affected, Event, EventKind, NameKind, Range, Severity
from sbommatch.formats._format import FeedContext
from sbommatch.formats._rpm_notices import rpm_notice
from sbommatch.formats._xml import Element, InvalidXml, each
from sbommatch.problem import Problem, ProblemCode

DISTRIBUTIONS = (
    (re.compile(r"ALAS"), "amzn", re.compile(r"\.amzn(\d+)")),
    (re.compile(r"AL[SBE]A-"), "almalinux", re.compile(r"\.(?:el|module_el|module\+el)(\d+)")),
    (re.compile(r"RL[SBE]A-"), "rocky", re.compile(r"\.(?:el|module\+el|module_el)(\d+)")),
    (re.compile(r"EL[SBE]A-"), "ol", re.compile(r"\.(?:el|module\+el|module_el)(\d+)")),
    (re.compile(r"FEDORA-"), "fedora", re.compile(r"\.fc(\d+)")),
)
"""A notice's number -> the distribution, and where its packages have the release."""

_CVE = re.compile(r"CVE-\d{4}-\d{4,}")
_EXTRA_KERNEL = re.compile(r"ALASKERNEL-([\d.]+)-|ALAS\d*(LIVEPATCH)-", re.IGNORECASE)


class UpdateinfoFormat:
    """The format `updateinfo`."""

    name = "updateinfo"
    suffixes: tuple[str, ...] = (".xml",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """One advisory for each notice of security, in the document's order; the repository's own index beside it is nothing."""
        if b"<repomd" in document[:1000]:
            return
        found = 0
        try:
            for update in each(document, "update"):
                found += 1
                yield _advisory(update, where, context)
        except InvalidXml as exc:
            yield Problem(ProblemCode.BAD_RECORD, where, str(exc), loss=True)
            return
        if not found and b"<updates" not in document:
            yield Problem(ProblemCode.BAD_RECORD, where, "no notices of a repository", loss=True)


def _advisory(update: Element, where: str, context: FeedContext) -> Advisory | Problem:
    identifier = update.text_of("id")
    place = f"{where}: {identifier or 'a notice without an id'}"
    known = next(((distro, release) for number, distro, release in DISTRIBUTIONS if number.match(identifier)), None)
    if known is None:
        return Problem(
            ProblemCode.BAD_RECORD if not identifier else ProblemCode.UNKNOWN_ECOSYSTEM,
            place,
            "of no known distribution",
            loss=not identifier,
        )
    references = [reference for section in update.all("references") for reference in section.all("reference")]
    cves = {found for one in references if one.attributes.get("type") == "cve" for found in _CVE.findall(one.attributes.get("id", ""))}
    if not cves and update.attributes.get("type") != "security":
        return Problem(ProblemCode.NO_VULNERABILITY, place, f"of the type {update.attributes.get('type')!r}", loss=False)
    summary = " ".join((update.text_of("title") or update.text_of("summary")).split())
    issued = update.first("issued")
    severity = update.text_of("severity")
    advisory = Advisory(
        id=identifier,
        feed=context.feed,
        aliases=tuple(cves) if len(cves) == 1 else (),
        cves=tuple(sorted(cves)),
        affected=tuple(rpm_notice(_affected(update, *known), summary)),
        severities=(Severity("label", severity, context.feed),) if severity and severity != "None" else (),
        summary=summary,
        references=tuple(dict.fromkeys(href for one in references if (href := one.attributes.get("href", "")).startswith("https://"))),
        published=issued.attributes.get("date", "")[:10] or None if issued else None,
        record_sha256="",
    )
    return msgspec.structs.replace(advisory, record_sha256=sha256(msgspec.json.encode(advisory)).hexdigest())


def _affected(update: Element, distro: str, release: re.Pattern[str]) -> Iterator[Affected]:
    """Each package once for all architectures that it is fixed in."""
    archs: dict[Affected, dict[str, None]] = {}
    kernel = _EXTRA_KERNEL.match(update.text_of("id"))
    channel = (f"kernel-{kernel[1]}" if kernel[1] else "livepatch") if kernel else None
    for section in update.all("pkglist"):
        for collection in section.all("collection"):
            module = collection.first("module")
            stream = f"{module.attributes.get('name')}:{module.attributes.get('stream')}" if module else None
            for package in collection.all("package"):
                if row := _row(package.attributes, distro, release):
                    row = msgspec.structs.replace(row, module=stream, channel=channel)
                    archs.setdefault(row, {})[package.attributes.get("arch", "")] = None
    for row, stated in archs.items():
        named = sorted(arch for arch in stated if arch not in {"", "noarch", "src"})
        yield msgspec.structs.replace(row, arch="|".join(named) or None)


def _row(package: dict[str, str], distro: str, release: re.Pattern[str]) -> Affected | None:
    found = release.search(package.get("release", ""))
    if found is None or not package.get("name") or package.get("arch") == "src":
        return None
    fixed = f"{package.get('epoch') or '0'}:{package.get('version')}-{package.get('release')}"
    events = (Event(EventKind.INTRODUCED, "0"), Event(EventKind.FIXED, fixed))
    return Affected(
        namespace=f"{distro}:{found[1]}",
        name=package["name"],
        name_kind=NameKind.BINARY,
        scheme="rpm",
        ranges=(Range("rpm", events, f"<{fixed}"),),
    )
