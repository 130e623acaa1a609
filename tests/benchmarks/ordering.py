"""`python -m tests.benchmarks.ordering DATA`: lines of a figure's name, its value, and what it was taken from.

`SCHEME`: the time of its keys over that of `re.findall('[0-9]+|[A-Za-z]+')` on the same versions; `packaging`: that of PEP 440's keys over
that of `packaging.Version`; `cached`: millions of remembered keys a second; `import`: milliseconds of CPU.
"""

import json
import re
import subprocess
import sys
import time
import zipfile
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from packaging.version import InvalidVersion as NoPythonVersion
from packaging.version import Version

from sbommatch.versions import SCHEME_BY_NAME, SCHEMES, keys
from sbommatch.versions.scheme import InvalidVersion, KeyDeclined, Scheme

RUNS = 7
IMPORTS = 5
ENOUGH = 500
"""Distinct versions of real software; where fewer stand in the feeds, the vectors join them."""

FIELDS = re.compile("[0-9]+|[A-Za-z]+")
_DEBIAN_FIX = re.compile(r"^\s+\[\w+\] - \S+ ([0-9]\S*)", re.MULTILINE)


def _osv(feeds: Path) -> Iterator[tuple[str, str]]:
    for archive in (feeds / "osv").glob("*/all.zip"):
        scheme = SCHEME_BY_NAME[archive.parent.name].name
        with zipfile.ZipFile(archive) as file:
            for name in file.namelist():
                for affected in json.loads(file.read(name)).get("affected", ()):
                    yield from ((scheme, version) for version in affected.get("versions", ()))
                    for one in affected.get("ranges", ()):
                        if one["type"] != "GIT":
                            yield from ((scheme, version) for event in one["events"] for version in event.values() if version != "0")


def _distributions(data: Path) -> Iterator[tuple[str, str]]:
    for path in (data / "feeds/native/alpine-secdb/json").rglob("*.json"):
        for package in json.loads(path.read_bytes()).get("packages", ()):
            yield from (("apk", version) for version in package["pkg"]["secfixes"] if version != "0")
    for path in (data / "feeds/native/debian-security-tracker/data").glob("D*/list"):
        yield from (("deb", version) for version in _DEBIAN_FIX.findall(path.read_text("utf-8")))
    for path in (data / "packagedbs/rpm-package-lists").glob("*.tsv"):
        for line in path.read_text("utf-8").splitlines()[1:]:
            epoch, _, version, release, *_ = line.split("\t")
            yield "rpm", f"{epoch}:{version}-{release}" if epoch else f"{version}-{release}"


def real_versions(data: Path) -> dict[str, list[str]]:
    """By scheme the distinct versions that it accepts and keys, of feeds and package lists."""
    found: dict[str, set[str]] = {scheme.name: set() for scheme in SCHEMES}
    for name, version in (*_osv(data / "feeds"), *_distributions(data)):
        found[name].add(version)
    for name, versions in found.items():
        vectors = data / "versions" / f"{name}.txt"
        if len(versions) < ENOUGH and vectors.exists():
            rows = (line.split(" ") for line in vectors.read_text("utf-8").splitlines() if not line.startswith("#"))
            versions.update(side for left, _, right in rows for side in (left, right))
    return {name: sorted(filter(_keyed(SCHEME_BY_NAME[name]), versions)) for name, versions in found.items()}


def _keyed(scheme: Scheme) -> Callable[[str], bool]:
    def is_keyed(version: str) -> bool:
        with suppress(InvalidVersion, KeyDeclined):
            return bool(scheme.key(version))
        return False

    return is_keyed


def ratio(one: Callable[[str], object], other: Callable[[str], object], versions: list[str]) -> float:
    """The CPU time of one over that of the other, the best of interleaved runs of each."""
    best = [float("inf"), float("inf")]
    for _ in range(RUNS):
        for place, call in enumerate((one, other)):
            best[place] = min(best[place], _cpu_s(call, versions))
    return best[0] / best[1]


def _cpu_s(call: Callable[[str], object], versions: list[str]) -> float:
    repeats = max(1, 20_000 // len(versions))
    started = time.process_time()
    for _ in range(repeats):
        for version in versions:
            call(version)
    return time.process_time() - started


def cached_millions_a_second(versions: list[str]) -> float:
    """How many keys a memo that knows them all gives, as a loader asks for them."""
    remembered = keys(SCHEME_BY_NAME["pypi"])
    best = float("inf")
    for _ in range(RUNS):
        started = time.process_time()
        deque(map(remembered, versions), maxlen=0)
        best = min(best, time.process_time() - started)
    return len(versions) / best / 1e6


def _is_python(version: str) -> bool:
    with suppress(NoPythonVersion):
        return bool(Version(version))
    return False


def import_ms() -> float:
    """CPU milliseconds of importing a scheme, and all others with it, where the standard library's usual modules are loaded; the best."""
    timed = "import collections.abc, functools, re, time, typing; s = time.process_time()"
    timed += "; import sbommatch.versions.deb; print(1000 * (time.process_time() - s))"
    return min(float(subprocess.check_output([sys.executable, "-c", timed])) for _ in range(IMPORTS))


def main() -> None:
    """Prints the figures."""
    found = real_versions(Path(sys.argv[1]))
    for name, versions in found.items():
        if versions:
            print(name, ratio(SCHEME_BY_NAME[name].key, FIELDS.findall, versions), len(versions), sep="\t", flush=True)
    python = list(filter(_is_python, found["pypi"]))
    print("packaging", ratio(SCHEME_BY_NAME["pypi"].key, Version, python), len(python), sep="\t")
    print("cached", cached_millions_a_second(python), len(python), sep="\t")
    print("import", import_ms(), len(SCHEMES), sep="\t")


if __name__ == "__main__":
    main()
