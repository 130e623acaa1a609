"""An archive whose changes were recorded, by the real way."""

from datetime import UTC, datetime
from pathlib import Path

from sbommatch.archive.archive import open_archive
from sbommatch.archive.changes import record_changes
from sbommatch.store.open import open_database
from tests.sbommatch.archive.made import store
from tests.sbommatch.cli.sboms import FLASK_UNKNOWN, JINJA_HIGH, feeds, sbom
from tests.sbommatch.match.feeds import below, database, osv_record

OTHER = osv_record("PYSEC-2019-1", "PyPI", "other", below("1.0"))


def recorded_archive(folder: Path) -> Path:
    """Two documents that a feed update made affected: jinja2 (high) in one of team web, flask (unknown) in one of team api."""
    store(folder / "A", sbom(folder / "web.json", JINJA_HIGH, "pkg:pypi/a@1"), labels={"team": "web"})
    store(folder / "A", sbom(folder / "web2.json", JINJA_HIGH, "pkg:pypi/b@1"), labels={"team": "web"})
    store(folder / "A", sbom(folder / "api.json", FLASK_UNKNOWN), labels={"team": "api"})
    (folder / "before").mkdir()
    (folder / "after").mkdir()
    for pointer in (database(folder / "before", pypi=[OTHER]), feeds(folder / "after")):
        with open_archive(folder / "A") as archive, open_database(pointer) as opened:
            record_changes(archive, opened, at=datetime(2026, 8, 21, 6, tzinfo=UTC))
    return folder / "A"
