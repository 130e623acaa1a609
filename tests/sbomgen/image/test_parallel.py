"""Several at once, results in order."""

import threading
import time
from collections.abc import Callable
from contextlib import closing

import pytest

from sbomgen.image import parallel
from sbomgen.image.parallel import available_threads, in_order


@pytest.mark.parametrize("threads", [1, 2, 4, 50])
def test_results_come_in_the_items_order(threads: int) -> None:
    def work(number: int, stopped: Callable[[], bool]) -> int:
        time.sleep((7 - number) * 0.002)
        return number * number

    with closing(in_order(work, range(8), threads)) as results:
        assert list(results) == [number * number for number in range(8)]
    assert list(in_order(work, [], threads)) == []


@pytest.mark.parametrize("threads", [1, 3])
def test_an_error_is_raised_where_its_result_would_stand(threads: int) -> None:
    def work(number: int, stopped: Callable[[], bool]) -> int:
        if number >= 2:
            raise ValueError(number)
        time.sleep(0.01)
        return number

    with closing(in_order(work, range(5), threads)) as results:
        assert [next(results), next(results)] == [0, 1]
        with pytest.raises(ValueError, match="2"):
            next(results)


def test_several_work_at_once_and_no_more_than_asked() -> None:
    barrier, running, most = threading.Barrier(3), [], []

    def work(number: int, stopped: Callable[[], bool]) -> None:
        running.append(number)
        most.append(len(running))
        barrier.wait(timeout=10)
        running.remove(number)

    list(in_order(work, range(6), 3))
    assert max(most) == 3


def test_stopping_early_tells_the_threads_and_waits_for_them() -> None:
    before, ended = threading.active_count(), []

    def work(number: int, stopped: Callable[[], bool]) -> int:
        while number and not stopped():
            time.sleep(0.001)
        ended.append(number)
        return number

    with closing(in_order(work, range(10), 3)) as results:
        assert next(results) == 0
    assert threading.active_count() == before
    assert set(ended) <= {0, 1, 2, 3}


def test_a_thread_that_does_not_look_is_left_to_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "GRACE_S", 0.02)
    release = threading.Event()

    def work(number: int, stopped: Callable[[], bool]) -> int:
        if number:
            release.wait(10)
        return number

    started = time.monotonic()
    with closing(in_order(work, range(2), 2)) as results:
        next(results)
    assert time.monotonic() - started < 5
    release.set()


def test_threads_are_bounded() -> None:
    assert 1 <= available_threads() <= parallel.MAX_THREADS
