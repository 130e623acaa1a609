"""Measuring whole processes by the operating system's own accounting."""

import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import IO

REFERENCE_CPU_S = 0.09
"""CPU seconds of `python -c 'import duckdb'` on the machine that the limits in seconds are stated for."""


@dataclass(frozen=True)
class Figures:
    """Medians over the runs of one command."""

    cpu_s: float
    wall_s: float
    peak_mib: float


def once(command: Sequence[str], environment: Mapping[str, str] | None = None, sink: IO[bytes] | int = subprocess.DEVNULL) -> Figures:
    """One run; the exit code is not judged."""
    import time

    started = time.perf_counter()
    # Users have their modules compiled.
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(command, stdout=sink, stderr=subprocess.DEVNULL, env={**inherited, **(environment or {})}) as process:
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
    return Figures(usage.ru_utime + usage.ru_stime, time.perf_counter() - started, usage.ru_maxrss / 1024)


def medians(runs: Sequence[Figures]) -> Figures:
    """Figure by figure."""
    return Figures(*(statistics.median(getattr(run, name) for run in runs) for name in ("cpu_s", "wall_s", "peak_mib")))


def interleaved(commands: Mapping[str, Sequence[str]], runs: int, before: Callable[[], None] = lambda: None) -> dict[str, Figures]:
    """The commands in turn, A B A B …, after one warm-up of each: the machine's moods meet them all."""
    gathered: dict[str, list[Figures]] = {name: [] for name in commands}
    for number in range(runs + 1):
        for name, command in commands.items():
            before()
            figures = once(command)
            if number:
                gathered[name].append(figures)
    return {name: medians(figures) for name, figures in gathered.items()}


def python(*arguments: str) -> list[str]:
    """A command that runs this interpreter."""
    return [sys.executable, *arguments]
