"""CSAF 2.0 (OASIS): security advisories and VEX of vendors, Red Hat's among them (security.access.redhat.com/data/csaf/v2/vex).

A document has a tree of products, relations between them ("curl, as a component of RHEL 9 BaseOS"), and vulnerabilities that say of product
identifiers: fixed, known affected, known not affected, under investigation.

- An rpm stands by its PURL and the CPE of the product that it is a component of: release, and channel where the product is not the release
  itself (`eus:9.2`; `openshift:4.16` of a layered product, whose fixes say nothing of the release's own packages).
- *Fixed* of an rpm is the version that fixes: all below are affected. Of other packages (`pkg:maven/…`) it is one version that is not.
- Several fixes of one rpm in one channel are those of its minor releases (`7.76.1-23.el9_2.4`, `7.76.1-26.el9_3.2`): see `_fixed`.
- *Known affected* without a version is all versions; the remediation says whether a fix is planned.
- A component without a PURL, as in Red Hat's documents of 2023, is a source package of the product's release.
- *Under investigation* affects nothing yet and is counted.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cmp_to_key
from hashlib import sha256

import msgspec

from sbommatch.advisory import Advisory, Affected, Event, EventKind, FixState, NameKind, Range, Severity, State
from sbommatch.formats._format import FeedContext
from sbommatch.formats._packages import package_of
from sbommatch.formats.csaf_tree import DECODER, CsafDocument, Place, Products, Vulnerability, release_of_cpe, source_package
from sbommatch.problem import Problem, ProblemCode


class CsafFormat:
    """The format `csaf`."""

    name = "csaf"
    suffixes: tuple[str, ...] = (".json",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """One advisory for each vulnerability, under the CVE's name where the document has that for its own, else the document's."""
        try:
            found = DECODER.decode(document)
            products = Products(found.product_tree)
        except (ValueError, RecursionError) as exc:
            yield Problem(
                ProblemCode.BAD_RECORD, where, f"no CSAF document: {exc}", loss=b'"csaf_version"' in document or not _is_json(document)
            )
            return
        for vulnerability in found.vulnerabilities:
            yield from _read(vulnerability, found, products, (where, context))


def _is_json(document: bytes) -> bool:
    """Whether it is whole JSON: what providers publish beside their documents (metadata, indexes) is a note."""
    try:
        msgspec.json.decode(document, type=msgspec.Raw)
    except (ValueError, RecursionError):
        return False
    return True


def _read(
    vulnerability: Vulnerability, document: CsafDocument, products: Products, at: tuple[str, FeedContext]
) -> Iterator[Advisory | Problem]:
    where, context = at
    tracking = document.document.tracking
    names = [vulnerability.cve] if vulnerability.cve else [one.text for one in vulnerability.ids if one.text]
    identifier = tracking.id
    if names and tracking.id != names[0]:
        identifier = f"{tracking.id}/{names[0]}" if len(document.vulnerabilities) > 1 else tracking.id
    unplaced: dict[str, int] = {}
    affected = list(_affected(vulnerability, products, unplaced))
    if count := unplaced.pop("under_investigation", 0):
        yield Problem(ProblemCode.UNDER_INVESTIGATION, f"{where}: {identifier}", f"{count} products are under investigation", loss=False)
    if unplaced:
        text = ", ".join(f"{count} {what}" for what, count in sorted(unplaced.items()))
        yield Problem(ProblemCode.UNKNOWN_ECOSYSTEM, f"{where}: {identifier}", f"products that have no packages here: {text}", loss=False)
    advisory = Advisory(
        id=identifier,
        feed=context.feed,
        aliases=tuple(name for name in names if name != identifier),
        cves=(vulnerability.cve,) if vulnerability.cve else (),
        affected=tuple(_joined(affected)),
        severities=tuple(_severities(vulnerability, context.feed)),
        summary=vulnerability.title or document.document.title,
        references=tuple(dict.fromkeys(one.url for one in vulnerability.references if one.url.startswith("https://"))),
        published=tracking.initial_release_date,
        modified=tracking.current_release_date,
        record_sha256="",
    )
    yield msgspec.structs.replace(advisory, record_sha256=sha256(msgspec.json.encode(advisory)).hexdigest())


def _severities(vulnerability: Vulnerability, source: str) -> Iterator[Severity]:
    words = dict.fromkeys(threat.details for threat in vulnerability.threats if threat.category == "impact" and len(threat.details) < 20)
    yield from (Severity("label", word, source) for word in words)
    vectors = (one.vector_string for score in vulnerability.scores for one in (score.cvss_v3, score.cvss_v2) if one and one.vector_string)
    for vector in dict.fromkeys(vectors):
        yield Severity(f"CVSS_V{vector[5]}" if vector.startswith("CVSS:") else "CVSS_V2", vector, source)


def _affected(vulnerability: Vulnerability, products: Products, unplaced: dict[str, int]) -> Iterator[Affected]:
    planned = _fix_states(vulnerability)
    for status, identifiers in sorted(vulnerability.product_status.items()):
        for identifier in identifiers:
            if status == "under_investigation":
                unplaced[status] = unplaced.get(status, 0) + 1
                continue
            place = products.place(identifier)
            if (source := source_package(place)) and status.startswith("known_"):
                place = place._replace(purl=source)
            row = _rpm(place, status) if place.purl and place.purl.type == "rpm" else _other(place, status)
            if row is None:
                what = f"of PURL type {place.purl.type}" if place.purl else "without a PURL"
                unplaced[what] = unplaced.get(what, 0) + 1
            elif status == "known_affected":
                yield msgspec.structs.replace(row, fix_state=planned.get(identifier, FixState.NOT_FIXED))
            else:
                yield row


def _fix_states(vulnerability: Vulnerability) -> Mapping[str, FixState]:
    states = {"no_fix_planned": FixState.WONT_FIX, "none_available": FixState.NOT_FIXED}
    return {
        identifier: states[remediation.category]
        for remediation in vulnerability.remediations
        if remediation.category in states
        for identifier in remediation.product_ids
    }


def _rpm(place: Place, status: str) -> Affected | None:
    """An rpm of Red Hat's; None of any other, and of a product without a release."""
    purl = place.purl
    found = next((where for cpe in place.cpes if (where := release_of_cpe(cpe))), None)
    if purl is None or found is None or purl.namespace != "redhat":
        return None
    arch = purl.qualifiers.get("arch")
    version = f"{purl.qualifiers.get('epoch', '0')}:{purl.version}" if purl.version else None
    events: tuple[Event, ...] = (Event(EventKind.INTRODUCED, "0"),)
    if status in {"fixed", "first_fixed"}:
        if version is None:
            return None
        events = (*events, Event(EventKind.FIXED, version))
    elif status not in {"known_affected", "known_not_affected"}:
        return None
    return Affected(
        namespace=f"rhel:{found[0]}",
        name=purl.name,
        name_kind=NameKind.SOURCE if arch == "src" else NameKind.BINARY,
        scheme="rpm",
        ranges=(Range("rpm", events, f"<{version}" if len(events) > 1 else "*"),),
        state=State.NOT_AFFECTED if status == "known_not_affected" else State.AFFECTED,
        arch=arch if arch not in {None, "src", "noarch"} else None,
        module=place.module,
        channel=found[1],
    )


def _other(place: Place, status: str) -> Affected | None:
    """A package of a language, or of a distribution whose PURL states the release: listed versions, a range, or all versions."""
    package = package_of(place.purl) if place.purl else None
    cleared = status in {"known_not_affected", "fixed", "first_fixed", "recommended"}
    if package is None or place.purl is None or not (cleared or status in {"known_affected", "first_affected", "last_affected"}):
        return None
    version = place.purl.version
    ranges: tuple[Range, ...] = ()
    if place.versions is not None:
        parsed = _vers(place.versions, package.scheme)
        if parsed is None:
            return None
        ranges = (parsed,)
    elif version is None and status.startswith("known_"):
        ranges = (Range(package.scheme, (Event(EventKind.INTRODUCED, "0"),), "*"),)
    elif version is None:
        return None
    return Affected(
        namespace=package.namespace,
        name=package.name,
        name_kind=package.name_kind,
        scheme=package.scheme,
        ranges=ranges,
        versions=(version,) if version and not ranges else (),
        state=State.NOT_AFFECTED if cleared else State.AFFECTED,
        channel=package.channel,
    )


def _vers(text: str, scheme: str) -> Range | None:
    from sbommatch.ranges import SYNTAX_BY_NAME, InvalidRange, Unsayable, events
    from sbommatch.versions import SCHEME_BY_NAME

    try:
        return Range(scheme, events(SYNTAX_BY_NAME["vers"].parse(text).without_rules(), SCHEME_BY_NAME[scheme]), text)
    except (InvalidRange, Unsayable):
        return None


def _joined(rows: list[Affected]) -> Iterator[Affected]:
    """The rows, those that differ in the architecture alone in one, and several fixes of one package in one range."""
    archs: dict[Affected, dict[str | None, None]] = {}
    for row in rows:
        archs.setdefault(msgspec.structs.replace(row, arch=None), {})[row.arch] = None
    fixes: dict[Affected, list[str]] = {}
    for row, stated in archs.items():
        joined = msgspec.structs.replace(row, arch=None if None in stated else "|".join(sorted(arch for arch in stated if arch)))
        if row.scheme == "rpm" and row.ranges[0].events[-1].kind is EventKind.FIXED:
            fixes.setdefault(msgspec.structs.replace(joined, ranges=()), []).append(row.ranges[0].events[-1].version)
        else:
            yield joined
    for row, versions in fixes.items():
        yield msgspec.structs.replace(row, ranges=(_fixed(versions),))


_EVR = re.compile(r"(?P<upstream>.*-)(?P<release>\d+)\b.*")


def _fixed(versions: list[str]) -> Range:
    """Affected below the highest fix, but for what a lower one clears: later builds of its own release, as minor releases get them.

    >>> _fixed(["0:7.76.1-26.el9_3.2", "0:7.76.1-23.el9_2.4"]).raw
    '<0:7.76.1-23.el9_2.4 || >=0:7.76.1-24,<0:7.76.1-26.el9_3.2'
    """
    from sbommatch.versions import SCHEME_BY_NAME

    ordered = sorted(versions, key=cmp_to_key(SCHEME_BY_NAME["rpm"].compare))
    events, raw = [Event(EventKind.INTRODUCED, "0")], ""
    for place, version in enumerate(ordered):
        following = _nextrelease_of_cpe(version)
        is_last = place == len(ordered) - 1
        if not is_last and (following is None or SCHEME_BY_NAME["rpm"].compare(following, ordered[place + 1]) >= 0):
            continue
        raw += f"<{version}"
        events.append(Event(EventKind.FIXED, version))
        if not is_last and following:
            raw += f" || >={following},"
            events.append(Event(EventKind.INTRODUCED, following))
    return Range("rpm", tuple(events), raw, "several_fixes" if len(events) > 2 else None)


def _nextrelease_of_cpe(version: str) -> str | None:
    """The lowest version of the next release number; None where the release begins with none."""
    found = _EVR.fullmatch(version)
    return f"{found['upstream']}{int(found['release']) + 1}" if found else None
