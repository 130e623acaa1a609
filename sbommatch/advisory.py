"""Advisories in OSV's words, with raw versions: what every format yields, and what the store and the matching speak of."""

from enum import StrEnum

from msgspec import Struct


class EventKind(StrEnum):
    """A step along a version line. The first four are OSV's."""

    INTRODUCED = "introduced"
    """Affected from this version on; `0` stands below every version."""
    FIXED = "fixed"
    """Not affected from this version on."""
    LAST_AFFECTED = "last_affected"
    """Affected up to and with this version."""
    LIMIT = "limit"
    """Affected below this version only; `*` is no limit."""
    INTRODUCED_AFTER_UPSTREAM = "introduced_after_upstream"
    """Affected from the first version whose upstream part is above this one's: 1.29.3-r10 says nothing of 1.29.3-r11, and 1.30.1-r1 is
    affected again.
    """


class Event(Struct, frozen=True, array_like=True):
    """One event of a range, with the version as the feed writes it."""

    kind: EventKind
    version: str


class Range(Struct, frozen=True):
    """A range of versions in one scheme's order; events in the feed's own order."""

    scheme: str
    """Name in `sbommatch.versions.SCHEMES`."""
    events: tuple[Event, ...]
    raw: str
    """What the feed says, short and readable: `>=1.0,<1.2`; `explain` shows it."""
    rule: str | None = None
    """Names a rule of the format that made this range other than the plain reading: `go_custom_ranges`."""


class NameKind(StrEnum):
    """What kind of name a package name is."""

    SOURCE = "source"
    BINARY = "binary"
    SELF = "self"
    """The package's own: languages know no other."""


class State(StrEnum):
    """What a row says of the versions in its interval."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not_affected"
    """Said in so many words: Alpine's `0`, known_not_affected."""


class FixState(StrEnum):
    """Whether there is a fix."""

    FIXED = "fixed"
    NOT_FIXED = "not_fixed"
    WONT_FIX = "wont_fix"
    EOL = "eol"
    UNKNOWN = "unknown"


class Severity(Struct, frozen=True):
    """A severity as somebody states it."""

    system: str
    """`CVSS_V2`, `CVSS_V3`, `CVSS_V4`, or `label` for a word (`HIGH`)."""
    value: str
    """The vector, or the word."""
    source: str
    """Who says so: the feed's name, or the source it names."""


ANY_MODULE = "*"
"""The module of what was built in one, nobody says which."""

GIT_RANGE = "git_range"
"""The rule of a range of commits, without events: no version can be placed in it."""


class Affected(Struct, frozen=True, kw_only=True):
    """One package that an advisory speaks of."""

    namespace: str
    """`pypi`, `golang`, `alpine:3.11`: the PURL type of a language, `ID:VERSION` of a distribution; `cpe` where a source knows CPEs alone,
    and then the name is `PART:VENDOR:PRODUCT` (`a:openssl:openssl`), unescaped and lower case, and `module` the target software if stated.
    """
    name: str
    """Normalised as `sbommatch.names` does."""
    name_kind: NameKind
    scheme: str
    """The order that `versions` and `ranges` are in."""
    ranges: tuple[Range, ...] = ()
    versions: tuple[str, ...] = ()
    """Versions listed one by one, as the feed writes them."""
    state: State = State.AFFECTED
    fix_state: FixState | None = None
    """None: a range that ends in `fixed` is fixed, any other unknown."""
    arch: str | None = None
    """As the distribution's packages write it, `x86_64`; several are joined, `aarch64|x86_64`."""
    module: str | None = None
    """The modularity stream, `NAME:STREAM`, that the row is about; `ANY_MODULE` where the feed does not say which it is."""
    channel: str | None = None
    """A stream of updates that only some systems get: `eus:8.6`, `esm-apps`, `fips`, `ksplice`, `elts`."""
    severities: tuple[Severity, ...] = ()


class Advisory(Struct, frozen=True, kw_only=True):
    """One record of a feed."""

    id: str
    feed: str
    aliases: tuple[str, ...] = ()
    """Identifiers of the same vulnerability, CVEs among them."""
    cves: tuple[str, ...] = ()
    """Every CVE among `id`, `aliases` and (for a distribution's notice) `upstream`, sorted."""
    related: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    withdrawn: str | None = None
    """RFC 3339."""
    affected: tuple[Affected, ...] = ()
    severities: tuple[Severity, ...] = ()
    summary: str = ""
    references: tuple[str, ...] = ()
    published: str | None = None
    modified: str | None = None
    record_sha256: str
    """Hexadecimal SHA-256 of the record's bytes in the feed."""


class Kev(Struct, frozen=True):
    """An entry of CISA's catalog of known exploited vulnerabilities."""

    added: str
    """`YYYY-MM-DD`, like `due`."""
    due: str | None = None
    ransomware: bool | None = None
    """Whether ransomware is known to use it; None: not stated."""


class Epss(Struct, frozen=True):
    """What FIRST's Exploit Prediction Scoring System says of a CVE."""

    score: float
    """Probability of exploitation within 30 days, 0 to 1."""
    percentile: float | None = None
    date: str | None = None
    """`YYYY-MM-DD` of the model's run."""


class Enrichment(Struct, frozen=True, kw_only=True):
    """What a feed says of a vulnerability without naming a package; it joins the vulnerability's group when that is read."""

    id: str
    """The CVE, or another identifier of the group."""
    feed: str
    kev: Kev | None = None
    epss: Epss | None = None
    severities: tuple[Severity, ...] = ()


class EndOfLife(Struct, frozen=True):
    """Until when a release of a distribution is maintained."""

    namespace: str
    """`debian:10`."""
    feed: str
    on: str
    """`YYYY-MM-DD`: the first day without support."""
    what: str = ""
    """Which support ends: `standard`, `extended`; empty: not stated."""
