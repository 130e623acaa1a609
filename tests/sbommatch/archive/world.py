"""An archive and feeds that change from day to day, and what is to be told of it: by matching everything before and after."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sbommatch.archive.archive import open_archive
from sbommatch.archive.change import ArchiveChange
from sbommatch.archive.changes import Changes, record_changes
from sbommatch.archive.commits import Commits
from sbommatch.archive.matching import ArchiveMatch
from sbommatch.archive.recorded import recorded
from sbommatch.store.build import BuildOptions, build, update
from sbommatch.store.open import open_database
from sbommatch.supply.sources import sources_of
from tests.sbommatch.archive.made import opened, store
from tests.sbommatch.cli.sboms import sbom
from tests.sbommatch.store.made import write_zip

Place = tuple[str, int, str]
"""Document, position, identifier."""

Standing = tuple[str, str, str, bool]
"""Level, fix state, fix, known to be exploited."""

_STANDING = """
SELECT sha256, position, id, level, fix_state, fixed_in, kev_added IS NOT NULL
FROM reached JOIN found USING (class) JOIN documents USING (segment, document)
WHERE status = 'open' AND NOT hidden
"""


class World:
    """Each step is a day."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.archive = folder / "A"
        self.pointer = folder / "feeds.json"
        self.day = 0

    def feed(self, *, anew: bool = False, secdb: Mapping[str, Any] | None = None, **osv: Sequence[Mapping[str, Any]]) -> None:
        """The next day's snapshots: of the secdb of Alpine 3.11 and of OSV feeds; the database updated, or built anew of these alone."""
        self.day += 1
        folder = self.folder / f"day{self.day}"
        date = f"2026-01-{self.day:02}"
        sources = []
        for name, records in osv.items():
            (folder / name).mkdir(parents=True)
            sources.append(f"osv-{name}={write_zip(folder / name / 'all.zip', records)}@{date}")
        if secdb is not None:
            (folder / "secdb" / "v3.11").mkdir(parents=True)
            listed = [{"pkg": {"name": name, "secfixes": fixes}} for name, fixes in secdb.items()]
            document = {"distroversion": "v3.11", "reponame": "main", "packages": listed}
            (folder / "secdb" / "v3.11" / "main.json").write_text(json.dumps(document), "utf-8")
            sources.append(f"alpine-secdb={folder / 'secdb'}@{date}")
        if anew:
            build(sources_of(sources), self.pointer)
        else:
            update(sources_of(sources), self.pointer, BuildOptions(accept_shrink=True))

    def add(self, name: str, components: Sequence[Mapping[str, Any]], **labels: str) -> None:
        store(self.archive, sbom(self.folder / f"{name}.json", components=components, serialNumber=name), labels=labels)

    def remove(self, name: str) -> None:
        with opened(self.archive) as (archive, reader), Commits(archive) as commits:
            digests = [digest for (digest,) in reader.rows("SELECT sha256 FROM documents WHERE ends_with(path, $1)", [f"{name}.json"])]
            assert commits.remove(digests) == 1

    def changes(self) -> Changes:
        with open_archive(self.archive) as archive, open_database(self.pointer) as database:
            return record_changes(archive, database, at=datetime(2026, 1, self.day or 1, tzinfo=UTC))

    def told(self, after: str | None = None) -> list[ArchiveChange]:
        with open_archive(self.archive) as archive:
            return list(recorded(archive, after=after))

    def standing(self) -> dict[Place, Standing]:
        """What a match of everything finds."""
        with opened(self.archive) as (_, reader), open_database(self.pointer) as database:
            ArchiveMatch(reader, database)
            return {(digest, position, id_): tuple(rest) for digest, position, id_, *rest in reader.rows(_STANDING)}


def expected(before: Mapping[Place, Standing], after: Mapping[Place, Standing]) -> set[tuple[str, *tuple[Any, ...]]]:
    """The changes between two matches of everything: kind, document, position, identifier."""
    found: set[tuple[str, *tuple[Any, ...]]] = {("affected", *place) for place in after.keys() - before.keys()}
    found |= {("resolved", *place) for place in before.keys() - after.keys()}
    for place in before.keys() & after.keys():
        (level, *fix, kev), (new_level, *new_fix, new_kev) = before[place], after[place]
        found |= {("severity_changed", *place)} if level != new_level else set()
        found |= {("fix_changed", *place)} if fix != new_fix else set()
        found |= {("kev", *place)} if new_kev and not kev else set()
    return found
