"""The rounds of a watch: what is new comes in, is recorded, and goes out; what fails is told and does not stop the rest."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sbommatch.archive.lock import NOTIFY_LOCK, WATCH_LOCK, held
from sbommatch.archive.notifications.delivery import Pace
from sbommatch.archive.notifications.targets import Spool, Webhook
from sbommatch.archive.watch import Settings, Watch
from sbommatch.errors import ArchiveError
from sbommatch.store.files import writing
from sbommatch.store.open import open_database
from sbommatch.store.queries import status
from tests.sbommatch.archive.made import store
from tests.sbommatch.archive.recorded import OTHER
from tests.sbommatch.cli.sboms import FEEDS, JINJA_HIGH, sbom
from tests.support.webhooks import FakeWebhook

QUICK = Pace(attempts=2, first_pause_s=0.001, longest_pause_s=0.05, answer_s=5)


class Journal:
    """Remembers what was said; ends the watch where it is told to."""

    def __init__(self, until: Callable[["Journal"], bool] = lambda _: False) -> None:
        self.said: list[tuple[str, str, str]] = []
        self._until = until

    def __call__(self, level: str, event: str, message: str, **_fields: object) -> None:
        self.said.append((level, event, message))
        if event != "stopped" and self._until(self):
            raise KeyboardInterrupt

    def of(self, event: str) -> list[str]:
        return [message for _, one, message in self.said if one == event]

    @property
    def errors(self) -> list[str]:
        return [message for level, _, message in self.said if level == "error"]


def snapshot(folder: Path, records: Sequence[Mapping[str, Any]], captured_at: str) -> Path:
    """A snapshot folder of osv-pypi."""
    folder.mkdir(parents=True)
    files = []
    for record in records:
        content = json.dumps(record).encode()
        (folder / f"{record['id']}.json").write_bytes(content)
        files.append({"path": f"{record['id']}.json", "sha256": hashlib.sha256(content).hexdigest()})
    (folder / "snapshot.json").write_text(json.dumps({"feed": "osv-pypi", "captured_at": captured_at, "files": files}))
    return folder


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """An archive with a document that the first snapshot knows nothing of, and the second does; each is delivered to a spool folder."""
    store(tmp_path / "A", sbom(tmp_path / "web.json", JINJA_HIGH))
    (tmp_path / "in").mkdir()
    (tmp_path / "spool").mkdir()
    return Settings(
        archive=tmp_path / "A",
        pointer=tmp_path / "db" / "sbommatch.json",
        snapshots=tmp_path / "in",
        targets=(Spool(archive="A", folder=tmp_path / "spool"),),
        metrics=tmp_path / "watch.prom",
        pace=QUICK,
        poll_s=0.02,
    )


def first(settings: Settings) -> Path:
    assert settings.snapshots
    return snapshot(settings.snapshots / "1", [OTHER], "2026-08-01T00:00:00Z")


def second(settings: Settings) -> Path:
    assert settings.snapshots
    return snapshot(settings.snapshots / "2", [OTHER, *FEEDS["pypi"]], "2026-08-02T00:00:00Z")


def once(settings: Settings) -> tuple[Journal, set[int]]:
    journal = Journal()
    return journal, Watch(settings, journal).run(once=True)


def spooled(settings: Settings) -> list[str]:
    files = sorted((settings.archive.parent / "spool").iterdir())
    return [json.loads(file.read_bytes())["changes"][0]["package"] for file in files]


def captured(settings: Settings) -> list[str | None]:
    with open_database(settings.pointer) as database:
        return [feed.captured_at for feed in status(database).feeds]


def metrics(settings: Settings) -> dict[str, float]:
    assert settings.metrics
    lines = settings.metrics.read_text().splitlines()
    told = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name.removeprefix("sbommatch_watch_"): float(value) for name, value in told}


def test_a_round_takes_in_records_and_notifies(settings: Settings) -> None:
    first(settings)
    journal, codes = once(settings)
    assert (codes, journal.errors) == (set(), [])
    second(settings)
    journal, codes = once(settings)
    assert (codes, journal.errors) == (set(), [])
    assert [event for _, event, _ in journal.said] == ["started", "update", "changes", "delivered", "round", "stopped"]
    assert "took in osv-pypi" in journal.of("update")[0]
    assert spooled(settings) == ["jinja2"]
    journal, codes = once(settings)
    assert codes == set()
    assert journal.of("update") == journal.of("delivered") == []
    assert spooled(settings) == ["jinja2"]
    told = metrics(settings)
    assert told["rounds_total"] == 1
    assert told['errors_total{step="update"}'] == 0
    assert told['notifications{state="unread"}'] == 1
    assert told[f'due{{target="spool {settings.archive.parent}/spool"}}'] == 0
    assert told['feed_captured_timestamp_seconds{feed="osv-pypi"}'] == 1785628800
    assert time.time() - told["last_success_timestamp_seconds"] < 60


def test_named_sources_are_looked_at_in_every_round(settings: Settings) -> None:
    folder = first(settings)
    named = msgspec.structs.replace(settings, snapshots=None, sources=(f"osv-pypi={folder}",))
    assert once(named)[1] == set()
    shutil.rmtree(folder)
    second(settings).rename(folder)
    journal, codes = once(named)
    assert (codes, journal.errors) == (set(), [])
    assert spooled(settings) == ["jinja2"]


def test_snapshots_of_one_feed_come_in_one_after_the_other_the_oldest_first(settings: Settings) -> None:
    second(settings)
    first(settings)
    journal, codes = once(settings)
    assert codes == set()
    assert len(journal.of("update")) == 2
    assert captured(settings) == ["2026-08-02T00:00:00Z"]
    assert settings.snapshots
    snapshot(settings.snapshots / "0", [OTHER], "2026-07-01T00:00:00Z")
    journal, codes = once(settings)
    assert (codes, journal.of("update")) == (set(), [])


def test_a_snapshot_that_is_not_what_it_says_stays_out_until_it_is(settings: Settings) -> None:
    first(settings)
    record = second(settings) / f"{OTHER['id']}.json"
    content = record.read_bytes()
    record.write_bytes(content[:-1])  # as if it were still being copied
    journal, codes = once(settings)
    assert codes == {6}
    assert "sha256" in journal.errors[0]
    assert captured(settings) == ["2026-08-01T00:00:00Z"]
    record.write_bytes(content)
    assert once(settings)[1] == set()
    assert spooled(settings) == ["jinja2"]


def test_a_shrunk_feed_is_told_and_the_old_state_stays(settings: Settings) -> None:
    second(settings)
    assert once(settings)[1] == set()
    assert settings.snapshots
    snapshot(settings.snapshots / "3", [OTHER], "2026-08-03T00:00:00Z")
    journal, codes = once(settings)
    assert codes == {6}
    assert "the old state stays" in journal.errors[0]
    assert captured(settings) == ["2026-08-02T00:00:00Z"]


def test_an_error_ends_its_step_alone(settings: Settings) -> None:
    first(settings)
    once(settings)
    second(settings)
    journal, codes = once(msgspec.structs.replace(settings, sources=("osv-npm=/nowhere",)))
    assert codes == {3}
    assert "/nowhere does not exist" in journal.errors[0]
    assert spooled(settings) == ["jinja2"]
    assert metrics(settings)['errors_total{step="update"}'] == 1
    assert metrics(settings)["last_success_timestamp_seconds"] == 0


def test_a_database_that_somebody_else_writes_is_tried_again(settings: Settings) -> None:
    first(settings)
    once(settings)
    second(settings)
    with writing(settings.pointer):
        journal, codes = once(settings)
    assert codes == {4}
    assert "is writing it" in journal.errors[0]
    assert once(settings)[1] == set()
    assert spooled(settings) == ["jinja2"]


def test_without_a_database_it_says_so_and_goes_on(settings: Settings) -> None:
    journal, codes = once(settings)
    assert codes == {4}
    assert [event for _, event, _ in journal.said] == ["started", "changes", "changes", "round", "stopped"]


def test_there_is_one_watch_at_a_time(settings: Settings) -> None:
    with held(settings.archive, WATCH_LOCK, "watching it"), pytest.raises(ArchiveError, match="is watching it already"):
        once(settings)
    with pytest.raises(ArchiveError, match="there is no archive"):
        once(msgspec.structs.replace(settings, archive=settings.archive / "none"))


def test_a_snapshot_that_appears_is_taken_in_at_once(settings: Settings) -> None:
    first(settings)

    def until(journal: Journal) -> bool:
        if len(journal.of("round")) == 1 and journal.said[-1][1] == "round":
            second(settings)
        return bool(journal.of("delivered"))

    journal = Journal(until)
    with pytest.raises(KeyboardInterrupt):
        Watch(settings, journal).run(once=False)
    assert journal.errors == []
    assert spooled(settings) == ["jinja2"]
    assert journal.said[-1][1] == "stopped"


def test_what_cannot_be_taken_in_begins_no_round_after_round(settings: Settings) -> None:
    """The database is being written by somebody else, a feed that is named is gone, and another process delivers."""
    first(settings)
    once(settings)
    second(settings)
    begun = time.monotonic()
    journal = Journal(lambda _: time.monotonic() - begun > 20)

    def sleep(_s: float) -> None:
        if time.monotonic() - begun > 0.5:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched, writing(settings.pointer), held(settings.archive, NOTIFY_LOCK, "x"):
        patched.setattr(time, "sleep", sleep)
        with pytest.raises(KeyboardInterrupt):
            Watch(msgspec.structs.replace(settings, sources=("osv-npm=/nowhere",)), journal).run(once=False)
    assert len(journal.of("round")) == 1
    assert [event for level, event, _ in journal.said if level == "error"] == ["update", "update", "notify"]
    assert once(settings)[1] == set()
    assert spooled(settings) == ["jinja2"]


def test_a_broken_snapshot_is_told_once_a_round(settings: Settings) -> None:
    """And not whenever the folder is looked at."""
    (first(settings) / "snapshot.json").write_text("{")
    begun = time.monotonic()
    journal = Journal()

    def sleep(_s: float) -> None:
        if time.monotonic() - begun > 0.3:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(time, "sleep", sleep)
        Watch(settings, journal).run(once=False)
    assert len([error for error in journal.errors if "snapshot.json" in error]) == 1


def test_it_never_sleeps_so_long_that_a_signal_is_missed(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python sees a signal that comes between its last look and the sleep only after that."""
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(time, "sleep", sleep)
    journal = Journal()
    with pytest.raises(KeyboardInterrupt):
        Watch(msgspec.structs.replace(settings, snapshots=None), journal).run(once=False)
    assert slept == [settings.poll_s] * 3
    assert len(journal.of("round")) == 1


def test_a_target_that_fails_is_tried_again_before_the_next_round(settings: Settings) -> None:
    first(settings)
    once(settings)
    second(settings)
    with FakeWebhook() as fake:
        fake.answers = [500] * 6  # three runs of two attempts
        target = Webhook(archive="A", url=fake.url, secret=None)
        journal = Journal(lambda journal: bool(journal.of("delivered")))
        with pytest.raises(KeyboardInterrupt):
            Watch(msgspec.structs.replace(settings, targets=(target,), retry_first_s=0.01), journal).run(once=False)
        assert len(fake.taken) == 1
    assert [error.partition(": ")[2] for error in journal.errors] == ["answers 500, 2 times (1 due)"] * 3
    assert len(journal.of("update")) == 1


def test_a_full_disk_for_metrics_stops_nothing(settings: Settings) -> None:
    first(settings)
    once(settings)
    second(settings)
    journal, codes = once(msgspec.structs.replace(settings, metrics=settings.archive / "none" / "x.prom"))
    assert codes == {2}
    assert "x.prom: cannot be written" in journal.errors[0]
    assert spooled(settings) == ["jinja2"]
