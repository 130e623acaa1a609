"""The smallest change that fixes: for each package in each layer the lowest version that ends all findings which a version can end.

Every finding has a lowest fix: the least of its fixed versions above the installed one, in the scheme's order. The highest of these over a
package's findings is the least version that can end them all. It need not: a later window of a record may take it in (fixed in 2.5,
affected again from 3.0 to 3.2). So it is asked for as if it were installed, and raised to the fix of what is still met, until nothing is.

Components that ask the same (the binaries of one source package, copies of one library) are one package where they are in one layer.
"""

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from sbommatch.advisory import State
from sbommatch.match.model import ComponentResult, Finding, FindingStatus, TargetResult, Upgrade
from sbommatch.match.resolution import FIXED
from sbommatch.store import queries
from sbommatch.store.model import EPOCH_ASSUMED, Candidate, Lookup
from sbommatch.store.open import Database
from sbommatch.store.told import displayed
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.scheme import InvalidVersion, KeyDeclined

MAX_ROUNDS = 8
"""Times that a version is raised: records have two or three windows; what eight do not end counts as not fixed."""


def advised(targets: Sequence[TargetResult], db: Database) -> list[TargetResult]:
    """The results with the upgrades that their open findings ask for. Raises DatabaseError where the database turns out to be damaged."""
    orders: dict[str, _Order] = {}
    packages = [_packages(target, orders) for target in targets]
    _settle([package for of_target in packages for package in of_target if package.to], db)
    return [
        replace(target, upgrades=tuple(package.upgrade() for package in of_target)) if of_target else target
        for target, of_target in zip(targets, packages, strict=True)
    ]


class _Order:
    """A scheme's order of versions, by keys where there are any."""

    def __init__(self, name: str) -> None:
        self._scheme = SCHEME_BY_NAME[name]
        self._keys: dict[str, bytes | None] = {}

    def key(self, version: str) -> bytes | None:
        """None where only `compare` can place it. Raises InvalidVersion."""
        if version not in self._keys:
            try:
                self._keys[version] = self._scheme.key(version)
            except KeyDeclined:
                self._keys[version] = None
        return self._keys[version]

    def is_before(self, left: str, right: str) -> bool:
        """False, too, where one of them is no version."""
        try:
            low, high = self.key(left), self.key(right)
            return low < high if low is not None and high is not None else self._scheme.compare(left, right) < 0
        except InvalidVersion:
            return False

    def highest(self, versions: Iterable[str]) -> str | None:
        """None of no version."""
        best = None
        for version in versions:
            if best is None or self.is_before(best, version):
                best = version
        return best

    def lowest_after(self, versions: Iterable[str], installed: str) -> str | None:
        """None where none is above the installed one; one that is no version, which a record lists, is below all."""
        best = None
        for version in versions:
            above = self.is_before(installed, version) or (self.is_version(version) and not self.is_version(installed))
            if above and (best is None or self.is_before(version, best)):
                best = version
        return best

    def is_version(self, version: str) -> bool:
        """Whether it has a place in the order."""
        try:
            self.key(version)
        except InvalidVersion:
            return False
        return True


class _Package:
    """What was found in components that ask the same, in one layer."""

    def __init__(self, key: "_Key", lookups: Sequence[Lookup], order: _Order) -> None:
        self._key = key
        self._lookups = lookups
        self._order = order
        self._refs: set[str] = set()
        self._fixes: dict[str, str | None] = {}
        """By finding the lowest version that ends it."""
        self._lowest: dict[tuple[str, ...], str | None] = {}
        """Of the fixed versions that findings state: many state the same."""
        self.to: str | None = None

    def add(self, finding: Finding) -> None:
        """Takes in an open finding."""
        self._refs.add(finding.ref)
        versions = finding.fix.versions
        if versions not in self._lowest:
            self._lowest[versions] = self._order.lowest_after(versions, finding.match.version)
        if self._fixes.get(finding.id) is None:
            self._fixes[finding.id] = self._lowest[versions]

    def aim(self) -> None:
        """At the least version that can end all findings that a version can end."""
        self.to = self._order.highest(sorted({fix for fix in self._fixes.values() if fix}))

    def lookups(self) -> list[Lookup]:
        """What would be asked if that version were installed."""
        to = self.to or ""
        return [replace(one, raw_version=to, key=None if EPOCH_ASSUMED in one.assumes else self._order.key(to)) for one in self._lookups]

    def raise_over(self, rows: Sequence[Candidate], names: Mapping[int, Sequence[str]], *, is_last: bool) -> bool:
        """Whether another version is aimed at, for findings would stand in this one; those that none ends are given up."""
        standing = self._standing(rows, names)
        for name in standing.keys() & {name for name, fix in self._fixes.items() if fix}:
            self._fixes[name] = None if is_last else self._order.lowest_after(standing[name], self.to or "")
        before = self.to
        if not is_last:
            self.aim()
        return self.to not in {before, None}

    def _standing(self, rows: Sequence[Candidate], names: Mapping[int, Sequence[str]]) -> dict[str, set[str]]:
        """By vulnerability the fixes of the rows by which the version aimed at would be affected."""
        standing: dict[str, set[str]] = {}
        closed: set[str] = set()
        for row in rows:
            if row.state in {State.NOT_AFFECTED, FIXED}:
                closed.update(names[row.advisory_id])
            elif row.channel is None or any(row.channel in lookup.channels for lookup in self._lookups):
                for name in names[row.advisory_id]:
                    standing.setdefault(name, set()).update(filter(None, [row.fix]))
        return {name: fixes for name, fixes in standing.items() if name not in closed}

    def upgrade(self) -> Upgrade:
        """As it is reported."""
        layer, hidden, namespace, name, version = self._key
        fixes = tuple(sorted(name for name, fix in self._fixes.items() if fix is not None))
        return Upgrade(
            layer=layer if layer >= 0 else None,
            hidden=hidden,
            namespace=namespace,
            name=name,
            version=version,
            to=self.to if fixes else None,
            refs=tuple(sorted(self._refs)),
            fixes=fixes,
            remains=tuple(sorted(self._fixes.keys() - set(fixes))),
        )


_Key = tuple[int, bool, str, str, str]
"""Layer (-1: not known), hidden, namespace, name, version."""


def _packages(target: TargetResult, orders: dict[str, _Order]) -> list[_Package]:
    """The packages with open findings, sorted."""
    results = {result.component.ref: result for result in target.components}
    packages: dict[_Key, _Package] = {}
    last: tuple[str, str, str, str] | None = None
    for finding in target.findings:
        if finding.status is not FindingStatus.OPEN:
            continue
        match = finding.match
        asked = (finding.ref, match.namespace, match.name, match.version)
        if asked != last:  # findings come by component
            last = asked
            package = _package(results[finding.ref], asked[1:], packages, orders)
        package.add(finding)
    for package in packages.values():
        package.aim()
    return [packages[key] for key in sorted(packages)]


def _package(result: ComponentResult, asked: tuple[str, str, str], packages: dict[_Key, _Package], orders: dict[str, _Order]) -> _Package:
    component = result.component
    key = (-1 if component.layer is None else component.layer, not component.visible, *asked)
    if key not in packages:
        lookups = [one for one in result.lookups if (one.namespace, one.name, one.raw_version) == asked]
        scheme = lookups[0].scheme
        packages[key] = _Package(key, lookups, orders.get(scheme) or orders.setdefault(scheme, _Order(scheme)))
    return packages[key]


def _settle(packages: Sequence[_Package], db: Database) -> None:
    """Raises the versions aimed at until they end what they can."""
    for round_ in range(MAX_ROUNDS):
        if not packages:
            return
        asked = [(package, package.lookups()) for package in packages]
        rows = _rows(db, list({lookup.question: lookup for _, lookups in asked for lookup in lookups}.values()))
        names = displayed(db, {row.advisory_id for met in rows.values() for row in met})
        is_last = round_ == MAX_ROUNDS - 1
        packages = [
            package
            for package, lookups in asked
            if (met := [row for lookup in lookups for row in rows.get(lookup.question, ())])
            and package.raise_over(met, names, is_last=is_last)
        ]


def _rows(db: Database, lookups: Sequence[Lookup]) -> dict[tuple[object, ...], list[Candidate]]:
    rows: dict[tuple[object, ...], list[Candidate]] = {}
    for row in queries.candidates(db, lookups):
        if not row.unplaced:
            rows.setdefault(lookups[row.place].question, []).append(row)
    return rows
