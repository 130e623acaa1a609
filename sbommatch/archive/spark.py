"""The match of an archive on Spark, for archives too large for one machine: the same tables, joins and answers.

Spark reads the Delta tables that `archive add` wrote and does what grows with the occurrences: which coordinates are used, how often, which
packages deliver which, and the fan-out of the answers. What grows with the distinct coordinates alone, versions and rules, is the code of
`scan`, run by the executors in Python on their own copy of the feed database. `spark.md` has the arithmetic.

A class of `sbommatch.archive.matching` is called by its coordinate's id here, a pair by the ids of both: there is no need for a counter.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from importlib.util import find_spec
from itertools import islice, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from msgspec import Struct

from sbommatch.archive.archive import Archive
from sbommatch.archive.documents import Label
from sbommatch.archive.matching import FOUND, LOOKUP_COLUMNS, choose, covered_pairs, found_row, identity_of
from sbommatch.archive.reader import files_of, open_reader
from sbommatch.archive.tables import COORDINATES, DOCUMENTS, OCCURRENCES, Table
from sbommatch.ecosystems import CPE_NAMESPACE
from sbommatch.errors import ArchiveError, UsageError
from sbommatch.match.model import Identity
from sbommatch.match.pipeline import Matching, checked_namespaces
from sbommatch.store import queries
from sbommatch.store.open import Database, open_database

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

IDENTITIES_AT_ONCE = 5_000
"""What an executor resolves at a time: some 10 MB of Python objects."""

PARTITIONS_PER_CORE = 4
"""Of what is resolved in Python: some coordinates meet many records, and no core is to wait long for another."""

DELTA = {
    "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
    "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
}


@contextmanager
def session(settings: Mapping[str, str] | None = None) -> Iterator["SparkSession"]:
    """Spark as its own settings name it (SPARK_CONF_DIR, PYSPARK_SUBMIT_ARGS, spark-submit), else on this machine's cores.

    Raises UsageError where it is not installed, does not start, or has no Delta Lake; what fails later is raised as ArchiveError.
    """
    if find_spec("pyspark") is None:
        raise UsageError("the engine spark needs the library pyspark: pip install 'sbompair[spark]'")
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("sbommatch archive match")
    for name, value in {**DELTA, **(settings or {})}.items():
        builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    except PySparkException as exc:
        raise UsageError(f"Spark does not start: {_said(exc)}; it needs Java 17 or 21") from exc
    try:
        yield spark
    except (PySparkException, Py4JError) as exc:
        if "delta" in str(exc).lower() and ("ClassNotFound" in str(exc) or "DATA_SOURCE_NOT_FOUND" in str(exc)):
            raise UsageError(f"Spark has no Delta Lake: start it with --packages {_delta_package()}") from exc
        raise ArchiveError(f"Spark failed: {_said(exc)}") from exc
    finally:
        spark.stop()


def _said(exc: Exception) -> str:
    """One line of what Spark says: of an error in Python its last, before Java's own trace."""
    lines = [line.strip() for line in takewhile(lambda line: not line.startswith("\tat "), str(exc).splitlines()) if line.strip()]
    return next(iter(reversed(lines) if any(line.startswith("Traceback") for line in lines) else lines), type(exc).__name__)


def _delta_package() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"io.delta:delta-spark_2.13:{version('delta-spark')}"
    except PackageNotFoundError:
        return "io.delta:delta-spark_2.13:VERSION, the version that Delta Lake names for this Spark"


class SparkMatch:
    """The documents of an archive, or those with some labels, matched with a feed database.

    Its frames are run when they are asked for; what several of them need is kept by the executors while the block lasts. The archive's
    folder must be at the same path on all machines, and Python there have sbommatch and DuckDB.
    """

    losses: int
    """Parts of the documents that could not be read when they were added."""

    def __init__(self, spark: "SparkSession", archive: Archive, feeds: "Feeds", labels: Sequence[Label] = ()) -> None:
        self._spark = spark.newSession()
        self._kept: list[DataFrame] = []
        self._read(archive, labels)
        self._view("used", _USED, is_kept=True)
        self._view("lookup", _LOOKUP)
        self._view("place", _PLACE)
        self._packages(feeds)
        self._view("kind", _KIND, is_kept=True)
        self._view("alike", _ALIKE)
        self._view("pair", _PAIR)
        self._answer(feeds)
        for name, statement in _AFTER.items():
            self._view(name, statement)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for frame in self._kept:
            frame.unpersist()

    def findings(self) -> "DataFrame":
        """A row for each finding of each document, as `archive match -o parquet` writes them; not sorted."""
        return self._spark.sql(_FINDINGS)

    def verdicts(self) -> "DataFrame":
        """`verdict`, `reason` and the number of `occurrences`: of all components that coverage counts."""
        return self._spark.sql(_VERDICTS)

    def _read(self, archive: Archive, labels: Sequence[Label]) -> None:
        """The views of one state of the archive: nothing of it is swept while the archive is open.

        Raises ArchiveError where it is damaged, or documents were stored by other rules. Occurrences of a segment of which all documents
        are chosen need no look at the documents: of 10^10 occurrences that saves a shuffle.
        """
        from pyspark.sql.functions import col

        with open_reader(archive) as reader:
            choose(reader, labels)
            [(self.losses,)] = reader.rows("SELECT coalesce(sum(losses), 0) FROM documents SEMI JOIN chosen USING (segment, document)")
            chosen = dict(reader.rows("SELECT segment, sum(components)::BIGINT FROM chosen GROUP BY segment"))
            version = reader.version
        documents = self._table(archive, DOCUMENTS, version)
        for name, value in labels:
            documents = documents.where(col("labels").getItem(name) == value)
        documents.createOrReplaceTempView("chosen")
        files, version = files_of(OCCURRENCES, archive.path)
        stored = Counter[int | None]()
        for file in files:
            stored[file.segment] += file.rows
        whole = [segment for segment, components in chosen.items() if stored[segment] == components]
        rows = self._table(archive, OCCURRENCES, version)
        of_others = rows.where(col("segment").isin([*(chosen.keys() - set(whole))])).join(documents, ["segment", "document"], "left_semi")
        rows.where(col("segment").isin(whole)).unionByName(of_others).createOrReplaceTempView("part")
        self._table(archive, COORDINATES, files_of(COORDINATES, archive.path)[1]).createOrReplaceTempView("all_coordinates")

    def _table(self, archive: Archive, table: Table, version: int) -> "DataFrame":
        return self._spark.read.format("delta").option("versionAsOf", version).load(f"file://{archive.path.resolve() / table.name}")

    def _view(self, name: str, statement: str, *, is_kept: bool = False) -> None:
        self._name(name, self._spark.sql(statement), is_kept=is_kept)

    def _name(self, name: str, frame: "DataFrame", *, is_kept: bool = False) -> None:
        if is_kept:
            self._kept.append(frame.persist())
        frame.createOrReplaceTempView(name)

    def _packages(self, feeds: "Feeds") -> None:
        """The packages that any feed speaks of: few, as occurrences go."""
        namespaces = [row[0] for row in self._spark.sql("SELECT DISTINCT namespace FROM lookup WHERE scheme IS NOT NULL").collect()]
        with open_database(feeds.path, as_of=feeds.as_of) as database:
            packages = [(*package, True) for package in queries.packages_of(database, namespaces)]
        self._name("package", self._spark.createDataFrame(packages, "namespace STRING, name STRING, is_known BOOLEAN", verifySchema=False))

    def _answer(self, feeds: "Feeds") -> None:
        context = self._spark.sparkContext
        context.addFile(str(feeds.path))
        asked = self._spark.sql(_ASKED).repartition(context.defaultParallelism * PARTITIONS_PER_CORE)
        answers = asked.rdd.mapPartitions(partial(_answers, feeds=feeds))
        self._name("answer", self._spark.createDataFrame(answers, _ANSWER, verifySchema=False), is_kept=True)


class Feeds(Struct, frozen=True):
    """A feed database, as it is or as of a moment (UTC): Spark hands the file to the executors."""

    path: Path
    as_of: datetime | None = None


def _answers(rows: Iterable[Any], feeds: Feeds) -> Iterator[tuple[Any, ...]]:
    """By an executor: what the feed database says of the rows of `_ASKED`, as rows of `_ANSWER`."""
    from pyspark import SparkFiles

    rows = iter(rows)
    with open_database(Path(SparkFiles.get(feeds.path.name)), as_of=feeds.as_of) as database:
        while some := list(islice(rows, IDENTITIES_AT_ONCE)):
            yield from _answered(some, database)


def _answered(rows: Sequence[Any], database: Database) -> Iterator[tuple[Any, ...]]:
    feeds = queries.coverage(database)
    namespaces = checked_namespaces(feeds)
    sides = [(2 * place + side, one) for place, row in enumerate(rows) for side, one in enumerate((row["asked"], row["owner"])) if one]
    identities = {number: _identity(number, one, namespaces) for number, one in sides}
    matching = Matching(database, feeds, list(identities.values()))
    resolved = {number: matching.resolve(identity) for number, identity in identities.items()}
    covered = covered_pairs(matching, resolved, [(number - 1, number) for number in identities if number % 2])
    for place, row in enumerate(rows):
        answer = covered.get((2 * place, 2 * place + 1)) if row["owner"] else resolved[2 * place]
        if answer:
            result, findings = answer
            reason = result.reason.value if result.reason else None
            yield bytes(row["class"]), result.verdict.value, reason, [found_row(finding) for finding in findings]


def _identity(number: int, asked: Any, namespaces: frozenset[str]) -> Identity:
    stated = (number, bytes(asked["coordinate_id"]), asked["package"], asked["reason"], asked["cpe_reason"])
    return identity_of([(*stated, *map(_plain, lookup[1:])) for lookup in asked["lookups"]], namespaces)


def _plain(cell: Any) -> Any:
    """Spark gives Python its BINARY as bytearray."""
    return bytes(cell) if isinstance(cell, bytearray) else cell


_TYPES = {"VARCHAR": "STRING", "DOUBLE": "DOUBLE", "BOOLEAN": "BOOLEAN"}
_FINDING = ", ".join(f"`{name}`: {_TYPES[type_]}" for name, type_ in FOUND.items() if name != "class")
_ANSWER = f"class BINARY, verdict STRING, reason STRING, findings ARRAY<STRUCT<{_FINDING}>>"
"""A class, or a pair that has another answer than its own class, with what `outcome` and `found` of `archive match` say of it."""

_USED = "SELECT segment, coordinate, hidden, counted, count(*) AS occurrences FROM part GROUP BY segment, coordinate, hidden, counted"
_LOOKUP = "SELECT * FROM all_coordinates LEFT SEMI JOIN used USING (segment, coordinate)"
_PLACE = "SELECT DISTINCT segment, coordinate, coordinate_id AS class FROM lookup"

# As in `archive match`: coordinates of several segments that are one and the same are asked as the first of them is.
_KIND = f"""
SELECT class, kind.* FROM (
    SELECT class, min_by(kind, home) AS kind FROM (
        SELECT coordinate_id AS class, struct(segment, coordinate) AS home, struct(
            struct(coordinate_id, any_value(package, true) AS package, any_value(reason, true) AS reason,
                any_value(cpe_reason, true) AS cpe_reason,
                sort_array(collect_list(struct(lookup, {", ".join(f"l.`{name}`" for name in LOOKUP_COLUMNS)}))) AS lookups) AS asked,
            sort_array(collect_set(l.namespace) FILTER (WHERE scheme IS NOT NULL AND l.namespace <> '{CPE_NAMESPACE}')) AS namespaces,
            bool_or(coalesce(l.namespace = '{CPE_NAMESPACE}', false)) AS has_cpes,
            bool_or(scheme IS NOT NULL AND is_known IS NOT NULL) AS is_known
        ) AS kind
        FROM lookup l LEFT JOIN package p ON p.namespace = l.namespace AND p.name = l.name
        GROUP BY coordinate_id, segment, coordinate
    ) GROUP BY class
)
"""

_ALIKE = """
SELECT min(class) AS speaker, asked.reason AS reason, asked.cpe_reason AS cpe_reason, namespaces, has_cpes
FROM kind WHERE NOT is_known
GROUP BY asked.reason, asked.cpe_reason, namespaces, has_cpes
"""

_PAIR = """
SELECT o.segment, o.document, o.position, o.hidden, o.counted, t.class AS twin, w.class AS owner
FROM part o
JOIN part d ON d.segment = o.segment AND d.document = o.document AND d.position = o.owner
JOIN place t ON t.segment = o.segment AND t.coordinate = o.coordinate
JOIN place w ON w.segment = d.segment AND w.coordinate = d.coordinate
WHERE o.owner IS NOT NULL
"""

_ASKED = """
SELECT class, asked, NULL AS owner FROM kind WHERE is_known OR class IN (SELECT speaker FROM alike)
UNION ALL
SELECT concat(twin, owner), t.asked, w.asked
FROM (SELECT DISTINCT twin, owner FROM pair) p JOIN kind t ON t.class = p.twin JOIN kind w ON w.class = p.owner
"""

_AFTER = {
    "outcome": """
        SELECT class, verdict, reason FROM answer
        UNION ALL
        SELECT k.class, a.verdict, a.reason
        FROM kind k JOIN alike s ON NOT k.is_known AND k.class <> s.speaker AND k.asked.reason <=> s.reason
            AND k.asked.cpe_reason <=> s.cpe_reason AND k.namespaces <=> s.namespaces AND k.has_cpes = s.has_cpes
        JOIN answer a ON a.class = s.speaker
    """,
    "found": "SELECT class, inline(findings) FROM answer",
    "moved": """
        SELECT segment, document, position, hidden, counted, twin, class FROM pair JOIN answer ON class = concat(twin, owner)
    """,
    "tally": """
        SELECT class, hidden, counted, sum(occurrences) AS occurrences FROM (
            SELECT class, hidden, counted, occurrences FROM used JOIN place USING (segment, coordinate)
            UNION ALL SELECT class, hidden, counted, 1 FROM moved
            UNION ALL SELECT twin, hidden, counted, -1 FROM moved
        ) GROUP BY class, hidden, counted
    """,
    "hit": "SELECT segment, coordinate, class FROM place LEFT SEMI JOIN answer a ON a.class = place.class AND size(findings) > 0",
    "reached": """
        SELECT o.segment, o.document, o.position, class, hidden
        FROM part o JOIN hit ON hit.segment = o.segment AND hit.coordinate = o.coordinate
        LEFT ANTI JOIN moved m ON m.segment = o.segment AND m.document = o.document AND m.position = o.position
        UNION ALL SELECT segment, document, position, class, hidden FROM moved
    """,
}

_FINDINGS = """
SELECT sha256, coalesce(nullif(concat_ws(' ', subject_name, subject_version), ''), path) AS subject, path,
    array_join(transform(map_entries(labels), label -> concat(label.key, '=', label.value)), ' ') AS labels,
    namespace, name, version, id, ids, level, fix_state, fixed_in, status, suppressed_by, feed, record, rule, `range`,
    position, hidden, kev_added, epss, risk, exact
FROM reached JOIN found USING (class) JOIN chosen USING (segment, document)
"""

_VERDICTS = """
SELECT verdict, reason, sum(occurrences) AS occurrences
FROM tally JOIN outcome USING (class) WHERE counted GROUP BY verdict, reason HAVING sum(occurrences) > 0
"""
