"""What reports for people and for other tools say of a finding: its package, the layer and instruction it came in by, and what to do."""

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum

from msgspec import Struct

from sbommatch.match.model import Finding, FindingStatus, TargetResult, Upgrade, VexWord
from sbommatch.match.policy import RANKS
from sbommatch.purl import InvalidPurl, parse_purl
from sbommatch.reports.words import fix_in_words
from sbommatch.sbom.component import Component, ComponentLayer
from sbommatch.statement import SILENCING

NOISE = re.compile(r"^(RUN (\|\d+ (\S+=\S* )*)?)?/bin/sh -c (#\(nop\)\s+)?|\s*# buildkit$")
"""What builders put around an instruction."""

UNDESCRIBED = ComponentLayer(-1, "")
"""Stands for layers that the document does not describe."""


class Shown(Struct, frozen=True):
    """A finding with all that stands around it."""

    finding: Finding
    component: Component
    layer: ComponentLayer
    upgrade: Upgrade | None
    """Of its package; None where it is suppressed."""

    @property
    def name(self) -> str:
        """Of the package, as its ecosystem writes it."""
        component = self.component
        return f"{component.group}/{component.name}" if component.group else component.name

    @property
    def source(self) -> str:
        """The source package of a distribution that it was found by; empty where that is its own name, or there is no such thing."""
        match = self.finding.match
        return match.name if ":" in match.namespace and match.name != self.component.name else ""

    @property
    def version(self) -> str:
        """Installed."""
        return self.component.version or self.finding.match.version

    @property
    def to(self) -> str | None:
        """The version to upgrade to; None where none is known to end this finding."""
        return self.upgrade.to if self.upgrade and self.finding.id in self.upgrade.fixes else None

    @property
    def is_open(self) -> bool:
        """Nothing silences it."""
        return self.finding.status is FindingStatus.OPEN


class Action(StrEnum):
    """What there is to do."""

    UPGRADE = "upgrade"
    REBUILD = "rebuild"
    """On a newer base image: that is where the package came from."""
    NONE = "none"
    """No version is known that fixes it."""


def shown(target: TargetResult) -> list[Shown]:
    """All findings, the worst first: by severity, the unknown last, then risk, then package and identifier."""
    components = {result.component.ref: result.component for result in target.components}
    layers = layers_of(target)
    upgrades = {(ref, one.namespace, one.name, one.version): one for one in target.upgrades for ref in one.refs}
    found = []
    for finding in target.findings:
        component, match = components[finding.ref], finding.match
        is_open = finding.status is FindingStatus.OPEN
        upgrade = upgrades.get((finding.ref, match.namespace, match.name, match.version)) if is_open else None
        layer = UNDESCRIBED if component.layer is None else layers.get(component.layer) or ComponentLayer(component.layer, "")
        found.append(Shown(finding, component, layer, upgrade))
    return sorted(found, key=_order)


def _order(one: Shown) -> tuple[object, ...]:
    finding = one.finding
    return worst_first(finding), one.name, one.version, finding.id, finding.ref


def worst_first(finding: Finding) -> tuple[float, float]:
    """Sorts findings by severity, the unknown last, and within one by risk."""
    return -RANKS.get(finding.severity.level, -1), -(finding.risk or 0.0)


def shown_by_upgrade(found: Iterable[Shown]) -> list[list[list[Shown]]]:
    """Findings, the worst first, by layer, and in each layer by upgrade: of the packages of one source, in one version.

    Layers and upgrades are in the order of the worst that they hold.
    """
    layers: dict[int, dict[tuple[str, str, str], list[Shown]]] = {}
    for one in found:
        match = one.finding.match
        name = match.name if ":" in match.namespace else one.name
        layers.setdefault(one.layer.index, {}).setdefault((match.namespace, name, one.version), []).append(one)
    return [list(groups.values()) for groups in layers.values()]


def layers_of(target: TargetResult) -> dict[int, ComponentLayer]:
    """By index."""
    return {layer.index: layer for layer in target.document.layers}


def action_of(upgrade: Upgrade | None, layer: ComponentLayer) -> Action:
    """What there is to do for a package that a layer brought in."""
    if upgrade is None or upgrade.to is None:
        return Action.NONE
    return Action.REBUILD if layer.origin == "base" else Action.UPGRADE


def advice(one: Shown) -> str:
    """The smallest change that ends a finding, in words: `upgrade curl 7.66.0-r0 to 7.66.0-r1 in layer 1 (Dockerfile:3-4)`."""
    if one.to is None or one.upgrade is None:
        if one.finding.fix.versions and not one.is_open:
            return f"it is fixed in {fix_in_words(one.finding.fix)}"
        return "no version is known that fixes it"
    place = f" in layer {layer_words(one.layer)}" if one.layer.index >= 0 else ""
    name = one.upgrade.name if ":" in one.upgrade.namespace else one.name
    change = f"{name} {one.upgrade.version} to {one.to}"
    if action_of(one.upgrade, one.layer) is Action.REBUILD:
        return f"rebuild on a newer base image, or upgrade {change}: it comes from the base{place}"
    return f"upgrade {change}{place}"


def layer_words(layer: ComponentLayer) -> str:
    """As in `2 (Dockerfile:5)`."""
    return f"{layer.index} ({layer.dockerfile})" if layer.dockerfile else str(layer.index)


def instruction(layer: ComponentLayer) -> str:
    """What built a layer, without the words that every builder puts around it."""
    return " ".join(NOISE.sub("", layer.created_by or "").split())


def exploitation(finding: Finding) -> str:
    """What is known of its use by attackers: `KEV, ransomware; EPSS 97.5 %`."""
    kev = ("KEV, ransomware" if finding.kev.ransomware else "KEV") if finding.kev else ""
    epss = f"EPSS {100 * finding.epss.score:.3g} %" if finding.epss else ""
    return "; ".join(filter(None, (kev, epss)))


class Stance(StrEnum):
    """What is said of a finding to others, who take it for a judgement on the package."""

    OPEN = "open"
    NOT_AFFECTED = "not_affected"
    """By a VEX statement."""
    FIXED = "fixed"
    """Likewise."""
    NO_CODE = "no_code"
    """Silenced, for the package has none of the code in question."""
    COVERED = "covered"
    """Silenced, for the distribution that delivers the package has its own word on it."""
    UNDECIDED = "undecided"
    """Silenced by the user's own policy, which says nothing of the package."""


_STANCES = {"kernel_headers": Stance.NO_CODE, "debug_package": Stance.NO_CODE, "covered_by": Stance.COVERED}


def word_of(finding: Finding) -> VexWord | None:
    """The VEX statement that counts for it."""
    return next((word for word in finding.vex if word.counts), None)


def stance_of(finding: Finding) -> Stance:
    """By the VEX statement that silences it, else the first rule that speaks of the package itself."""
    word = word_of(finding)
    if word and word.status in SILENCING:
        return Stance(word.status.value)
    if finding.status is FindingStatus.OPEN:
        return Stance.OPEN
    rules = (rule.partition(" ")[0] for rule in finding.suppressed_by)
    return next((_STANCES[rule] for rule in rules if rule in _STANCES), Stance.UNDECIDED)


def best_cvss(finding: Finding) -> float | None:
    """The score of the newest CVSS that is stated, of several the highest."""
    scores = finding.severity.cvss
    newest = max((float(one.version) for one in scores), default=None)
    return max((one.score for one in scores if float(one.version) == newest), default=None)


def link_of(identifier: str) -> str | None:
    """Where an identifier is explained; None where nobody knows."""
    if identifier.startswith("CVE-"):
        return f"https://nvd.nist.gov/vuln/detail/{identifier}"
    if identifier.startswith("GHSA-"):
        return f"https://github.com/advisories/{identifier}"
    return f"https://osv.dev/vulnerability/{identifier}" if _OSV.fullmatch(identifier) else None


_OSV = re.compile(r"(?:PYSEC|GO|RUSTSEC|DSA|DLA|USN|ALSA|RLSA|RHSA|BIT|JLSEC|OSV|MAL|HSEC|RSEC|EEF)-[A-Za-z0-9.:_-]+")


def valid_purl(purl: str | None) -> str | None:
    """A PURL that other tools can read; documents state some that are none."""
    try:
        parse_purl(purl or "")
    except InvalidPurl:
        return None
    return purl


def is_safe_link(link: str) -> bool:
    """Whether a link of an advisory may be shown as one: the web, and nothing that runs."""
    return link.startswith(("https://", "http://")) and link.isprintable() and not set(link) & set(" \"'<>\\^`{|}")


def by_vulnerability(found: Sequence[Shown]) -> dict[str, list[Shown]]:
    """In the order in which each is met first."""
    groups: dict[str, list[Shown]] = {}
    for one in found:
        groups.setdefault(one.finding.id, []).append(one)
    return groups
