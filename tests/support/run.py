"""Runs either tool in this process, as its console script would: the exit code, stdout and stderr."""

import contextlib
import io
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock


@dataclass(frozen=True)
class Ran:
    """How one run ended."""

    code: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        """stdout as text."""
        return self.stdout.decode()

    @property
    def json(self) -> Any:
        """stdout as one JSON document."""
        return json.loads(self.stdout)


class _Stream(io.TextIOWrapper):
    """A text stream over memory whose bytes can be had; like a pipe it is no terminal."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors="surrogateescape", write_through=True)

    @property
    def content(self) -> bytes:
        buffer = self.buffer
        assert isinstance(buffer, io.BytesIO)
        return buffer.getvalue()


def run(tool: str, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Ran:
    """`tool` is `sbomgen` or `sbommatch`."""
    with _captured(env or {}) as (out, err):
        code = _entry(tool)([str(argument) for argument in arguments])
        return Ran(code, out.content, err.content.decode(errors="replace"))


@contextlib.contextmanager
def _captured(env: Mapping[str, str]) -> Iterator[tuple[_Stream, _Stream]]:
    with (
        _Stream() as out,
        _Stream() as err,
        mock.patch.dict(os.environ, env),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        yield out, err


def _entry(tool: str) -> Any:
    if tool == "sbomgen":
        from sbomgen.cli import sbomgen
        from sbomgen.cli.base import run as run_sbomgen

        return lambda arguments: run_sbomgen(sbomgen, arguments)
    from sbommatch.cli import sbommatch
    from sbommatch.cli.base import run as run_sbommatch

    return lambda arguments: run_sbommatch(sbommatch, arguments)
