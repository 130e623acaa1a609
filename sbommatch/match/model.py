"""The types of matching: lookups in, findings and verdicts out."""

from enum import StrEnum

from msgspec import Struct

from sbommatch.advisory import Epss, FixState, Kev
from sbommatch.problem import Problem
from sbommatch.sbom.component import Component, Document
from sbommatch.statement import SILENCING, Status
from sbommatch.store.model import Lookup


class NotChecked(StrEnum):
    """Why a component, or one record of it, was not checked."""

    NO_FEED = "no_feed"
    NO_VERSION = "no_version"
    NO_IDENTITY = "no_identity"
    NO_DISTRO = "no_distro"
    NO_SCHEME = "no_scheme"
    INVALID_VERSION = "invalid_version"
    UNPLACED_BOUND = "unplaced_bound"
    NOT_READ = "not_read"


class Identity(Struct, frozen=True, kw_only=True):
    """What a component is to the feeds: its lookups, or why it has none."""

    component: Component
    lookups: tuple[Lookup, ...]
    reason: NotChecked | None = None
    """Why it cannot be checked; None where it can. With `invalid_version` there are lookups all the same: a record may list that text."""


class Verdict(StrEnum):
    """What is known of a component; none of them says *safe*."""

    AFFECTED = "affected"
    CLEARED = "cleared"
    NO_MATCH = "no_match"
    NOT_CHECKED = "not_checked"


class Level(StrEnum):
    """Severity levels, lowest first; `unknown` is none of them."""

    NONE = "none"
    NEGLIGIBLE = "negligible"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


class CvssScore(Struct, frozen=True):
    """A CVSS vector with its base score."""

    version: str
    """`2.0`, `3.1`, `4.0`."""
    vector: str
    score: float
    source: str


class FindingSeverity(Struct, frozen=True):
    """The severity that a finding is sorted and judged by, and all vectors known for its group."""

    level: Level
    source: str | None
    cvss: tuple[CvssScore, ...]


class Match(Struct, frozen=True, kw_only=True):
    """Why a finding stands: one record, one row, one rule."""

    feed: str
    record: str
    rule: str
    namespace: str
    name: str
    version: str
    range: str
    exact: bool
    channel: str | None = None
    """The channel of updates that the row is about, which not every system gets."""


class ChannelFix(Struct, frozen=True, order=True):
    """A fix that comes by a channel of updates which the package is not known to get."""

    channel: str
    versions: tuple[str, ...]


class Fix(Struct, frozen=True):
    """What would fix it."""

    state: FixState
    versions: tuple[str, ...]
    channels: tuple[ChannelFix, ...] = ()
    """Sorted."""


class FindingStatus(StrEnum):
    """Whether a rule or statement silences the finding."""

    OPEN = "open"
    SUPPRESSED = "suppressed"


class VexWord(Struct, frozen=True, kw_only=True):
    """What a VEX document says of a finding."""

    document: str
    status: Status
    justification: str | None
    impact: str | None
    action: str | None
    said_at: str | None
    """RFC 3339, UTC."""
    counts: bool
    """False where a newer document says otherwise, or another one does and none is the newer."""


class Finding(Struct, frozen=True, kw_only=True):
    """One component and one vulnerability group."""

    ref: str
    id: str
    """The group's CVE, else its GHSA, else the feed's own identifier."""
    ids: tuple[str, ...]
    match: Match
    """Of the best-sourced record."""
    also: tuple[Match, ...]
    fix: Fix
    severity: FindingSeverity
    hidden: bool
    kev: Kev | None = None
    epss: Epss | None = None
    risk: float | None = None
    """See `sbommatch.match.risk`."""
    status: FindingStatus = FindingStatus.OPEN
    suppressed_by: tuple[str, ...] = ()
    """What silences it: rules of the user or of matching itself (`kernel_headers`, `covered_by REF`), VEX statements."""
    vex: tuple[VexWord, ...] = ()
    """The newest first."""

    @property
    def is_cleared(self) -> bool:
        """Whether a VEX statement says that this one is not affected, or not any more."""
        return any(word.counts and word.status in SILENCING for word in self.vex)


class Unchecked(Struct, frozen=True, order=True):
    """A record that could not be placed for a component."""

    feed: str
    record: str
    reason: NotChecked


class ComponentResult(Struct, frozen=True, kw_only=True):
    """A component with its verdict."""

    component: Component
    verdict: Verdict
    reason: NotChecked | None
    unchecked: tuple[Unchecked, ...]
    lookups: tuple[Lookup, ...]
    feeds: tuple[tuple[str, ...], ...]
    """For each lookup the feeds that cover its namespace."""
    cleared: tuple[str, ...] = ()
    """The vulnerabilities, as findings are called, of which a record says that they do not affect it, sorted."""
    covered_by: str | None = None
    """ref of the OS package that delivers it, whose verdict it has: the distribution maintains it, and knows its own fixes."""


class Upgrade(Struct, frozen=True, kw_only=True):
    """The smallest change to one package, in one layer, that fixes what was found in it; see `sbommatch.match.advice`."""

    layer: int | None
    """Of the packages, where the document knows it."""
    hidden: bool
    """Whether a later layer removed them; their files still ship in this one."""
    namespace: str
    name: str
    """As the records call it: of a distribution mostly the source package."""
    version: str
    """Installed."""
    to: str | None
    """The lowest version known to fix all of `fixes`; None where none is known."""
    refs: tuple[str, ...]
    """Of the components, sorted."""
    fixes: tuple[str, ...]
    """Identifiers of the findings that the upgrade ends, sorted."""
    remains: tuple[str, ...]
    """Identifiers of those that no known version ends, sorted."""


class TargetResult(Struct, frozen=True, kw_only=True):
    """One document with its verdicts and findings, sorted."""

    document: Document
    distro_from: str
    """`os_component`, `purl`, `option` or `none`."""
    distro_id: str | None
    distro_version: str | None
    components: tuple[ComponentResult, ...]
    findings: tuple[Finding, ...]
    problems: tuple[Problem, ...]
    upgrades: tuple[Upgrade, ...] = ()
    """What would fix the open findings; empty until `sbommatch.match.advice` was asked."""
