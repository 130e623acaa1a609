"""What the store gives: the state of the database, its coverage, groups and records."""

from msgspec import Struct

from sbommatch.advisory import Epss, FixState, Kev, NameKind, State

EPOCH_ASSUMED = "epoch_assumed"
"""The rule of comparisons in which the version, whose epoch nobody knows, has the epoch of the bound."""

MODULE_ASSUMED = "module_assumed"
"""The rule of rpms that were built in a module, nobody says which, and of rows of which that is true."""


class Lookup(Struct, frozen=True, kw_only=True):
    """One question to the feed database: a row of its `lookup` table."""

    coordinate_id: bytes
    """SHA-256 (first 16 bytes) of the coordinate: the same in every document, database and machine."""
    namespace: str
    name: str
    name_kind: NameKind
    scheme: str
    raw_version: str
    key: bytes | None
    """None: the version has no key, and `compare` settles each pair."""
    arch: str | None = None
    module: str | None = None
    channels: tuple[str, ...] = ()
    """The channels of updates that the package belongs to; what rows of others say comes with their channel."""
    assumes: tuple[str, ...] = ()
    """What had to be assumed to ask this, as named rules: `epoch_assumed`, `derivative_of`, `module_assumed`, `made_purl`, `cpe`."""

    @property
    def question(self) -> tuple[object, ...]:
        """All that decides the answer: lookups of several coordinates may ask the same."""
        return (
            self.namespace, self.name, self.name_kind, self.scheme, self.raw_version, self.key, self.arch, self.module, self.channels,
            self.assumes,
        )  # fmt: skip


class Candidate(Struct, frozen=True, kw_only=True):
    """A row of the database that a lookup met: interval, listed version, or (NULL branch) settled by `compare`."""

    coordinate_id: bytes
    namespace: str
    name: str
    advisory_id: int
    feed: str
    record: str
    """The feed's own identifier of the record."""
    state: str
    """`affected` or `not_affected`; `fixed` is a row of one of the lookup's own channels whose fix the version has reached."""
    fix_state: FixState
    fix: str | None
    raw: str
    """The range as the feed says it."""
    rule: str
    """How it was met: `interval`, `listed`, `compare`, or a named rule of a scheme or format (`go_custom_ranges`)."""
    exact: bool
    """False where a rule had to assume something."""
    unplaced: bool = False
    """True: a bound of the row has no place in its order, so that the record could not be checked."""
    channel: str | None = None
    """Of the row."""
    place: int = 0
    """Of the lookup, among those asked together."""


class FeedStatus(Struct, frozen=True, kw_only=True):
    """One feed in the database, and what its snapshot held."""

    name: str
    snapshot: str
    """The snapshot's digest."""
    captured_at: str | None
    """RFC 3339; None where neither the user nor the feed states when it was taken."""
    covers: tuple[str, ...]
    """Namespaces that it speaks for, sorted."""
    completeness: str
    """`full`, `fixes_only`, `partial`."""
    proof: str
    loaded_at: str = ""
    """RFC 3339: when it was taken into the database."""
    ecosystems: tuple[str, ...] = ()
    """The namespaces that alone were loaded of it; empty: all."""
    advisories: int
    """Records read, withdrawn ones among them."""
    affected: int
    """Rows: intervals, listed versions, clearings."""
    withdrawn: int
    """Records withdrawn."""
    enrichments: int = 0
    """Identifiers that it says something of without naming a package: exploitation, severities."""
    end_of_life: int = 0
    """Dates until which releases are maintained."""
    unkeyed: int
    """Rows with a bound that has no key."""
    refused: int
    """Records that could not be read."""
    git_ranges: int
    """Ranges of commits, set aside."""
    unordered: int
    """Ranges whose events had to be sorted."""


class DatabaseStatus(Struct, frozen=True, kw_only=True):
    """A database as a whole."""

    file: str
    """Name of the database file."""
    digest: str
    """SHA-256 over schema number, key format and the sorted snapshot digests."""
    built_at: str
    key_format: int
    schema_number: int
    tool_version: str
    as_of: str | None = None
    """RFC 3339: the moment that the database is shown as of; None: as it is."""
    feeds: tuple[FeedStatus, ...]
    """Sorted by name."""


class SnapshotStatus(Struct, frozen=True):
    """A state of a feed that was loaded once."""

    snapshot: str
    """Its digest."""
    captured_at: str | None
    loaded_at: str
    advisories: int


class RatedSeverity(Struct, frozen=True, order=True):
    """A severity as somebody states it, with what its vector comes to."""

    system: str
    """`CVSS_V2`, `CVSS_V3`, `CVSS_V4`, or `label`."""
    value: str
    source: str
    score: float | None
    """Base score; None of a label, and of a vector that is none."""
    level: str
    """As `sbommatch.match.model.Level` says it."""


class Group(Struct, frozen=True, kw_only=True):
    """A vulnerability group, with what its standing records say of it."""

    group_id: int
    display: str
    """The CVE, else the GHSA, else a feed's own identifier."""
    ids: tuple[str, ...]
    """All identifiers, sorted."""
    severities: tuple[RatedSeverity, ...]
    """Of all standing records and enrichments of the group, sorted, without repetitions."""
    links: tuple[str, ...]
    """Of all standing records, likewise."""
    kev: Kev | None = None
    """Of several catalogs that list it, the entry that was added first."""
    epss: Epss | None = None
    """Of several scores the newest."""


class Told(Struct, frozen=True):
    """What a vulnerability is, for people."""

    summary: str
    """Empty where no record has one."""
    links: tuple[str, ...]
    """Of all standing records, sorted."""


class Record(Struct, frozen=True, kw_only=True):
    """One row of one record for a package, whether it counts or not: what `explain` and `search` show."""

    advisory_id: int
    feed: str
    record: str
    namespace: str
    name: str
    name_kind: str
    scheme: str
    state: State
    fix_state: FixState
    fix: str | None
    raw: str
    rule: str | None
    lo: bytes | None
    hi: bytes | None
    listed: str | None
    """The version that the row lists, where its text alone decides."""
    unplaced: bool
    channel: str | None = None
    arch: str | None = None
    module: str | None = None
    withdrawn: str | None
    met: bool
    """Whether the version of the lookup is in the row; False where there is no lookup."""
    applies: bool = True
    """False: the row is about another architecture or module than the lookup's."""


class FoundRecord(Struct, frozen=True, kw_only=True):
    """A record that a search found."""

    feed: str
    record: str
    ids: tuple[str, ...]
    """Of all its groups, sorted."""
    related: tuple[str, ...]
    withdrawn: str | None
    published: str | None
    modified: str | None
    summary: str
    links: tuple[str, ...]
    severities: tuple[RatedSeverity, ...]
    affected: tuple[Record, ...]
