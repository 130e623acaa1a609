"""A change of what is known of a stored document: what became of one vulnerability at one component, and why.

`sbommatch.changes/1` of the interface, and what a reader of a notification wants to know without opening the archive.
"""

from enum import StrEnum

from msgspec import Struct


class ChangeKind(StrEnum):
    """What became of it."""

    AFFECTED = "affected"
    RESOLVED = "resolved"
    FIX_CHANGED = "fix_changed"
    SEVERITY_CHANGED = "severity_changed"
    KEV = "kev"


class Cause(StrEnum):
    """What brought it about."""

    FEED = "feed"
    """A record came, changed, was withdrawn or went."""
    FEED_GONE = "feed_gone"
    """The feed is not in the database any more, or covers less: resolves nothing."""
    DOCUMENT = "document"
    """A document was added or removed."""
    RULES = "rules"
    """The rules or keys of this release decide otherwise than those of the one before."""


class Because(Struct, frozen=True):
    """A cause and, for people, which record, document or release it was."""

    what: Cause
    detail: str


class ArchiveChange(Struct, frozen=True, kw_only=True):
    """One change of one vulnerability at one component of one document."""

    change_id: str
    """Hexadecimal; the same whenever the same change is found again: notifications are de-duplicated by it."""
    at: str
    """UTC, RFC 3339: when it was found."""
    kind: ChangeKind
    document: str
    """SHA-256 of the document."""
    ref: str
    """The component's reference within it."""
    package: str
    version: str | None
    purl: str | None
    id: str
    """By which the finding goes: what `scan` shows first."""
    record: str
    because: Because
    severity: str | None
    """As it is now; of what was resolved, as it was."""
    is_kev: bool
    fix: str | None
    """The version that fixes it, where there is one."""
    subject: str
    """What the document is about: name and version, else its path."""
    labels: dict[str, str]
