"""Vulnerability groups after a change: made anew where names changed, kept elsewhere.

What a record says of names reaches no further than the records that share a name with it, so groups can be made from those near a change
and are what `group` makes of all records (`tests/sbommatch/store/test_regroup.py`).
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec import Struct

from sbommatch.store.groups import Groups, Naming, group, spread_records
from sbommatch.store.staging import append

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

WHOLE_SHARE = 10
"""Where more than a tenth of the names changed all groups are made anew: asking for what is near costs as much."""

_NAMINGS = "SELECT advisory_id, feed, record_id, aliases, cves, withdrawn IS NOT NULL FROM advisory WHERE last_snapshot IS NULL"

_NAMED = f"""
{_NAMINGS} AND advisory_id IN (
    SELECT advisory_id FROM (
        SELECT advisory_id, record_id AS name FROM advisory WHERE last_snapshot IS NULL
        UNION ALL SELECT advisory_id, unnest(aliases) FROM advisory WHERE last_snapshot IS NULL
        UNION ALL SELECT advisory_id, unnest(cves) FROM advisory WHERE last_snapshot IS NULL
    ) WHERE name IN (SELECT unnest($1::VARCHAR[]))
)
"""  # noqa: S608  of constants only

_NEAR = """
SELECT group_id, id FROM identifier WHERE group_id IN (SELECT group_id FROM identifier WHERE id IN (SELECT unnest($1::VARCHAR[])))
"""

_FETCHED = 10_000


class Regrouping(Struct, frozen=True):
    """What becomes of the groups."""

    is_whole: bool
    """All groups go."""
    gone: frozenset[int]
    """The groups that go."""
    identifiers: list[tuple[int, str, bool]]
    """Rows of `identifier` that come."""
    memberships: list[tuple[int, int]]
    """Rows of `advisory_group` that come."""


def regroup(connection: "DuckDBPyConnection", changed: Iterable[str] | None) -> Regrouping:
    """The groups of the records that stand, where the stored ones are of other records: `changed` names what the difference names.

    None for `changed`: nothing is known of the difference. Reads `advisory` and the old groups, changes nothing.
    """
    names = set(changed) if changed is not None else None
    [(first, count)] = connection.execute("SELECT coalesce(max(group_id), 0) + 1, count(*) FROM identifier").fetchall()
    if names is None or len(names) * WHOLE_SHARE > count:
        namings = _namings(connection, _NAMINGS, [])
        return _regrouping(group(namings.values()), namings, 1, None, frozenset())
    while True:
        namings, reached = _reached(connection, names)
        near = connection.execute(_NEAR, [sorted(reached)]).fetchall()
        also = {identifier for _, identifier in near} - names
        if not also:
            break
        names |= also
    return _regrouping(group(namings.values()), namings, first, reached, frozenset(group_id for group_id, _ in near))


def _namings(connection: "DuckDBPyConnection", sql: str, parameters: list[object]) -> dict[int, Naming]:
    """By advisory_id."""
    found: dict[int, Naming] = {}
    result = connection.execute(sql, parameters)
    while rows := result.fetchmany(_FETCHED):
        found.update(
            (number, Naming(feed, record, tuple(aliases), tuple(cves), withdrawn))
            for number, feed, record, aliases, cves, withdrawn in rows
        )
    return found


def _reached(connection: "DuckDBPyConnection", names: Iterable[str]) -> tuple[dict[int, Naming], set[str]]:
    """The records that share a name with one of these, or with one of those; and all their names, but for records that join nothing."""
    namings: dict[int, Naming] = {}
    asked: set[str] = set()
    ask = set(names)
    while ask:
        asked |= ask
        namings |= _namings(connection, _NAMED, [sorted(ask)])
        spread = spread_records(namings.values())
        joining = (naming for naming in namings.values() if naming.record not in spread)
        ask = {name for naming in joining for name in (naming.record, *naming.aliases, *naming.cves)} - asked
    return namings, asked - spread_records(namings.values())


def _regrouping(groups: Groups, namings: dict[int, Naming], first: int, reached: set[str] | None, gone: frozenset[int]) -> Regrouping:
    """The groups numbered from `first`; of those that were not reached only a part was seen, and they are left as they are."""
    kept = [index for index, ids in enumerate(groups.ids, 1) if reached is None or not reached.isdisjoint(ids)]
    numbers = {index: number for number, index in enumerate(kept, first)}
    return Regrouping(
        is_whole=reached is None,
        gone=gone,
        identifiers=[
            (number, identifier, identifier == groups.display[index - 1])
            for index, number in numbers.items()
            for identifier in groups.ids[index - 1]
        ],
        memberships=[
            (advisory_id, numbers[index])
            for advisory_id, naming in sorted(namings.items())
            for index in groups.of_record[naming.feed, naming.record]
            if index in numbers
        ],
    )


def write_regrouped(connection: "DuckDBPyConnection", regrouping: Regrouping) -> None:
    """Puts the new groups in the place of the old ones."""
    for table in ("identifier", "advisory_group"):
        if regrouping.is_whole:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608  names of ours
        elif regrouping.gone:
            connection.execute(f"DELETE FROM {table} WHERE group_id IN (SELECT unnest($1::INTEGER[]))", [sorted(regrouping.gone)])  # noqa: S608
    append(connection, "identifier", regrouping.identifiers)
    append(connection, "advisory_group", regrouping.memberships)


def show_regrouped(connection: "DuckDBPyConnection", regrouping: Regrouping, catalog: str) -> None:
    """Temporary views of the new groups before the tables, for who may not write."""
    connection.execute("CREATE TEMP TABLE group_gone (group_id INTEGER)")
    connection.execute("CREATE TEMP TABLE identifier_made (group_id INTEGER, id VARCHAR, display BOOLEAN)")
    connection.execute("CREATE TEMP TABLE advisory_group_made (advisory_id INTEGER, group_id INTEGER)")
    append(connection, "group_gone", [(group_id,) for group_id in regrouping.gone])
    append(connection, "identifier_made", regrouping.identifiers)
    append(connection, "advisory_group_made", regrouping.memberships)
    kept = "FALSE" if regrouping.is_whole else "group_id NOT IN (FROM group_gone)"
    for table in ("identifier", "advisory_group"):
        connection.execute(f"CREATE TEMP VIEW {table} AS FROM {catalog}.main.{table} WHERE {kept} UNION ALL FROM {table}_made")
