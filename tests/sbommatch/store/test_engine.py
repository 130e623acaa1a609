"""DuckDB, as it is imported, configured and interrupted."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from sbommatch.store import engine
from sbommatch.store.engine import connect, engine_error, interruptible

LONG_QUERY = "SELECT sum(hash(a.i + b.i)) FROM range(100000) a(i), range(1000000) b(i)"


def test_the_public_module_serves_where_the_extension_alone_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    import duckdb

    assert engine.engine().__name__ == "_duckdb"
    assert engine_error() is duckdb.Error
    monkeypatch.setitem(sys.modules, "_duckdb", None)
    assert engine.engine() is duckdb
    connection = connect(":memory:", threads=1)
    assert connection.execute("SELECT unnest(?::BLOB[])", [[b"\x00"]]).fetchall() == [(b"\x00",)]
    connection.close()


def test_nothing_is_fetched_from_the_network() -> None:
    connection = connect(":memory:")
    rows = connection.execute("SELECT value FROM duckdb_settings() WHERE name LIKE 'auto%known_extensions'").fetchall()
    connection.close()
    assert rows == [("false",), ("false",)]


def terminate(_number: int, _frame: object) -> NoReturn:
    raise SystemExit(143)


@pytest.mark.parametrize(
    ("number", "handler", "raised"),
    [(signal.SIGTERM, terminate, SystemExit), (signal.SIGINT, signal.default_int_handler, KeyboardInterrupt)],
)
def test_an_interrupted_query_raises_what_the_handler_raised(
    number: signal.Signals, handler: Callable[[int, Any], Any], raised: type[BaseException]
) -> None:
    before = signal.signal(number, handler)
    connection = connect(":memory:", threads=1)
    timer = threading.Timer(0.05, os.kill, (os.getpid(), number))
    try:
        with pytest.raises(raised), interruptible():
            timer.start()
            connection.execute(LONG_QUERY).fetchall()
        assert signal.getsignal(number) is handler
    finally:
        timer.join()
        connection.close()
        signal.signal(number, before)


def test_other_errors_come_out_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="unrelated"), interruptible():
        raise RuntimeError("unrelated")


def test_outside_the_main_thread_no_signals_are_touched() -> None:
    before = signal.getsignal(signal.SIGINT)
    inside: list[object] = []

    def work() -> None:
        with interruptible():
            inside.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert inside == [before]
