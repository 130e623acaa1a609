"""Why a finding came, went or changed: what the feeds did since, a feed that is not there any more, or rules of our own."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import UTC, datetime

from msgspec import Struct

from sbommatch.archive.change import Because, Cause
from sbommatch.archive.log import Run
from sbommatch.archive.standing import Difference, Standing
from sbommatch.errors import UsageError
from sbommatch.store.diff import Change, IdentifierChange, Kind, What, changed_names, difference
from sbommatch.store.diff import Difference as FeedsDifference
from sbommatch.store.open import Database, open_database
from sbommatch.store.queries import coverage

WHAT_WORDS = {
    What.VERSIONS: "meets other versions",
    What.FIX: "names another fix",
    What.RANGE: "has other bounds",
    What.SEVERITY: "has another severity",
    What.NAMES: "has other names",
    What.TEXT: "has other texts",
    What.KEV: "says otherwise whether it is exploited",
}


class Causes(Struct, frozen=True, kw_only=True):
    """What came between two states."""

    packages: frozenset[tuple[str, str]] | None
    """Those of which anything may be said otherwise; None: any."""
    changes: Mapping[tuple[str, str], list[Change]]
    """By namespace and name."""
    identifiers: Mapping[str, list[IdentifierChange]]
    covers: Mapping[str, frozenset[str]]
    """By feed that is there the namespaces that it speaks for; none: any."""
    gone: tuple[str, ...]
    """Feeds that were there, and are not."""
    old_rules: str | None
    """Where they are others now."""

    def is_gone(self, one: Standing) -> bool:
        """Whether nobody says anything any more of what a finding rests on."""
        covers = self.covers.get(one.feed)
        return covers is None or bool(covers and one.namespace not in covers)

    def of(self, found: Difference) -> Because:
        """Why a finding is not what it was."""
        one = found.standing
        ids = set(one.ids.split())
        changes = self.changes.get((one.namespace, one.name), [])
        records = {standing.record for standing in (found.before, found.after) if standing}
        for change in sorted(changes, key=lambda change: (change.record not in records, change.record not in ids, change.feed != one.feed)):
            return Because(Cause.FEED, f"{change.feed}: {change.record} {_words(change)}")
        for id_ in sorted(ids & self.identifiers.keys()):
            said = self.identifiers[id_][0]
            return Because(Cause.FEED, f"{said.feed}: of {said.id} it {', and '.join(WHAT_WORDS[what] for what in said.what)}")
        if self.gone:
            return Because(Cause.FEED_GONE, f"{', '.join(self.gone)}: not in the database any more")
        if self.old_rules is not None and self.packages is not None:
            return Because(Cause.RULES, f"the rules of {self.old_rules} decided otherwise")
        return Because(Cause.FEED, f"{one.feed}: {one.record}; the database does not show what it said before")


def _words(change: Change) -> str:
    if change.kind is Kind.ADDED:
        return "was added"
    if change.kind is Kind.REMOVED:
        return "was removed"
    if What.WITHDRAWN in change.what:
        return "was withdrawn, or stands again"
    return ", ".join(WHAT_WORDS[what] for what in change.what)


def moment_of(database: Database) -> str | None:
    """As of when the database shows what it shows now, once it was updated; None where it has no feeds."""
    moments = [feed.captured_at or feed.loaded_at for feed in coverage(database)]
    return max(moments, default=None)


@contextmanager
def as_it_was(run: Run, database: Database) -> Iterator[Database | None]:
    """The database's state of a run; None where it does not know it any more: it was built anew, or is another one."""
    if run.moment is None:
        yield None
        return
    try:
        with open_database(database.path, database.threads, datetime.fromisoformat(run.moment).astimezone(UTC)) as old:
            is_same = {feed.name: feed.snapshot for feed in coverage(old)} == run.feeds
            yield old if is_same else None
    except UsageError:
        yield None


def causes_of(run: Run, database: Database, rules: str) -> Causes:
    """What came between a run and now."""
    with as_it_was(run, database) as old:
        found = difference(old, database) if old else None
        packages = changed_names(old, database, found) if old else None
    gone = run.feeds.keys() - {feed.name for feed in coverage(database)}
    return _causes(database, found, packages, gone, run.rules if run.rules != rules else None)


def causes_between(old: Database, database: Database) -> Causes:
    """What came between two states of the feeds."""
    found = difference(old, database)
    gone = {feed.name for feed in coverage(old)} - {feed.name for feed in coverage(database)}
    return _causes(database, found, changed_names(old, database, found), gone, None)


def _causes(
    database: Database, found: FeedsDifference | None, packages: set[tuple[str, str]] | None, gone: AbstractSet[str], old_rules: str | None
) -> Causes:
    is_known = found is not None and not any(feed.covers_gained or feed.covers_lost for feed in found.feeds)
    return Causes(
        packages=frozenset(packages) if packages is not None and is_known else None,
        changes=_by_package(found),
        identifiers=_by_identifier(found),
        covers={feed.name: frozenset(feed.covers) for feed in coverage(database)},
        gone=tuple(sorted(gone)),
        old_rules=old_rules,
    )


def _by_package(found: FeedsDifference | None) -> Mapping[tuple[str, str], list[Change]]:
    by_package = defaultdict(list)
    for change in found.changes if found else ():
        if change.namespace is not None and change.name is not None:
            by_package[change.namespace, change.name].append(change)
    return by_package


def _by_identifier(found: FeedsDifference | None) -> Mapping[str, list[IdentifierChange]]:
    by_identifier = defaultdict(list)
    for change in found.identifiers if found else ():
        by_identifier[change.id].append(change)
    return by_identifier
