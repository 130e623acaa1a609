"""`make bench`, or `python -m tests.benchmarks [NAME...]`: the figures that the tools are held to, measured here and now.

Limits in seconds are of a machine where `python -c 'import duckdb'` takes 0.09 CPU seconds; that command is measured beside, and the
limits scaled. SBOMPAIR_CORPUS, SBOMPAIR_DATA and SBOMPAIR_PEERS name the real images, the real feeds, and the folder that holds Trivy; what
is absent is left out, and said.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.measure import REFERENCE_CPU_S, Figures, interleaved, python

PROJECT = Path(__file__).resolve().parent.parent.parent
CORPUS = Path(os.environ.get("SBOMPAIR_CORPUS") or PROJECT / "build" / "corpus")
DATA = Path(os.environ.get("SBOMPAIR_DATA") or PROJECT.parent / "shared" / "data")
PEERS = Path(os.environ.get("SBOMPAIR_PEERS") or PROJECT / "build" / "peers")
RUNS = int(os.environ.get("SBOMPAIR_RUNS") or 5)

IMPORT_DUCKDB = python("-c", "import duckdb")


@dataclass(frozen=True)
class Row:
    """One figure beside its limit."""

    what: str
    value: float
    unit: str
    limit: float | None = None

    def __str__(self) -> str:
        held = "" if self.limit is None else f"  at most {self.limit:.3g} {self.unit}  {'held' if self.value <= self.limit else 'MISSED'}"
        return f"  {self.what:<58} {self.value:8.3f} {self.unit:<5}{held}"


def tool(name: str, *arguments: str) -> list[str]:
    """A command of ours, by its console script where there is one beside this interpreter."""
    script = Path(sys.executable).parent / name
    return [str(script), *arguments] if script.exists() else python("-m", name, *arguments)


def scaled(limit_s: float, reference: Figures) -> float:
    """A limit of the reference machine on this one."""
    return limit_s * reference.cpu_s / REFERENCE_CPU_S


def help_screens(_: Path) -> Iterator[Row]:
    """`--help` of both tools."""
    commands = {"reference": IMPORT_DUCKDB, "sbomgen": tool("sbomgen", "--help"), "sbommatch": tool("sbommatch", "--help")}
    figures = interleaved(commands, RUNS)
    yield Row("python -c 'import duckdb'", figures["reference"].cpu_s, "CPU s")
    for name in ("sbomgen", "sbommatch"):
        yield Row(f"{name} --help", figures[name].cpu_s, "CPU s", scaled(0.08, figures["reference"]))


def small_image(scratch: Path) -> Iterator[Row]:
    """sbomgen and Trivy on Alpine 3.20, a docker-archive, documents included."""
    archive = CORPUS / "archives" / "alpine-3.20.tar"
    if not archive.exists():
        print(f"  left out: {archive.name} is absent (SBOMPAIR_CORPUS)")
        return
    outputs = ("-o", f"cyclonedx-json={scratch / 'a.cdx.json'}", "-o", f"spdx-json={scratch / 'a.spdx.json'}")
    commands = {"sbomgen": tool("sbomgen", str(archive), *outputs)}
    trivy, cache = PEERS / "bin" / "trivy", scratch / "trivy-cache"
    if trivy.exists():
        commands["trivy"] = [
            str(trivy), "--cache-dir", str(cache), "-q", "image", "--input", str(archive), "--format", "cyclonedx", "--offline-scan",
            "--skip-db-update", "--skip-java-db-update", "--output", str(scratch / "trivy.json"),
        ]  # fmt: skip
    figures = interleaved(commands, RUNS, before=lambda: shutil.rmtree(cache, ignore_errors=True))
    yield Row("sbomgen alpine-3.20, CycloneDX and SPDX", figures["sbomgen"].cpu_s, "CPU s")
    yield Row("  its peak memory", figures["sbomgen"].peak_mib, "MiB", 80)
    if "trivy" in figures:
        yield Row("Trivy, cold, CycloneDX", figures["trivy"].cpu_s, "CPU s")
        yield Row("  sbomgen / Trivy", figures["sbomgen"].cpu_s / figures["trivy"].cpu_s, "x", 1.5)
    else:
        print("  left out: Trivy is absent (SBOMPAIR_PEERS)")


DOCUMENT_LIMITS_S = {"cyclonedx-json": 0.25, "cyclonedx-xml": 0.6, "spdx-json": 0.25, "spdx-tag-value": 0.6, "spdx3-json": 1.0}
DOCUMENT_PEAK_MIB = 150


def documents(_: Path) -> Iterator[Row]:
    """Writing 5,000 packages with their graph, the first document of a process; its memory with the packages."""
    reference = interleaved({"reference": IMPORT_DUCKDB}, RUNS)["reference"]
    for name, limit_s in DOCUMENT_LIMITS_S.items():
        command = python("-m", "tests.benchmarks.writing", name)
        runs = [subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.split() for _ in range(RUNS)]
        cpu_s, peak_mib = (statistics.median(map(float, column)) for column in zip(*runs, strict=True))
        yield Row(name, cpu_s, "CPU s", scaled(limit_s, reference))
        yield Row("  its peak memory", peak_mib, "MiB", DOCUMENT_PEAK_MIB)


def feeds_and_match(scratch: Path) -> Iterator[Row]:
    """Loading the PyPI, Go and crates.io zips, and matching one SBOM with them."""
    osv = DATA / "feeds" / "osv"
    archive = CORPUS / "archives" / "alpine-3.20.tar"
    if not osv.is_dir():
        print("  left out: the feeds are absent (SBOMPAIR_DATA)")
        return
    sources = [f"osv-{name.lower()}={osv / name / 'all.zip'}" for name in ("PyPI", "Go", "crates.io")]
    pointer = scratch / "feeds.json"
    build = tool("sbommatch", "db", "build", *sources, "--db", str(pointer))
    figures = interleaved({"reference": IMPORT_DUCKDB, "build": build}, max(RUNS // 2, 1))
    yield Row("sbommatch db build, 12,577 advisories", figures["build"].cpu_s, "CPU s", scaled(3, figures["reference"]))
    yield Row("  its peak memory", figures["build"].peak_mib, "MiB")
    if archive.exists():
        sbom = scratch / "a.cdx.json"
        interleaved({"sbomgen": tool("sbomgen", str(archive), "-o", f"cyclonedx-json={sbom}")}, 1)
        match = tool("sbommatch", str(sbom), "--db", str(pointer))
        figures = interleaved({"reference": IMPORT_DUCKDB, "match": match}, RUNS)
        yield Row("sbommatch of alpine-3.20's SBOM", figures["match"].cpu_s, "CPU s", scaled(0.3, figures["reference"]))
        yield Row("  its peak memory", figures["match"].peak_mib, "MiB")


READING_LIMITS_MS = {"cyclonedx-json": 10.0, "spdx-json": 10.0, "syft-json": 10.0}
"""Of a megabyte; 10 ms are 100 MB/s. The other formats are measured only."""


def reading(_: Path) -> Iterator[Row]:
    """SBOMs of each format from bytes to components, the big ones among the real documents; and a million components."""
    if not (DATA / "sboms").is_dir():
        print("  left out: the SBOMs are absent (SBOMPAIR_DATA)")
        return
    reference = interleaved({"reference": IMPORT_DUCKDB}, RUNS)["reference"]
    ran = subprocess.run(python("-m", "tests.benchmarks.reading", str(DATA)), cwd=PROJECT, check=True, capture_output=True, text=True)
    for line in ran.stdout.splitlines():
        format_, documents, megabytes, milliseconds = line.split()
        limit = READING_LIMITS_MS.get(format_)
        what = f"{format_}: {documents} documents, {megabytes} MB"
        yield Row(what, float(milliseconds) / float(megabytes), "ms/MB", scaled(limit, reference) if limit else None)


BENCHMARKS: tuple[Callable[[Path], Iterator[Row]], ...] = (help_screens, small_image, documents, reading, feeds_and_match)


def main() -> None:
    """Runs the named benchmarks, or all."""
    names = sys.argv[1:]
    for benchmark in BENCHMARKS:
        if not names or benchmark.__name__ in names:
            print(f"{benchmark.__name__}: {(benchmark.__doc__ or '').splitlines()[0]}")
            with tempfile.TemporaryDirectory() as scratch:
                for row in benchmark(Path(scratch)):
                    print(row, flush=True)


main()
