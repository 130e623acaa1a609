"""Several layers at once, their results in order: decompression and hashing let other threads run."""

import os
import threading
from collections.abc import Callable, Generator, Sequence
from itertools import count
from typing import Generic, TypeVar

MAX_THREADS = 4
"""Each needs memory for a layer's table and for the bodies in work; beyond this the interpreter's lock lets none of them run faster."""

GRACE_S = 5.0
"""That an interrupted run waits for its threads, which look after each piece they read whether to go on."""

Item = TypeVar("Item")
Result = TypeVar("Result")


def available_threads() -> int:
    """As many as there are processors for this process, within `MAX_THREADS`."""
    return min(len(os.sched_getaffinity(0)), MAX_THREADS)


def in_order(work: Callable[[Item, Callable[[], bool]], Result], items: Sequence[Item], threads: int) -> Generator[Result, None, None]:
    """The results of `work(item, stopped)` in the items' order; what it raises is raised where the result would stand.

    `stopped` says whether the results are still waited for. Close the iterator (`contextlib.closing`) to stop early: the threads are
    gone then, or are left to themselves where they do not look.
    """
    if min(threads, len(items)) < 2:
        yield from (work(item, lambda: False) for item in items)
        return
    pool = _Pool(work, items, threads)
    try:
        yield from (pool.result(index) for index in range(len(items)))
    finally:
        pool.stop()


class _Pool(Generic[Item, Result]):
    """Threads that take one item after another."""

    def __init__(self, work: Callable[[Item, Callable[[], bool]], Result], items: Sequence[Item], threads: int) -> None:
        self._work = work
        self._items = items
        self._results: dict[int, Result] = {}
        self._errors: dict[int, BaseException] = {}
        self._done = [threading.Event() for _ in items]
        self._stopped = threading.Event()
        self._next = count()  # of which `next` is atomic
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(min(threads, len(items)))]
        for thread in self._threads:
            thread.start()

    def result(self, index: int) -> Result:
        """What came of an item."""
        self._done[index].wait()
        if index in self._errors:
            raise self._errors[index]
        return self._results.pop(index)

    def stop(self) -> None:
        """Take no more items, and wait for the threads."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(GRACE_S)

    def _run(self) -> None:
        for index in self._next:
            if index >= len(self._items) or self._stopped.is_set():
                return
            try:
                self._results[index] = self._work(self._items[index], self._stopped.is_set)
            except BaseException as exc:  # noqa: BLE001  whatever it is, it is raised where the result is asked for
                self._errors[index] = exc
            self._done[index].set()
