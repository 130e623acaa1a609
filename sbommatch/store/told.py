"""What vulnerabilities are called, and what they are, for people."""

from collections.abc import Iterable

from sbommatch.store.model import Told
from sbommatch.store.open import Database

_DISPLAYED = """
SELECT g.advisory_id, i.id
FROM advisory_group g JOIN (SELECT unnest($1::INTEGER[]) AS advisory_id) w USING (advisory_id)
    JOIN identifier i ON i.group_id = g.group_id AND i.display
"""


def displayed(database: Database, advisory_ids: Iterable[int]) -> dict[int, list[str]]:
    """What the findings of each advisory are called: its groups, without all that is said of them."""
    found: dict[int, list[str]] = {}
    for advisory_id, identifier in database.rows(_DISPLAYED, [sorted(set(advisory_ids))]):
        found.setdefault(advisory_id, []).append(identifier)
    return found


_CALLED = """
SELECT w.group_id, i.id FROM identifier w JOIN identifier i USING (group_id) WHERE upper(w.id) = upper($1) ORDER BY ALL
"""


def vulnerabilities_called(database: Database, identifier: str) -> tuple[tuple[str, ...], ...]:
    """All names of each vulnerability that goes by this one, sorted: several where it is a notice's, which names several.

    None where no record that stands bears it.
    """
    found: dict[int, list[str]] = {}
    for group_id, name in database.rows(_CALLED, [identifier]):
        found.setdefault(group_id, []).append(name)
    return tuple(sorted(map(tuple, found.values())))


_TOLD = """
SELECT i.id, d.summary, d.links
FROM identifier i JOIN (SELECT unnest($1::VARCHAR[]) AS id) w USING (id) JOIN advisory_group g USING (group_id)
    JOIN advisory d USING (advisory_id)
WHERE i.display AND d.withdrawn IS NULL AND d.last_snapshot IS NULL
ORDER BY i.id, d.feed IN (SELECT feed FROM snapshot WHERE contains(array_to_string(covers, ' '), ':')), NOT starts_with(d.feed, 'osv'),
    length(d.summary) > $2, d.feed, d.record_id
"""

TITLE_LENGTH = 120
"""Characters: a longer summary is no title but the first lines of a description."""


def told_of(database: Database, ids: Iterable[str]) -> dict[str, Told]:
    """By what findings are called: the best summary that a standing record has, and the links of all.

    A title is better than a description. Words of the flaw are better than those of a distribution's notice, which are of a package and
    perhaps of another one: of Pillow's CVE-2023-4863 AlmaLinux says `Important: firefox security update`.
    """
    summaries: dict[str, str] = {}
    links: dict[str, set[str]] = {}
    for identifier, summary, urls in database.rows(_TOLD, [sorted(set(ids)), TITLE_LENGTH]):
        summaries[identifier] = summaries.get(identifier) or summary
        links.setdefault(identifier, set()).update(urls)
    return {identifier: Told(summary, tuple(sorted(links[identifier]))) for identifier, summary in summaries.items()}
