"""DuckDB, imported here and nowhere else at the cost that it has.

`import duckdb` takes 85 ms of CPU, three quarters of them for Python modules of its relational API that nothing here uses; its extension
module alone takes 20 ms and has all of connections, parameters and results. Where a release of DuckDB has no such module, the public one
serves as well: the names used here are the same.
"""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from sbommatch.errors import SbommatchError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

OFFLINE = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
"""DuckDB fetches extensions from the network unless told not to."""


def engine() -> ModuleType:
    """The module that connects."""
    try:
        import _duckdb
    except ImportError:
        import duckdb

        return duckdb
    return _duckdb


def connect(database: str, *, read_only: bool = False, threads: int | None = None) -> "DuckDBPyConnection":
    """A connection to a database file, or to `:memory:`. Raises the engine's `Error`."""
    config: dict[str, str | bool | int | float | list[str]] = {**OFFLINE}
    if threads is not None:
        config["threads"] = threads
    connection: DuckDBPyConnection = engine().connect(database, read_only=read_only, config=config)
    return connection


def engine_error() -> type[Exception]:
    """The root of what connections raise."""
    error: type[Exception] = engine().Error
    return error


@contextmanager
def interruptible() -> Iterator[None]:
    """Inside, what a signal's handler raises comes out as it was raised.

    A query that is interrupted ends with `RuntimeError("Query interrupted")`, and nobody can tell Ctrl-C from SIGTERM any more.
    """
    raised: list[BaseException] = []
    handlers: dict[int, Any] = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: handler for number in (signal.SIGINT, signal.SIGTERM) if callable(handler := signal.getsignal(number))}
    for number, handler in handlers.items():
        signal.signal(number, _remembering(handler, raised))
    try:
        yield
    except (RuntimeError, SbommatchError) as exc:
        if raised:
            raise raised[-1] from exc
        raise
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _remembering(handler: Callable[[int, Any], Any], raised: list[BaseException]) -> Callable[[int, Any], Any]:
    """The handler, keeping what it raises."""

    def handle(number: int, frame: Any) -> Any:
        try:
            return handler(number, frame)
        except BaseException as exc:
            raised.append(exc)
            raise

    return handle
