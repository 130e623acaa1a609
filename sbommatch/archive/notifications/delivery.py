"""Brings to each target what is due to it: in order, at least once, the slow ones beside the others.

A batch counts as delivered when its target has said so; who is killed before that is written down sends the same batch again, under the
same identifier. What a target does not take stays due, however long that lasts, and what is behind it waits.
"""

import time
from collections.abc import Iterable, Sequence
from queue import Empty, SimpleQueue
from threading import Thread

from msgspec import Struct

from sbommatch.archive.notifications.box import Batch, Box
from sbommatch.archive.notifications.targets import Target
from sbommatch.archive.notifications.webhook import DeliveryError
from sbommatch.errors import SbommatchError

BATCH_CHANGES = 200
"""Some 100 kB of JSON: what receivers take."""

POSTPONE_LIMIT_S = 86_400.0
"""Who wants to be left alone for longer is asked again all the same; and a clock that went back by years does not silence anybody."""


class Pace(Struct, frozen=True):
    """How patient a delivery is."""

    attempts: int = 4
    """Of one batch, in one run."""
    first_pause_s: float = 0.5
    """Before the second attempt; doubled for each further one."""
    longest_pause_s: float = 60.0
    """Who asks for a longer one is left for another run, at that time or later."""
    answer_s: float = 60.0
    """For all of one attempt: the name server, the connection, the last byte of the answer."""
    run_s: float = float("inf")
    """After that no further batch is begun."""


class Outcome(Struct, frozen=True, kw_only=True):
    """What came of a run at one target."""

    target: str
    delivered: int
    """Changes."""
    due: int
    """Changes that are still to be delivered."""
    error: SbommatchError | None


class _Courier:
    """One target during a run."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self.batch: Batch | None = None
        self.taken: int | None = None
        """The end of the last batch that was delivered, until the box knows of it."""
        self.attempt = 0
        self.most = BATCH_CHANGES
        self.ready_at = time.monotonic()
        self.sent_at: float | None = None
        self.delivered = 0
        self.error: SbommatchError | None = None
        self.is_done = False

    def stop(self, error: SbommatchError | None = None) -> None:
        """No more in this run."""
        self.is_done, self.error = True, error


_Answer = tuple[_Courier, Batch, SbommatchError | None]


class Delivery:
    """Deliveries of one process, one after the other."""

    def __init__(self, pace: Pace = Pace()) -> None:  # noqa: B008  frozen
        self._pace = pace
        self._threads: dict[str, Thread] = {}
        self._answers: SimpleQueue[_Answer] = SimpleQueue()

    def run(self, box: Box, targets: Sequence[Target]) -> list[Outcome]:
        """Delivers all that is due, as far as the targets take it."""
        end = time.monotonic() + self._pace.run_s
        couriers = [self._courier(box, target) for target in targets]
        while busy := [courier for courier in couriers if not courier.is_done]:
            for courier in busy:
                if courier.sent_at is None and courier.ready_at <= time.monotonic():
                    self._send_next(box, courier, end)
            self._await(box, busy)
        return [
            Outcome(
                target=one.target.name, delivered=one.delivered, due=box.due(one.target.key, one.target.filter), error=one.error
            )
            for one in couriers
        ]  # fmt: skip

    def _courier(self, box: Box, target: Target) -> _Courier:
        """Where a target asked to be left alone, or still has a message in hand, it has nothing to do in this run."""
        courier = _Courier(target)
        box.meet(target.key)
        wait_s = (box.postponed_until(target.key) or 0) - time.time()
        thread = self._threads.get(target.key)
        why = f"asked to be left alone for another {wait_s:.0f} seconds" if 0 < wait_s <= POSTPONE_LIMIT_S else ""
        why = "has not answered the last message yet" if thread and thread.is_alive() else why
        if why:
            courier.stop(DeliveryError(f"{target.name}: {why}") if box.due(target.key, target.filter) else None)
        return courier

    def _send_next(self, box: Box, courier: _Courier, end: float) -> None:
        target = courier.target
        batch = courier.batch or self._next(box, courier, end)
        if batch is None:
            courier.stop()
            return
        courier.batch, courier.sent_at = batch, time.monotonic()
        if target.is_network:  # in a thread that nobody has to wait for: a name server or a slow answer knows no time-out
            self._threads[target.key] = Thread(target=self._attempt, args=(courier, batch), daemon=True)
            self._threads[target.key].start()
        else:
            self._attempt(courier, batch)

    def _next(self, box: Box, courier: _Courier, end: float) -> Batch | None:
        target, taken, courier.taken = courier.target, courier.taken, None
        if time.monotonic() < end:
            return box.next_batch(target.key, target.filter, courier.most, delivered=taken)
        if taken is not None:
            box.delivered(target.key, taken)
        return None

    def _attempt(self, courier: _Courier, batch: Batch) -> None:
        try:
            courier.target.send(batch)
        except SbommatchError as exc:
            self._answers.put((courier, batch, exc))
        else:
            self._answers.put((courier, batch, None))

    def _await(self, box: Box, couriers: Iterable[_Courier]) -> None:
        """Until an answer comes, a pause is over, or an answer is overdue."""
        waits = [self._wakes_at(courier) for courier in couriers if not courier.is_done]
        if not waits:
            return
        try:
            courier, batch, error = self._answers.get(timeout=max(0.0, min(waits) - time.monotonic()))
        except Empty:
            for one in couriers:
                if one.sent_at is not None and self._wakes_at(one) <= time.monotonic():
                    one.stop(DeliveryError(f"{one.target.name}: no answer within {self._pace.answer_s:.0f} seconds"))
            return
        if courier.is_done or courier.batch is not batch:
            return  # it came too late, and is sent again
        courier.sent_at = None
        if error is None:
            courier.batch, courier.taken, courier.attempt = None, batch.last, 0
            courier.delivered += len(batch.changes)
        else:
            self._fail(box, courier, batch, error)

    def _wakes_at(self, courier: _Courier) -> float:
        return courier.ready_at if courier.sent_at is None else courier.sent_at + self._pace.answer_s

    def _fail(self, box: Box, courier: _Courier, batch: Batch, error: SbommatchError) -> None:
        """Another attempt after a pause, fewer changes at once, or the end of this run."""
        name = courier.target.name
        if not isinstance(error, DeliveryError):
            courier.stop(error)
            return
        if error.is_too_large and len(batch.changes) > 1:
            courier.most, courier.batch = len(batch.changes) // 2, None
            return
        courier.attempt += 1
        pause_s = error.retry_after_s if error.retry_after_s is not None else self._pace.first_pause_s * 2.0 ** (courier.attempt - 1)
        if error.retry_after_s is not None and pause_s > self._pace.longest_pause_s:
            box.postpone(courier.target.key, time.time() + min(pause_s, POSTPONE_LIMIT_S))
            courier.stop(DeliveryError(f"{name}: {error}, and asks to be left alone for {pause_s:.0f} seconds"))
        elif not error.is_passing or courier.attempt >= self._pace.attempts:
            times = f", {courier.attempt} times" if courier.attempt > 1 else ""
            courier.stop(DeliveryError(f"{name}: {error}{times}"))
        else:
            courier.ready_at = time.monotonic() + min(pause_s, self._pace.longest_pause_s)
