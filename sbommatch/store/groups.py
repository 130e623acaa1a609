"""Vulnerability groups: identifiers of the same flaw, with at most one CVE among them.

Aliases join, `related` and `upstream` never do. A join that would bring two CVEs into one group is refused: gluing them would let a
statement about the one silence the other. A record that names several CVEs joins nothing; it stands in the group of each of them.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct


class Naming(Struct, frozen=True):
    """What a record says of names."""

    feed: str
    record: str
    aliases: tuple[str, ...]
    cves: tuple[str, ...]
    """All that the record covers, from aliases or, for a distribution's notice, `upstream`."""
    withdrawn: bool


class Groups(Struct, frozen=True):
    """The groups, numbered from 1 in the order of their display identifiers."""

    ids: tuple[tuple[str, ...], ...]
    """Sorted identifiers of each group; group N is at N - 1."""
    display: tuple[str, ...]
    of_record: Mapping[tuple[str, str], tuple[int, ...]]
    """(feed, record) -> the groups that it is in, sorted."""


def group(namings: Iterable[Naming]) -> Groups:
    """The groups of some records, the same whatever their order."""
    # Withdrawn records come last: what they say of names must not stand in the way of one that counts.
    ordered = sorted(namings, key=lambda naming: (naming.withdrawn, naming.record, naming.feed))
    alone = _alone(ordered)
    others = [naming for naming in ordered if naming.record not in alone]
    spread = spread_records(others)
    union = _joined(others, spread)
    members = union.members()
    names = {(naming.feed, naming.record): _anchors(naming, spread) for naming in others}
    for (_feed, record), identifiers in names.items():
        for identifier in identifiers:
            if not is_cve(record):  # a record of several CVEs may itself be called by one
                members[union.find(identifier)].add(record)
    own = {naming.record for naming in others}
    display = {root: min(ids, key=lambda identifier: _rank(identifier, own)) for root, ids in members.items()}
    display |= {record: record for record in alone}
    numbers = {root: number for number, root in enumerate(sorted(display, key=lambda root: (display[root], root)), 1)}
    of_record: dict[tuple[str, str], tuple[int, ...]] = {
        (naming.feed, naming.record): (numbers[naming.record],) for naming in ordered if naming.record in alone
    }
    for key, identifiers in names.items():
        of_record[key] = tuple(sorted({numbers[union.find(identifier)] for identifier in identifiers}))
    return Groups(
        ids=tuple((root,) if root in alone else tuple(sorted(members[root])) for root in numbers),
        display=tuple(display[root] for root in numbers),
        of_record=of_record,
    )


def _alone(namings: Sequence[Naming]) -> set[str]:
    """The records that name nothing and are not named, npm's malicious packages: a third of all, and each a group without more ado."""
    silent = {naming.record for naming in namings if not naming.aliases and not naming.cves}
    for naming in namings:
        if naming.aliases or naming.cves:
            silent.difference_update((naming.record, *naming.aliases, *naming.cves))
    return silent


def spread_records(namings: Iterable[Naming]) -> set[str]:
    """The records that join nothing, and stand in the group of each of their CVEs."""
    return {naming.record for naming in namings if _is_spread(naming)}


def _is_spread(naming: Naming) -> bool:
    """Whether a record covers other vulnerabilities than one of its own name: several CVEs, or those of a notice's `upstream`."""
    return len(naming.cves) > 1 or any(cve != naming.record and cve not in naming.aliases for cve in naming.cves)


def _anchors(naming: Naming, spread: set[str]) -> tuple[str, ...]:
    """An identifier of each group that the record is in."""
    return (naming.cves if naming.record in spread else ()) or (naming.record,)


def _joined(ordered: Sequence[Naming], spread: set[str]) -> "_Union":
    """The sets that the records declare: first each one's own CVE, which no other record's word may take from it, then other aliases."""
    union = _Union()
    for naming in ordered:
        for name in (*_anchors(naming, spread), *naming.cves):
            union.add(name)
    single = [naming for naming in ordered if naming.record not in spread]
    for naming in single:
        for cve in naming.cves:
            union.join(naming.record, cve)
    for naming in single:
        for alias in sorted(naming.aliases):
            if alias not in spread:
                union.join(naming.record, alias)
    return union


def _rank(identifier: str, own: set[str]) -> tuple[int, str]:
    """The lowest is the display identifier: the CVE, the first GHSA, the first identifier of a record that we have."""
    if is_cve(identifier):
        return 0, identifier
    if identifier.startswith("GHSA-"):
        return 1, identifier
    return (2 if identifier in own else 3), identifier


def is_cve(identifier: str) -> bool:
    """Whether an identifier is a CVE's."""
    return identifier.startswith("CVE-")


class _Union:
    """Disjoint sets of identifiers, each with at most one CVE."""

    def __init__(self) -> None:
        self._parent: dict[str, str] = {}
        self._cve: dict[str, str] = {}
        """Root -> the CVE of its set."""

    def add(self, identifier: str) -> None:
        if identifier not in self._parent:
            self._parent[identifier] = identifier
            if is_cve(identifier):
                self._cve[identifier] = identifier

    def find(self, identifier: str) -> str:
        root = identifier
        while self._parent[root] != root:
            root = self._parent[root]
        while self._parent[identifier] != root:  # path compression
            self._parent[identifier], identifier = root, self._parent[identifier]
        return root

    def join(self, left: str, right: str) -> None:
        """Nothing happens where the joined set would have two CVEs."""
        self.add(left)
        self.add(right)
        first, second = self.find(left), self.find(right)
        if first == second or (first in self._cve and second in self._cve):
            return
        self._parent[second] = first
        if second in self._cve:
            self._cve[first] = self._cve.pop(second)

    def members(self) -> dict[str, set[str]]:
        """Root -> identifiers of its set."""
        sets: dict[str, set[str]] = {}
        for identifier in self._parent:
            sets.setdefault(self.find(identifier), set()).add(identifier)
        return sets
