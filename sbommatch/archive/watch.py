"""Update, record what changed, notify: again and again, and whatever goes wrong in one round is told and tried again in the next."""

import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from sbommatch.archive.archive import open_archive
from sbommatch.archive.lock import NOTIFY_LOCK, WATCH_LOCK, held
from sbommatch.archive.metrics import write
from sbommatch.archive.notifications.box import open_box
from sbommatch.archive.notifications.delivery import Delivery, Outcome, Pace
from sbommatch.archive.notifications.intake import take_in
from sbommatch.archive.notifications.targets import Target
from sbommatch.archive.tally import Tally
from sbommatch.errors import SbommatchError
from sbommatch.store.build import BuildOptions, update
from sbommatch.store.engine import engine_error, interruptible
from sbommatch.store.open import open_database
from sbommatch.store.queries import status
from sbommatch.supply.arrivals import Arrival, Mark, arrivals
from sbommatch.supply.snapshot import parse_date
from sbommatch.supply.sources import Source, sources_of

POLL_S = 5.0
"""How often the folder of snapshots is looked at, and how long a signal may go unnoticed."""

RETRY_FIRST_S, RETRY_MAX_S = 30.0, 900.0
"""After a delivery that failed; doubled each time, and never longer than until the next round."""

EXIT_LOSS, EXIT_REFUSED = 5, 6


class Journal(Protocol):
    """Where a watch says what it does."""

    def __call__(self, level: str, event: str, message: str, **fields: object) -> None:
        """`level` is info or error; `event` and the fields are for programs."""


class Settings(Struct, frozen=True, kw_only=True):
    """What is watched, and how."""

    archive: Path
    pointer: Path
    sources: tuple[str, ...] = ()
    """`FEED=PATH[@DATE]`, looked at in every round."""
    snapshots: Path | None = None
    """A folder in which snapshot folders appear."""
    build: BuildOptions = BuildOptions()
    targets: tuple[Target, ...] = ()
    every_s: float = 3600.0
    poll_s: float = POLL_S
    retry_first_s: float = RETRY_FIRST_S
    metrics: Path | None = None
    pace: Pace = Pace()


class Watch:
    """The rounds of one process."""

    def __init__(self, settings: Settings, journal: Journal) -> None:
        self._settings = settings
        self._journal = journal
        self._delivery = Delivery(settings.pace)
        self._tried: set[Mark] = set()
        self._retry_at: float | None = None
        self._retries = 0
        self._codes: list[int] = []
        self._tally = Tally()

    def run(self, *, once: bool) -> set[int]:
        """Rounds without end, or one: the exit codes of what went wrong in it. Raises ArchiveError where another process watches."""
        with open_archive(self._settings.archive):
            pass
        with held(self._settings.archive, WATCH_LOCK, "watching it"):
            self._journal("info", "started", f"watching {self._settings.archive}")
            try:
                self._round()
                while not once:
                    self._sleep()
            finally:
                self._journal("info", "stopped", "stopped")
        return set(self._codes)

    def _round(self) -> None:
        begun = time.monotonic()
        self._next_at = begun + self._settings.every_s
        self._codes = []
        self._tried.clear()  # a snapshot that was still being copied may be whole by now
        self._step("update", self._take_named)
        self._step("update", self._take_arrived)
        self._step("changes", self._record)
        self._step("changes", self._take_in)
        self._step("notify", self._notify)
        self._tally.rounds += 1
        self._tally.round_s = time.monotonic() - begun
        self._tally.last_round_at = time.time()
        if not self._codes:
            self._tally.last_success_at = time.time()
        self._finish(f"round {self._tally.rounds} done in {self._tally.round_s:.1f} s")

    def _finish(self, message: str) -> None:
        self._journal("info", "round", message, errors=len(self._codes), seconds=round(self._tally.round_s, 3))
        if self._settings.metrics:
            self._step("metrics", self._write_metrics)

    def _step(self, name: str, work: Callable[[], None]) -> None:
        """An error ends the step, and is told and counted."""
        try:
            with interruptible():
                work()
        except SbommatchError as exc:
            self._fail(name, str(exc), exc.exit_code)
        except (OSError, engine_error()) as exc:  # nobody knew what to say of it: the disk, memory, a file that changed under our hands
            self._fail(name, f"{type(exc).__name__}: {exc}", SbommatchError.exit_code)

    def _fail(self, step: str, message: str, code: int) -> None:
        self._codes.append(code)
        self._tally.errors[step] += 1
        self._journal("error", step, message, code=code)

    def _sleep(self) -> None:
        """Until the next round, a snapshot that arrives, or another attempt at a target; then does that."""
        wake_at = min(self._next_at, self._retry_at or self._next_at)
        pause_s = max(0.0, wake_at - time.monotonic())
        time.sleep(min(pause_s, self._settings.poll_s))  # not longer: a signal that comes just before it does not end it
        if time.monotonic() >= self._next_at or self._has_arrivals():
            self._round()
        elif self._retry_at is not None and time.monotonic() >= self._retry_at:
            self._step("notify", self._notify)
            self._finish("delivered again")

    def _has_arrivals(self) -> bool:
        try:
            return any(True for _ in self._arrived())
        except SbommatchError:
            return False  # the next round says it

    def _take_named(self) -> None:
        if self._settings.sources:
            self._take(sources_of(self._settings.sources))

    def _take_arrived(self) -> None:
        arrived = sorted(self._arrived(), key=lambda one: one.captured_at)
        self._tried |= {one.mark for one in arrived}  # all of them: what cannot be taken in now must not begin round after round
        feeds: dict[str, list[Arrival]] = {}
        for arrival in arrived:
            feeds.setdefault(arrival.feed, []).append(arrival)
        for wave in zip_longest(*feeds.values()):  # the oldest of each feed first: history is kept, and the database copied seldom
            self._take([source for arrival in wave if arrival for source in self._opened(arrival)])

    def _arrived(self) -> Iterator[Arrival]:
        """Snapshots in the folder that are newer than those of the database, and were not tried since the last round began."""
        found = list(arrivals(self._settings.snapshots, self._tried)) if self._settings.snapshots else []
        captured = self._captured() if found else {}
        for one in found:
            if not isinstance(one, Arrival):
                self._tried.add(one.mark)
                self._fail("update", str(one.error), one.error.exit_code)
            elif (known := captured.get(one.feed)) and one.captured_at <= known:
                self._tried.add(one.mark)
            else:
                yield one

    def _captured(self) -> dict[str, datetime | None]:
        """When the snapshots in the database were captured, by feed."""
        if not self._settings.pointer.exists():
            return {}
        with open_database(self._settings.pointer) as database:
            return {feed.name: parse_date(feed.captured_at or "") for feed in status(database).feeds}

    def _opened(self, arrival: Arrival) -> Sequence[Source]:
        """The snapshot, verified; nothing where it cannot be used, which leaves the others."""
        try:
            return sources_of([f"{arrival.feed}={arrival.path}"])
        except SbommatchError as exc:
            self._fail("update", str(exc), exc.exit_code)
            return ()

    def _take(self, sources: Sequence[Source]) -> None:
        if not sources:
            return
        result = update(sources, self._settings.pointer, self._settings.build)
        refused = {refusal.feed for refusal in result.refusals}
        for refusal in result.refusals:
            self._fail("update", f"{refusal.feed}: not taken in, the old state stays: {refusal.why}", EXIT_REFUSED)
        if result.losses:
            first = result.losses[0]
            more = f", and {len(result.losses) - 1} more" if len(result.losses) > 1 else ""
            self._fail("update", f"{first.where}: {first.message}{more}", EXIT_LOSS)
        taken = sorted({source.declaration.name for source in sources} - refused - set(result.unchanged))
        if taken:
            self._journal("info", "update", f"took in {', '.join(taken)}", database=result.database.name, feeds=taken)

    def _record(self) -> None:
        from sbommatch.archive.changes import record_changes

        with open_archive(self._settings.archive) as archive, open_database(self._settings.pointer) as database:
            found = record_changes(archive, database, at=datetime.now(UTC))
        for note in found.notes:
            self._journal("info", "changes", note)

    def _take_in(self) -> None:
        with open_archive(self._settings.archive) as archive, open_box(self._settings.archive) as box:
            new = take_in(archive, box)
            self._tally.states = box.counts()
        kinds = {kind.value: count for kind, count in sorted(new.items()) if count}
        self._tally.changes.update(kinds)
        said = ", ".join(f"{count} {kind.replace('_', ' ')}" for kind, count in kinds.items())
        self._journal("info", "changes", f"changes: {said or 'none'}", **kinds)

    def _notify(self) -> None:
        settings = self._settings
        self._retries += 1  # until it went well, whatever ends it
        pause_s = min(settings.retry_first_s * 2.0 ** min(self._retries - 1, 20), RETRY_MAX_S)
        self._retry_at = time.monotonic() + pause_s
        if settings.targets and not self._deliver():
            return
        self._retries, self._retry_at = 0, None

    def _deliver(self) -> bool:
        """Whether every target took what was sent to it."""
        archive = self._settings.archive
        with held(archive, NOTIFY_LOCK, "delivering its notifications"), open_box(archive) as box:
            outcomes = self._delivery.run(box, self._settings.targets)
        for outcome in outcomes:
            self._tell(outcome)
        self._tally.due = {outcome.target: outcome.due for outcome in outcomes}
        return not any(outcome.error for outcome in outcomes)

    def _tell(self, outcome: Outcome) -> None:
        self._tally.delivered[outcome.target] += outcome.delivered
        if outcome.delivered:
            text = f"{outcome.target}: {outcome.delivered} delivered"
            self._journal("info", "delivered", text, target=outcome.target, delivered=outcome.delivered, due=outcome.due)
        if outcome.error:
            self._tally.failed[outcome.target] += 1
            self._fail("notify", f"{outcome.error} ({outcome.due} due)", outcome.error.exit_code)

    def _write_metrics(self) -> None:
        assert self._settings.metrics
        write(self._tally.metrics(self._captured()), self._settings.metrics)
