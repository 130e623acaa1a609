"""All documents of an archive matched at once: each distinct coordinate is resolved once, and the answers are joined to the occurrences.

What is left in the reader's connection for `summary`, reports and programs, as temporary tables:

- `chosen(segment, document)`: the documents asked for.
- `place(segment, coordinate, class)`: coordinates of several segments that are one and the same are a class.
- `outcome(class, verdict, reason)`
- `found(class, id, ids, level, …)`: the findings of a class; see `_FOUND`.
- `tally(class, hidden, counted, occurrences)`: how often a class occurs.
- `reached(segment, document, position, class, hidden)`: the occurrences of classes with findings.

A component's verdict depends on more than its coordinate in two ways. Whether a later layer removed it stands in the occurrence, and is
looked at by who counts. And an OS package that delivers it may cover it: of those occurrences each distinct pair of coordinates is
resolved together, once, and is a class of its own where that changes the answer.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from sbommatch.advisory import NameKind
from sbommatch.archive.documents import Label, parameters, with_labels
from sbommatch.archive.reader import Reader
from sbommatch.archive.segment import INDEXED_BY
from sbommatch.archive.tables import OCCURRENCES
from sbommatch.ecosystems import CPE_NAMESPACE
from sbommatch.errors import ArchiveError
from sbommatch.match.covering import Resolved
from sbommatch.match.model import Finding, Identity, NotChecked
from sbommatch.match.pipeline import Matching, checked_namespaces, needs_cpes
from sbommatch.sbom.component import Component
from sbommatch.store import queries
from sbommatch.store.model import Lookup
from sbommatch.store.open import Database


class Scope(Struct, frozen=True):
    """The components that are matched where it need not be all of them; with each the OS package that delivers it, or that it delivers."""

    packages: Collection[tuple[str, str]]
    """Namespace and name of what they ask for."""
    documents: Collection[str]
    """Digests: all components of these."""


class Answers:
    """What a database says of the documents of an archive, or those with some labels, or some of their components: of each class."""

    def __init__(self, reader: Reader, database: Database, labels: Sequence[Label] = (), scope: Scope | None = None) -> None:
        self.reader = reader
        self.database = database
        self._feeds = queries.coverage(database)
        self._namespaces = checked_namespaces(self._feeds)
        self._choose(labels)
        if scope is not None:
            self._narrow(scope)
        self._classify()
        self._know(database)
        pairs = self._pairs()
        identities = dict(self.identities("SELECT class FROM asked"))
        self._matching = Matching(database, self._feeds, list(identities.values()))
        self.resolved: Mapping[int, Resolved] = {number: self._matching.resolve(identity) for number, identity in identities.items()}
        """By class, of those that a feed may know."""
        self.covered_pairs = covered_pairs(self._matching, self.resolved, pairs)
        """By class and that of the OS package that delivers it, where that changes the answer."""

    def _choose(self, labels: Sequence[Label]) -> None:
        """The view `part` of occurrences is all of them where no document is left out: there is nothing to look up then."""
        choose(self.reader, labels)
        [(components,)] = self.reader.rows("SELECT coalesce(sum(components), 0) FROM chosen")
        is_all = sum(file.rows for file in self.reader.files[OCCURRENCES.name]) == components
        kept = "" if is_all else "SEMI JOIN chosen USING (segment, document)"
        self.reader.execute(f"CREATE TEMP VIEW part AS FROM all_occurrences {kept}")

    def _narrow(self, scope: Scope) -> None:
        """Leaves in `part` what the scope asks for."""
        packages = sorted(scope.packages)
        columns = {"namespace": ("VARCHAR", [one[0] for one in packages]), "name": ("VARCHAR", [one[1] for one in packages])}
        load(self.reader, "touched", columns)
        load(self.reader, "fresh", {"sha256": ("VARCHAR", sorted(scope.documents))})
        for statement in _NARROW:
            self.reader.execute(statement)

    def _classify(self) -> None:
        for statement in _CLASSIFY:
            self.reader.execute(statement)

    def _know(self, database: Database) -> None:
        """Finds the classes of which a feed knows the package, and one for all others that are alike."""
        namespaces = [namespace for (namespace,) in self.reader.rows("SELECT DISTINCT namespace FROM lookup WHERE scheme IS NOT NULL")]
        packages = queries.packages_of(database, namespaces)
        columns = {"namespace": ("VARCHAR", [one[0] for one in packages]), "name": ("VARCHAR", [one[1] for one in packages])}
        load(self.reader, "package", columns)
        for statement in _KNOW:
            self.reader.execute(statement)

    def _pairs(self) -> list[tuple[int, int]]:
        """The distinct pairs of classes of which one delivers the other."""
        self.reader.execute(_PAIRS)
        pairs = self.reader.rows("SELECT DISTINCT twin, owner FROM pair ORDER BY ALL")
        self.reader.execute("INSERT INTO asked SELECT twin FROM pair UNION SELECT owner FROM pair EXCEPT FROM asked")
        return [(twin, owner) for twin, owner in pairs]

    def identities(self, classes: str, values: Sequence[object] = ()) -> Iterator[tuple[int, Identity]]:
        """Classes, as a query chooses them, as they are asked for."""
        rows = self.reader.rows(_IDENTITIES.format(classes=classes), values)
        for number, of_class in groupby(rows, key=itemgetter(0)):
            yield number, identity_of(list(of_class), self._namespaces)

    def resolve(self, number: int, identity: Identity) -> Resolved:
        """The answer for a class by itself."""
        return self.resolved.get(number) or self._matching.resolve(identity)

    def covered(self, resolved: list[Resolved]) -> list[Resolved]:
        """The answers for the components of one document, with those covered that others deliver."""
        return self._matching.covered(resolved)


class ArchiveMatch(Answers):
    """The same, joined to the components."""

    def __init__(self, reader: Reader, database: Database, labels: Sequence[Label] = ()) -> None:
        super().__init__(reader, database, labels)
        [(classes,)] = self.reader.rows("SELECT coalesce(max(class), 0) FROM class")
        of_pair = {pair: classes + place for place, pair in enumerate(self.covered_pairs, 1)}
        answers = [*self.resolved.items(), *((of_pair[pair], resolved) for pair, resolved in self.covered_pairs.items())]
        _store_outcomes(self.reader, answers)
        _store_findings(self.reader, answers)
        numbers = [(twin, owner, number) for (twin, owner), number in of_pair.items()]
        load(
            self.reader,
            "changed_pair",
            {name: ("INTEGER", [row[place] for row in numbers]) for place, name in enumerate(("twin", "owner", "class"))},
        )
        for statement in _TALLY:
            self.reader.execute(statement)
        self.reader.execute(f"CREATE TEMP TABLE reached AS {_REACHED_BUT_MOVED if of_pair else _REACHED}")


def choose(reader: Reader, labels: Sequence[Label]) -> None:
    """Makes the table `chosen` of the documents with these labels. Raises ArchiveError where some were stored by other rules."""
    chosen = f"SELECT segment, document, components FROM documents WHERE {with_labels(labels)}"
    reader.execute(f"CREATE TEMP TABLE chosen AS {chosen}", parameters(labels))
    [(stale,)] = reader.rows(
        f"SELECT count(*) FROM documents SEMI JOIN chosen USING (segment, document) WHERE indexed_by <> '{INDEXED_BY}'"
    )
    if stale:
        renewing = f"`sbommatch archive compact {reader.archive.path}` renews them"
        raise ArchiveError(f"{reader.archive.path}: {stale} documents were stored by rules of another release; {renewing}")


def identity_of(rows: Sequence[tuple[Any, ...]], namespaces: frozenset[str]) -> Identity:
    """What a class is asked for as: its number, `coordinate_id`, `package`, `reason`, `cpe_reason`, and `LOOKUP_COLUMNS` of each lookup.

    `namespaces` are those that count as checked.
    """
    number, coordinate_id, package, reason, cpe_reason, namespace, name, _, scheme, version, *_ = rows[0]
    lookups = [_lookup(coordinate_id, *row[5:]) for row in rows if row[8] is not None]
    own = [lookup for lookup in lookups if lookup.namespace != CPE_NAMESPACE]
    is_by_cpe = len(own) < len(lookups) and needs_cpes(own, namespaces)
    component = Component(
        ref=str(number),
        type="library",
        name=package,
        version=None if scheme else version,
        purl=f"pkg:{namespace}/{name}" if namespace and ":" not in namespace and namespace != CPE_NAMESPACE else None,
    )
    stated = cpe_reason if is_by_cpe else reason
    return Identity(component=component, lookups=tuple(lookups if is_by_cpe else own), reason=NotChecked(stated) if stated else None)


def covered_pairs(
    matching: Matching, resolved: Mapping[int, Resolved], pairs: Sequence[tuple[int, int]]
) -> dict[tuple[int, int], Resolved]:
    """The answers for the delivered of each pair (delivered, OS package), where they are others than by itself."""
    document: list[Resolved] = []
    for place, (twin, owner) in enumerate(pairs):
        document.append(_as(resolved[owner], f"{place} owner", None))
        document.append(_as(resolved[twin], f"{place} twin", f"{place} owner"))
    covered = matching.covered(document)
    return {pair: covered[2 * place + 1] for place, pair in enumerate(pairs) if covered[2 * place + 1] != document[2 * place + 1]}


def _as(resolved: Resolved, ref: str, owned_by: str | None) -> Resolved:
    result, findings = resolved
    component = replace(result.component, ref=ref, owned_by=owned_by)
    return replace(result, component=component), tuple(replace(finding, ref=ref) for finding in findings)


def _lookup(
    coordinate_id: bytes, namespace: str, name: str, name_kind: str, scheme: str, raw_version: str, key: bytes | None, *rest: str | None
) -> Lookup:
    arch, module, channels, assumes = rest
    return Lookup(
        coordinate_id=coordinate_id,
        namespace=namespace,
        name=name,
        name_kind=NameKind(name_kind),
        scheme=scheme,
        raw_version=raw_version,
        key=key,
        arch=arch,
        module=module,
        channels=tuple((channels or "").split()),
        assumes=tuple((assumes or "").split()),
    )


# Whose owner has an owner itself is no OS package: one step each way is all there is.
_NARROW = (
    "CREATE TEMP TABLE asking AS SELECT DISTINCT segment, coordinate FROM all_coordinates SEMI JOIN touched USING (namespace, name)",
    """
    CREATE TEMP TABLE direct AS
    FROM part SEMI JOIN asking USING (segment, coordinate)
    UNION ALL
    FROM (FROM part SEMI JOIN (SELECT segment, document FROM documents SEMI JOIN fresh USING (sha256)) USING (segment, document))
        ANTI JOIN asking USING (segment, coordinate)
    """,
    """
    CREATE TEMP TABLE twins AS
    FROM (
        SELECT o.* FROM (FROM part WHERE owner IS NOT NULL) o
        SEMI JOIN direct d ON d.segment = o.segment AND d.document = o.document AND d.position = o.owner
    ) ANTI JOIN direct USING (segment, document, position)
    """,
    """
    CREATE TEMP TABLE owners AS
    WITH delivered AS (FROM direct UNION ALL FROM twins)
    FROM (
        SELECT o.* FROM part o
        SEMI JOIN (SELECT segment, document, owner FROM delivered WHERE owner IS NOT NULL) d
            ON d.segment = o.segment AND d.document = o.document AND d.owner = o.position
    ) ANTI JOIN delivered USING (segment, document, position)
    """,
    "CREATE OR REPLACE TEMP VIEW part AS FROM direct UNION ALL FROM twins UNION ALL FROM owners",
)

# `used` has how often each coordinate occurs: what needs no look at single occurrences is counted there.
_CLASSIFY = (
    """
    CREATE TEMP TABLE used AS
    SELECT segment, coordinate, hidden, counted, count(*) AS occurrences
    FROM part
    GROUP BY ALL
    """,
    """
    CREATE TEMP TABLE class AS
    SELECT row_number() OVER (ORDER BY coordinate_id)::INTEGER AS class, coordinate_id, home
    FROM (
        SELECT coordinate_id, min({'segment': segment, 'coordinate': coordinate}) AS home
        FROM all_coordinates SEMI JOIN used USING (segment, coordinate)
        GROUP BY coordinate_id
    )
    """,
    """
    CREATE TEMP TABLE place AS
    SELECT DISTINCT segment, coordinate, class FROM all_coordinates JOIN class USING (coordinate_id)
    """,
    """
    CREATE TEMP VIEW lookup AS
    SELECT class, a.* FROM all_coordinates a JOIN class ON home.segment = a.segment AND home.coordinate = a.coordinate
    """,
)

# Of packages that no row is about the verdict depends on the namespaces and the reason alone.
_KNOW = (
    f"""
    CREATE TEMP TABLE kind AS
    SELECT class, any_value(reason) AS reason, any_value(cpe_reason) AS cpe_reason,
        list_sort(list(DISTINCT namespace) FILTER (scheme IS NOT NULL AND namespace <> '{CPE_NAMESPACE}')) AS namespaces,
        bool_or(coalesce(namespace = '{CPE_NAMESPACE}', false)) AS has_cpes,
        bool_or(scheme IS NOT NULL AND p.name IS NOT NULL) AS is_known
    FROM lookup l LEFT JOIN package p USING (namespace, name)
    GROUP BY class
    """,
    """
    CREATE TEMP TABLE alike AS
    SELECT min(class) AS speaker, reason, cpe_reason, namespaces, has_cpes FROM kind WHERE NOT is_known
    GROUP BY reason, cpe_reason, namespaces, has_cpes
    """,
    "CREATE TEMP TABLE asked AS SELECT class FROM kind WHERE is_known UNION ALL SELECT speaker FROM alike",
)

_PAIRS = """
CREATE TEMP TABLE pair AS
SELECT o.segment, o.document, o.position, o.hidden, o.counted, t.class AS twin, w.class AS owner
FROM part o
JOIN part d ON d.segment = o.segment AND d.document = o.document AND d.position = o.owner
JOIN place t ON t.segment = o.segment AND t.coordinate = o.coordinate
JOIN place w ON w.segment = d.segment AND w.coordinate = d.coordinate
WHERE o.owner IS NOT NULL
"""

LOOKUP_COLUMNS = ("namespace", "name", "name_kind", "scheme", "raw_version", "key", "arch", "module", "channels", "assumes")
"""Of `coordinates`."""

_IDENTITIES = f"""
SELECT class, coordinate_id, package, reason, cpe_reason, {", ".join(f'"{name}"' for name in LOOKUP_COLUMNS)}
FROM lookup SEMI JOIN ({{classes}}) USING (class)
ORDER BY class, lookup
"""

_TALLY = (
    """
    INSERT INTO outcome
    SELECT k.class, o.verdict, o.reason
    FROM kind k JOIN alike a ON NOT k.is_known AND k.class <> a.speaker AND k.reason IS NOT DISTINCT FROM a.reason
        AND k.cpe_reason IS NOT DISTINCT FROM a.cpe_reason AND k.namespaces IS NOT DISTINCT FROM a.namespaces AND k.has_cpes = a.has_cpes
    JOIN outcome o ON o.class = a.speaker
    ANTI JOIN outcome spoken ON spoken.class = k.class
    """,
    """
    CREATE TEMP TABLE moved AS
    SELECT segment, document, position, hidden, counted, twin, c.class FROM pair JOIN changed_pair c USING (twin, owner)
    """,
    """
    CREATE TEMP TABLE tally AS
    SELECT class, hidden, counted, sum(occurrences)::BIGINT AS occurrences FROM (
        SELECT class, hidden, counted, occurrences FROM used JOIN place USING (segment, coordinate)
        UNION ALL SELECT class, hidden, counted, 1 FROM moved
        UNION ALL SELECT twin, hidden, counted, -1 FROM moved
    ) GROUP BY ALL HAVING sum(occurrences) > 0
    """,
)


_REACHED = """
SELECT o.segment, o.document, o.position, h.class, o.hidden
FROM part o JOIN (FROM place SEMI JOIN found USING (class)) h ON h.segment = o.segment AND h.coordinate = o.coordinate
"""

_REACHED_BUT_MOVED = f"""
FROM ({_REACHED}) ANTI JOIN moved USING (segment, document, position)
UNION ALL SELECT segment, document, position, class, hidden FROM moved SEMI JOIN found USING (class)
"""


def load(reader: Reader, table: str, columns: Mapping[str, tuple[str, Sequence[Any]]]) -> None:
    """Makes a temporary table of columns, given with their types. By Arrow: a list as a parameter takes DuckDB six times as long."""
    from arro3.core import Array, DataType
    from arro3.core import Table as ArrowTable

    types: dict[str, Callable[[], DataType]] = {
        "INTEGER": DataType.int32,
        "VARCHAR": DataType.string,
        "DOUBLE": DataType.float64,
        "BOOLEAN": DataType.bool,
    }
    cells = [Array(values, types[type_]()) for type_, values in columns.values()]
    reader.connection.register("loading", ArrowTable.from_arrays(cells, names=list(columns)))
    reader.execute(f"CREATE TEMP TABLE {table} AS FROM loading")
    reader.connection.unregister("loading")


_Numbered = Sequence[tuple[int, Resolved]]


def _store_outcomes(reader: Reader, answers: _Numbered) -> None:
    columns: dict[str, tuple[str, Sequence[Any]]] = {
        "class": ("INTEGER", [number for number, _ in answers]),
        "verdict": ("VARCHAR", [result.verdict.value for _, (result, _) in answers]),
        "reason": ("VARCHAR", [result.reason.value if result.reason else None for _, (result, _) in answers]),
    }
    load(reader, "outcome", columns)


def found_row(finding: Finding) -> tuple[Any, ...]:
    """A finding's cells of `FOUND` but the class."""
    match, kev, epss, rules = finding.match, finding.kev, finding.epss, finding.suppressed_by
    return (
        finding.id, " ".join(finding.ids), finding.severity.level.value, finding.severity.source, kev.added if kev else None,
        epss.score if epss else None, finding.risk, finding.fix.state.value, ", ".join(finding.fix.versions), finding.status.value,
        ", ".join(rule.partition(" ")[0] for rule in rules), match.feed, match.record, match.rule, match.namespace, match.name,
        match.version, match.range, match.exact,
    )  # fmt: skip


FOUND = {
    "class": "INTEGER", "id": "VARCHAR", "ids": "VARCHAR", "level": "VARCHAR", "severity_source": "VARCHAR", "kev_added": "VARCHAR",
    "epss": "DOUBLE", "risk": "DOUBLE", "fix_state": "VARCHAR", "fixed_in": "VARCHAR", "status": "VARCHAR",
    "suppressed_by": "VARCHAR", "feed": "VARCHAR", "record": "VARCHAR", "rule": "VARCHAR", "namespace": "VARCHAR", "name": "VARCHAR",
    "version": "VARCHAR", "range": "VARCHAR", "exact": "BOOLEAN",
}  # fmt: skip
"""Columns of `found`: as the report's findings, the best-sourced record alone; `ids` with spaces, `fixed_in` with commas between."""


def _store_findings(reader: Reader, answers: _Numbered) -> None:
    rows = [(number, *found_row(finding)) for number, (_, findings) in answers for finding in findings]
    cells: list[tuple[Any, ...]] = list(zip(*rows, strict=True)) or [()] * len(FOUND)
    columns: dict[str, tuple[str, Sequence[Any]]] = {name: (FOUND[name], column) for name, column in zip(FOUND, cells, strict=True)}
    load(reader, "found", columns)
