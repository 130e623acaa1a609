"""`sbommatch archive match --engine spark`."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from msgspec import Struct

from sbommatch.archive.documents import Label
from sbommatch.cli import base
from sbommatch.errors import UsageError


class SparkJob(Struct, frozen=True, kw_only=True):
    """What is matched, and the folder that the findings go to."""

    archive: Path
    pointer: Path
    as_of: datetime | None
    labels: Sequence[Label]
    folder: Path


def folder_of(outputs: Sequence[str]) -> Path:
    """The folder of the one output that Spark writes. Raises UsageError where others are asked for, or there is such a folder already."""
    format_, _, name = outputs[0].partition("=")
    if len(outputs) > 1 or format_ != "parquet" or name in {"", "-"}:
        raise UsageError("--engine spark writes Parquet alone: name a folder for it, as in -o parquet=FOLDER")
    folder = Path(name).resolve()
    if folder.exists():
        raise UsageError(f"{folder}: there is such a file or folder already; name a new one, or delete it")
    return folder


def match_on_spark(job: SparkJob) -> int:
    """Writes `findings` and `verdicts`, two folders of Parquet files, and gives the exit code."""
    from sbommatch.archive.archive import open_archive
    from sbommatch.archive.spark import Feeds, SparkMatch, session
    from sbommatch.store.open import locate

    feeds = Feeds(locate(job.pointer).resolve(), job.as_of)
    with open_archive(job.archive) as archive, session() as spark, SparkMatch(spark, archive, feeds, job.labels) as match:
        match.findings().write.parquet(f"file://{job.folder / 'findings'}")
        match.verdicts().coalesce(1).write.parquet(f"file://{job.folder / 'verdicts'}")
        return base.EXIT_LOSS if match.losses else 0
