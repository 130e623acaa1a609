"""Reading documents in several processes, in the order given.

A process answers each source with an extract; its coordinates are numbered by the process, and those it had not met before come with the
first extract that has them. It reads from its pipe until that ends, so that none outlives the process that started it.
"""

import os
import signal
from collections import deque
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from sbommatch.archive.extract import Extractor, Source
from sbommatch.archive.model import Extract, Refusal
from sbommatch.errors import SbommatchError, UnreadableError
from sbommatch.reports.text import as_text

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

MAX_PROCESSES = 8
"""Beyond that the one process that writes is what all wait for."""

SOURCES_AHEAD = 4
"""Sources given to each process before the first is back."""

FEW_SOURCES = 8
"""So many are read by this process alone: starting others takes as long."""

Answer = tuple[int, Extract | Refusal]
"""The process by whose numbers the coordinates go, and what it says."""

_ANSWERS = msgspec.msgpack.Decoder(Extract | Refusal)


def extracts(sources: Iterable[Source | UnreadableError], processes: int | None = None) -> Iterator[Answer]:
    """What becomes of each source, in their order. `processes`: as many as there are processors, where not given."""
    found = iter(sources)
    first = [one for _, one in zip(range(FEW_SOURCES + 1), found, strict=False)]
    count = min(processes or len(os.sched_getaffinity(0)), MAX_PROCESSES)
    if count < 2 or len(first) <= FEW_SOURCES:
        yield from _alone(_chained(first, found))
    else:
        yield from _together(_chained(first, found), count)


def _chained(first: Iterable[Source | UnreadableError], rest: Iterator[Source | UnreadableError]) -> Iterator[Source | UnreadableError]:
    yield from first
    yield from rest


def refused(error: UnreadableError) -> Refusal:
    """An error as an answer."""
    return Refusal(message=as_text(str(error)), is_note=False)


def _alone(sources: Iterable[Source | UnreadableError]) -> Iterator[Answer]:
    extractor = Extractor()
    for source in sources:
        yield 0, refused(source) if isinstance(source, UnreadableError) else extractor.extract(source)


def _together(sources: Iterable[Source | UnreadableError], count: int) -> Iterator[Answer]:
    """Sources go round; each answer is waited for in its turn, while the others read on."""
    pool = _Pool(count)
    try:
        waiting: deque[Refusal | int] = deque()
        given = 0
        for source in sources:
            if isinstance(source, UnreadableError):
                waiting.append(refused(source))
            else:
                pool.give(given % count, source)
                waiting.append(given % count)
                given += 1
            if len(waiting) >= count * SOURCES_AHEAD:
                yield pool.answer(waiting.popleft())
        while waiting:
            yield pool.answer(waiting.popleft())
    finally:
        pool.close()


class _Pool:
    def __init__(self, count: int) -> None:
        from multiprocessing import get_context

        context = get_context("spawn")
        self._pipes: list[Connection] = []
        self._processes = []
        self._owed = [0] * count
        self._early: list[deque[bytes]] = [deque() for _ in range(count)]
        for _ in range(count):
            ours, theirs = context.Pipe()
            process = context.Process(target=_serve, args=(theirs,), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(ours)
            self._processes.append(process)

    def give(self, number: int, source: Source) -> None:
        """Raises SbommatchError where the process died."""
        if source.data is not None:  # it may be more than the pipe holds: a process that is answering would never take it
            while self._owed[number]:
                self._early[number].append(self._receive(number))
        try:
            self._pipes[number].send_bytes(_encoded(source))
        except OSError as exc:
            raise _died() from exc
        self._owed[number] += 1

    def answer(self, waited_for: Refusal | int) -> Answer:
        """Raises SbommatchError where the process died."""
        if isinstance(waited_for, Refusal):
            return 0, waited_for
        early = self._early[waited_for]
        return waited_for, _ANSWERS.decode(early.popleft() if early else self._receive(waited_for))

    def _receive(self, number: int) -> bytes:
        try:
            received = self._pipes[number].recv_bytes()
        except (EOFError, OSError) as exc:
            raise _died() from exc
        self._owed[number] -= 1
        return received

    def close(self) -> None:
        for pipe in self._pipes:
            pipe.close()
        for process in self._processes:
            process.terminate()
            process.join()
            process.close()


def _died() -> SbommatchError:
    return SbommatchError("a reading process ended early, perhaps for want of memory; what was added before is untouched")


def _encoded(source: Source) -> bytes:
    return msgspec.msgpack.encode((os.fsencode(source.path), source.is_from_folder, source.data))


_TASKS = msgspec.msgpack.Decoder(tuple[bytes, bool, bytes | None])


def _serve(pipe: "Connection") -> None:
    """What a reading process does."""
    import gc

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the one that started it ends it
    gc.disable()  # documents form no cycles
    extractor = Extractor()
    while True:
        try:
            path, is_from_folder, data = _TASKS.decode(pipe.recv_bytes())
        except (EOFError, OSError):
            return
        try:
            pipe.send_bytes(msgspec.msgpack.encode(extractor.extract(Source(os.fsdecode(path), is_from_folder, data))))
        except OSError:
            return
