"""What could not be read or placed, and whether anything was lost by it."""

from enum import StrEnum

from msgspec import Struct


class ProblemCode(StrEnum):
    """What kind of thing went wrong; the `message` of the problem says the rest."""

    BAD_COMPONENT = "bad_component"
    BAD_RECORD = "bad_record"
    CONTRADICTION = "contradiction"
    DUPLICATE_RECORD = "duplicate_record"
    DUPLICATE_REF = "duplicate_ref"
    GIT_RANGE = "git_range"
    INPUT_UNREADABLE = "input_unreadable"
    LIMIT_REACHED = "limit_reached"
    NO_COMPONENTS = "no_components"
    NO_PACKAGES = "no_packages"
    NO_PURL = "no_purl"
    NO_VULNERABILITY = "no_vulnerability"
    UNDER_INVESTIGATION = "under_investigation"
    UNKNOWN_ECOSYSTEM = "unknown_ecosystem"
    UNPLACED_BOUND = "unplaced_bound"
    UNORDERED_EVENTS = "unordered_events"
    WRAPPED = "wrapped"


class Problem(Struct, frozen=True, order=True):
    """Something that could not be read: a *loss* leaves the result incomplete (exit 5), a *note* does not."""

    code: ProblemCode
    where: str
    """File, record, JSON path: as precise as known, e.g. `all.zip: PYSEC-2021-1.json: affected[0].ranges[0]`."""
    message: str
    loss: bool
