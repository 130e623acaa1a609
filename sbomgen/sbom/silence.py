"""spdx-tools held in check: it prints of its tables, logs of RDF, and ends the process where it finds no document there."""

import contextlib
import io
import logging
from collections.abc import Iterator


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Nothing is printed or logged within."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)


def why_not(exc: BaseException) -> str:
    """Why a library could not read something, in words."""
    return "it finds no document in it" if isinstance(exc, SystemExit) else f"{type(exc).__name__}: {exc}"
