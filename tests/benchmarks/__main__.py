"""`make bench`, or `python -m tests.benchmarks [NAME...]`: the figures that the tools are held to, measured here and now.

Limits in seconds are of a machine where `python -c 'import duckdb'` takes 0.09 CPU seconds; that command is measured beside, and the
limits scaled. SBOMPAIR_CORPUS, SBOMPAIR_DATA and SBOMPAIR_PEERS name the real images, the real feeds, and the folder that holds Trivy; what
is absent is left out, and said.
"""

import contextlib
import json
import os
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from sbommatch.store.open import locate, open_database
from sbommatch.store.queries import status
from tests.benchmarks.large import write_large_sbom, write_many_sboms
from tests.benchmarks.measure import REFERENCE_CPU_S, Figures, interleaved, medians, once, python
from tests.benchmarks.peers import peer_command
from tests.benchmarks.sizes import MATCHING_TABLES, table_megabytes

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
    figures = interleaved(beside_trivy(archive, scratch, *outputs), RUNS, before=lambda: empty_caches(scratch))
    yield Row("sbomgen alpine-3.20, CycloneDX and SPDX", figures["sbomgen"].cpu_s, "CPU s")
    yield Row("  its peak memory", figures["sbomgen"].peak_mib, "MiB", 80)
    if "trivy" in figures:
        yield Row("Trivy, cold, CycloneDX", figures["trivy"].cpu_s, "CPU s")
        yield Row("  sbomgen / Trivy", figures["sbomgen"].cpu_s / figures["trivy"].cpu_s, "x", 1.5)
    else:
        print("  left out: Trivy is absent (SBOMPAIR_PEERS)")


def beside_trivy(image: Path, scratch: Path, *outputs: str) -> dict[str, list[str]]:
    """Both tools on an image, each with a cache of its own; sbomgen alone where Trivy is absent."""
    trivy = PEERS / "bin" / "trivy"
    commands = {"sbomgen": tool("sbomgen", str(image), "-q", "--cache-dir", str(scratch / "cache"), *outputs)}
    if trivy.exists():
        commands["trivy"] = [
            str(trivy), "--cache-dir", str(scratch / "trivy"), "-q", "image", "--input", str(image), "--format", "cyclonedx",
            "--offline-scan", "--skip-db-update", "--skip-java-db-update", "--output", str(scratch / "trivy.json"),
        ]  # fmt: skip
    return commands


def empty_caches(scratch: Path) -> None:
    """Nothing was read before. Without its Java database Trivy stops at the first jar: an empty one does."""
    for name in ("cache", "trivy"):
        shutil.rmtree(scratch / name, ignore_errors=True)
    folder = scratch / "trivy" / "java-db"
    folder.mkdir(parents=True)
    with contextlib.closing(sqlite3.connect(folder / "trivy-java.db")) as database:
        database.execute("CREATE TABLE artifacts (id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)")
        database.execute("CREATE TABLE indices (artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT)")
        database.commit()
    dates = dict.fromkeys(("NextUpdate", "UpdatedAt", "DownloadedAt"), "2099-01-01T00:00:00Z")
    (folder / "metadata.json").write_text(json.dumps({"Version": 1, **dates}))


OF_TRIVY = {"debian12-slim": 0.7, "node-app": 0.5, "python-app": 0.5, "java-app": 0.7, "bins": 0.9, "big": 0.5}
"""At the most of Trivy's CPU, cold."""
WARM_S = {"debian12-slim": 0.2}
IMAGE_PEAK_MIB = 150


def images(scratch: Path) -> Iterator[Row]:
    """sbomgen beside Trivy on large images in both forms, cold, CycloneDX out; then warm."""
    reference = interleaved({"reference": IMPORT_DUCKDB}, RUNS)["reference"]
    for name, limit in OF_TRIVY.items():
        for form, image in (("docker-archive", CORPUS / "archives" / f"{name}.tar"), ("OCI layout", CORPUS / "oci" / name)):
            if not image.exists():
                print(f"  left out: {image.name} is absent (SBOMPAIR_CORPUS)")
                continue
            commands = beside_trivy(image, scratch, "-o", f"cyclonedx-json={scratch / 'image.cdx.json'}")
            cold = interleaved(commands, RUNS, before=lambda: empty_caches(scratch))
            yield Row(f"{name}, {form}, cold", cold["sbomgen"].cpu_s, "CPU s")
            yield Row("  its peak memory", cold["sbomgen"].peak_mib, "MiB", IMAGE_PEAK_MIB)
            if "trivy" in cold:
                yield Row("  sbomgen / Trivy, CPU", cold["sbomgen"].cpu_s / cold["trivy"].cpu_s, "x", limit)
                yield Row("  sbomgen / Trivy, wall", cold["sbomgen"].wall_s / cold["trivy"].wall_s, "x")
            warm = interleaved({"sbomgen": commands["sbomgen"]}, RUNS)["sbomgen"]
            yield Row("  warm", warm.cpu_s, "CPU s", scaled(WARM_S.get(name, 0.5), reference))


def layers(scratch: Path) -> Iterator[Row]:
    """Reading layers beside `igzip -dc LAYER | tar t` and hashing the same bytes; and 2,500 packages in pnpm's store."""
    for name in OF_TRIVY:
        layout = CORPUS / "oci" / name
        if not layout.exists() or not shutil.which("igzip"):
            print(f"  left out: {name} or igzip is absent (SBOMPAIR_CORPUS)")
            continue
        manifest = json.loads(_blob(layout, json.loads((layout / "index.json").read_text())["manifests"][0]["digest"]).read_text())
        blobs = [_blob(layout, layer["digest"]) for layer in manifest["layers"]]
        plain = sum(int(subprocess.check_output(f"igzip -dc {blob} | wc -c", shell=True)) for blob in blobs)
        listing = " && ".join(f"igzip -dc {blob} | tar t" for blob in blobs)
        commands = {
            "read": python("-m", "tests.benchmarks.layers", "read", str(layout)),
            "list": ["sh", "-c", listing],
            "hash": python("-m", "tests.benchmarks.layers", "hash", str(plain + sum(blob.stat().st_size for blob in blobs))),
            "start": python("-m", "tests.benchmarks.layers", "hash", "0"),
        }
        figures = {what: of.cpu_s for what, of in interleaved(commands, RUNS).items()}
        physical = figures["list"] + figures["hash"] - figures["start"]
        yield Row(f"{name}: read / (igzip, tar, hashlib)", (figures["read"] - figures["start"]) / physical, "x", 1.6)
    reference = interleaved({"reference": IMPORT_DUCKDB}, RUNS)["reference"]
    spent = float(subprocess.check_output(python("-m", "tests.benchmarks.layers", "pnpm"), cwd=PROJECT))
    yield Row("a view of 2,500 packages in pnpm's store", spent, "CPU s", scaled(0.2, reference))


def _blob(layout: Path, digest: str) -> Path:
    return layout / "blobs" / Path(*digest.split(":"))


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


def osv_zips(scratch: Path) -> Iterator[Row]:
    """All zips of OSV that the data have, first load and the same again."""
    osv = DATA / "feeds" / "osv"
    if not osv.is_dir():
        print("  left out: the feeds are absent (SBOMPAIR_DATA)")
        return
    pointer = scratch / "feeds.json"
    build = tool("sbommatch", "db", "build", f"osv={osv}", "--db", str(pointer))
    again = tool("sbommatch", "db", "update", f"osv={osv}", "--db", str(pointer))
    figures = interleaved({"reference": IMPORT_DUCKDB, "build": build, "again": again}, max(RUNS // 2, 1))
    with open_database(pointer) as database:
        advisories = sum(feed.advisories for feed in status(database).feeds)
    per_advisory_us = figures["build"].cpu_s / advisories * 1e6
    yield Row(f"sbommatch db build, {advisories} advisories", figures["build"].cpu_s, "CPU s")
    yield Row("  of each", per_advisory_us, "us", scaled(200, figures["reference"]))
    yield Row("  its peak memory", figures["build"].peak_mib, "MiB")
    yield Row("  the file", locate(pointer).stat().st_size / 1e6, "MB")
    yield Row("db update with the same again", figures["again"].cpu_s, "CPU s")


VDB_CPU, VDB_SIZE = 1 / 3, 1 / 4

LOAD_VDB = """
import sys, zipfile, orjson
from vdb.lib import config, db
from vdb.lib.osv import OSVSource

db.get(config.VDB_BIN_FILE, config.VDB_BIN_INDEX)
source = OSVSource()
source._start_year = None
rows = []
for path in sys.argv[1:]:
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            rows += source.convert(orjson.loads(archive.read(name)))
        source.store(rows)
        rows.clear()
db.optimize_and_close_all()
"""
"""What AppThreat's vdb does with zips of OSV, of records of all years. It leaves out PYSEC- and GO- records that name a GHSA."""


def beside_vdb(scratch: Path) -> Iterator[Row]:
    """The 11 zips of OSV that the data have besides OSS-Fuzz's: a first load by us and by AppThreat's vdb."""
    zips = sorted(path for path in (DATA / "feeds" / "osv").glob("*/all.zip") if path.parent.name != "OSS-Fuzz")
    interpreter = PEERS / "py" / "vdb" / "bin" / "python"
    if not zips or not interpreter.exists():
        print("  left out: the feeds (SBOMPAIR_DATA) or vdb (SBOMPAIR_PEERS) are absent")
        return
    pointer, home = scratch / "feeds.json", scratch / "vdb"
    places = [f"VDB_HOME={home}", f"VDB_CACHE={home / 'cache'}"]
    commands = {
        "sbommatch": tool("sbommatch", "db", "build", f"osv={zips[0].parent.parent}", "--db", str(pointer)),
        "vdb": ["env", *places, str(interpreter), "-c", LOAD_VDB, *map(str, zips)],
    }
    figures = interleaved(commands, 1, before=lambda: shutil.rmtree(home, ignore_errors=True))
    sizes = {"sbommatch": locate(pointer).stat().st_size, "vdb": sum(path.stat().st_size for path in home.rglob("*") if path.is_file())}
    for name in commands:
        yield Row(f"{name}, first load of {len(zips)} zips", figures[name].cpu_s, "CPU s")
        yield Row("  on the disk", sizes[name] / 1e6, "MB")
    yield Row("  sbommatch / vdb, CPU", figures["sbommatch"].cpu_s / figures["vdb"].cpu_s, "x", VDB_CPU)
    yield Row("  sbommatch / vdb, size", sizes["sbommatch"] / sizes["vdb"], "x", VDB_SIZE)


def feeds_of_2026(scratch: Path) -> Iterator[Row]:
    """400,000 advisories and 2.8 million ranges, an update by 1,000, one SBOM, EPSS and KEV; ten minutes, most of them making the feeds."""
    for name, changed in (("one", "0"), ("two", "1000")):
        subprocess.run(python("-m", "tests.support.scale", str(scratch / name), "1", changed), cwd=PROJECT, check=True)
    pointer = scratch / "feeds.json"
    for what, name, limit_s in (("build", "one", 80), ("update", "two", 8)):
        before = interleaved({"reference": IMPORT_DUCKDB}, 3)["reference"]
        figures = once(tool("sbommatch", "db", what, f"osv={scratch / name}", "--db", str(pointer)))
        reference = medians([before, interleaved({"reference": IMPORT_DUCKDB}, 3)["reference"]])
        yield Row(f"sbommatch db {what}", figures.cpu_s, "CPU s", scaled(limit_s, reference))
        yield Row("  its peak memory", figures.peak_mib, "MiB", 1500)
    sizes = table_megabytes(locate(pointer))
    yield Row("the tables that matching reads", sum(sizes[table] for table in MATCHING_TABLES), "MB", 70)
    yield Row("the file", locate(pointer).stat().st_size / 1e6, "MB")
    yield from _enriched(scratch, pointer)


def _enriched(scratch: Path, pointer: Path) -> Iterator[Row]:
    """One SBOM in that database; and 300,000 scores with 1,400 exploited vulnerabilities in one of their own."""
    sbom = scratch / "app.cdx.json"
    components = [{"type": "library", "name": f"p{number}", "purl": f"pkg:npm/p{number}@1.0.0"} for number in range(250)]
    sbom.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.6", "components": components}))
    scores = "".join(f"CVE-{2002 + number % 24}-{number:05},0.{number % 99999:05},0.{number * 7 % 99999:05}\n" for number in range(300_000))
    (scratch / "epss.csv").write_text("#model_version:v2025.03.14,score_date:2026-08-20T00:00:00+0000\ncve,epss,percentile\n" + scores)
    entries = [{"cveID": f"CVE-{2002 + number % 24}-{number:05}", "dateAdded": "2026-01-01"} for number in range(1400)]
    (scratch / "kev.json").write_text(json.dumps({"vulnerabilities": entries}))
    sources = [f"epss={scratch / 'epss.csv'}", f"kev={scratch / 'kev.json'}@2026-08-20"]
    commands = {
        "reference": IMPORT_DUCKDB,
        "match": tool("sbommatch", str(sbom), "--db", str(pointer)),
        "enrich": tool("sbommatch", "db", "build", *sources, "--db", str(scratch / "enriched.json")),
    }
    figures = interleaved(commands, max(RUNS // 2, 1))
    yield Row("sbommatch of 250 components", figures["match"].cpu_s, "CPU s", scaled(0.2, figures["reference"]))
    yield Row("db build of EPSS and KEV", figures["enrich"].cpu_s, "CPU s", scaled(3, figures["reference"]))


LARGE_COMPONENTS = 5_000
LARGE_FINDINGS = 55_000
LARGE_PEAK_MIB = 400
LARGE_OF_TRIVY = 0.25


def large_sbom(scratch: Path) -> Iterator[Row]:
    """5,000 components of PyPI with 55,000 findings; beside Trivy with the same advisories where it and its loader are installed."""
    archive = DATA / "feeds" / "osv" / "PyPI" / "all.zip"
    if not archive.exists():
        print("  left out: the feeds are absent (SBOMPAIR_DATA)")
        return
    pointer, sbom = scratch / "feeds.json", scratch / "large.cdx.json"
    write_large_sbom(archive, sbom, LARGE_COMPONENTS, LARGE_FINDINGS)
    interleaved({"build": tool("sbommatch", "db", "build", f"osv-pypi={archive}", "--db", str(pointer))}, 1)
    commands = {
        report: tool("sbommatch", str(sbom), "--db", str(pointer), "-o", f"{report}={scratch / report}")
        for report in ("json", "html", "sarif")
    }
    if trivy := peer_command("trivy", sbom, scratch, DATA, PEERS):
        commands["trivy"] = [*trivy[:-1], "--output", str(scratch / "trivy.json"), trivy[-1]]
    figures = interleaved(commands, RUNS)
    findings = len(json.loads((scratch / "json").read_bytes())["targets"][0]["findings"])
    yield Row("findings", findings, "")
    for report in ("json", "html", "sarif"):
        yield Row(f"sbommatch -o {report}", figures[report].cpu_s, "CPU s")
        yield Row("  its peak memory", figures[report].peak_mib, "MiB", LARGE_PEAK_MIB if report == "json" else None)
    if "trivy" in figures:
        yield Row("Trivy, JSON", figures["trivy"].cpu_s, "CPU s")
        yield Row("  sbommatch -o json / Trivy", figures["json"].cpu_s / figures["trivy"].cpu_s, "x", LARGE_OF_TRIVY)


MANY = 1_000
ONE_PEAK_MIB = 150
ONE_OF_GRYPE = 1.0
MANY_OF_TRIVY = 1 / 30
AGAIN_OF_TRIVY = 1 / 50
CHANGED_OF_MANY = 1_000
"""Advisories that differ between the feed that 1,000 SBOMs were matched with and the one that they are matched with again."""


def many_sboms(scratch: Path) -> Iterator[Row]:
    """One SBOM of 245 components of PyPI, 1,000 in one run, 1,000 matched again; beside Grype and Trivy, which need a run for each."""
    archive = DATA / "feeds" / "osv" / "PyPI" / "all.zip"
    if not archive.exists():
        print("  left out: the feeds are absent (SBOMPAIR_DATA)")
        return
    pointer, folder = scratch / "feeds.json", scratch / "sboms"
    write_many_sboms(archive, folder, MANY, 245)
    interleaved({"build": tool("sbommatch", "db", "build", f"osv-pypi={archive}", "--db", str(pointer))}, 1)
    one = folder / "0.cdx.json"
    commands = {"one": tool("sbommatch", str(one), "--db", str(pointer), "-o", f"json={scratch / 'one.json'}")}
    commands |= {peer: command for peer in ("grype", "trivy") if (command := peer_command(peer, one, scratch, DATA, PEERS))}
    figures = interleaved(commands, RUNS)
    yield Row("sbommatch of 245 components", figures["one"].cpu_s, "CPU s")
    yield Row("  its peak memory", figures["one"].peak_mib, "MiB", ONE_PEAK_MIB)
    for peer in figures.keys() - {"one"}:
        yield Row(
            f"  sbommatch / {peer.capitalize()}", figures["one"].cpu_s / figures[peer].cpu_s, "x", ONE_OF_GRYPE if peer == "grype" else None
        )
    many = once(tool("sbommatch", str(folder), "--db", str(pointer), "-q", "-o", f"json={scratch / 'out'}/"))
    yield Row("sbommatch of 1,000 of them", many.cpu_s, "CPU s")
    yield Row("  its peak memory", many.peak_mib, "MiB")
    if "trivy" in figures:
        yield Row("  sbommatch / 1,000 runs of Trivy", many.cpu_s / (MANY * figures["trivy"].cpu_s), "x", MANY_OF_TRIVY)
    again, told = _matched_again(scratch, archive, folder)
    yield Row(f"archive changes of them, {CHANGED_OF_MANY} changed advisories, {told} changes told", again.cpu_s, "CPU s")
    yield Row("  its peak memory", again.peak_mib, "MiB")
    if "trivy" in figures:
        yield Row("  archive changes / 1,000 runs of Trivy", again.cpu_s / (MANY * figures["trivy"].cpu_s), "x", AGAIN_OF_TRIVY)


def _matched_again(scratch: Path, feed: Path, sboms: Path) -> tuple[Figures, int]:
    """What an archive of the SBOMs needs after an update of the feed that they were matched with, and the number of changes that it tells.

    The update itself is not in it; neither is it in what a peer needs.
    """
    from tests.benchmarks.large import write_earlier

    write_earlier(feed, scratch / "earlier.zip", CHANGED_OF_MANY)
    pointer, kept = str(scratch / "changing.json"), str(scratch / "kept")
    changes = tool("sbommatch", "archive", "changes", kept, "--db", pointer)
    subprocess.run(tool("sbommatch", "archive", "add", kept, str(sboms), "-q"), check=True)
    for verb, source in (("build", f"{scratch}/earlier.zip@2026-01-01"), ("update", f"{feed}@2026-08-01")):
        subprocess.run(tool("sbommatch", "db", verb, f"osv-pypi={source}", "--db", pointer, "-q"), check=True)
        found = once(changes)
    told = subprocess.check_output(tool("sbommatch", "archive", "sql", kept, "SELECT count(*) AS told FROM changes", "-o", "json"))
    return found, json.loads(told)["told"]


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


ORDERING_LIMITS = {"packaging": 1.0, "maven": 8.0, "rpm": 8.0}
"""Times that of `packaging`, and of `re.findall`; the other schemes have `KEY_OF_FINDALL`."""
KEY_OF_FINDALL = 5.0
IMPORT_LIMIT_MS = 5.0
CACHED_LEAST = 5.0


def ordering(_: Path) -> Iterator[Row]:
    """Keys of real versions beside `re.findall` and `packaging`, keys that are remembered, and the import of all schemes."""
    if not (DATA / "versions").is_dir():
        print("  left out: the versions are absent (SBOMPAIR_DATA)")
        return
    reference = interleaved({"reference": IMPORT_DUCKDB}, RUNS)["reference"]
    ran = subprocess.run(python("-m", "tests.benchmarks.ordering", str(DATA)), cwd=PROJECT, check=True, capture_output=True, text=True)
    for line in ran.stdout.splitlines():
        name, value, count = line.split("\t")
        if name == "import":
            yield Row(f"import of {count} schemes", float(value), "ms", scaled(IMPORT_LIMIT_MS, reference))
        elif name == "cached":
            yield Row(f"cached keys (at least {CACHED_LEAST})", float(value), "M/s")
        else:
            yield Row(f"{name}, {count} versions", float(value), "x", ORDERING_LIMITS.get(name, KEY_OF_FINDALL))


RELEASES = 50
MATCH_LIMITS = {"wall_s": 15, "peak_mib": 3072}
"""Of 100,000 documents."""


def archive(scratch: Path) -> Iterator[Row]:
    """Adding documents; matching half of SBOMPAIR_DOCUMENTS (20,000; the limits are for 100,000), these twice, and all.

    Of twice the documents of the same software the same is asked. Twice the releases bring new versions: a third more is asked.
    """
    from tests.benchmarks.archives import write_documents

    osv = DATA / "feeds" / "osv"
    if not osv.is_dir():
        print("  left out: the feeds are absent (SBOMPAIR_DATA)")
        return
    count = int(os.environ.get("SBOMPAIR_DOCUMENTS") or 20_000)
    names = ("PyPI", "Go", "crates.io", "npm", "RubyGems", "Packagist", "AlmaLinux")
    sources = [f"osv-{name.lower()}={osv / name / 'all.zip'}" for name in names]
    pointer = scratch / "feeds.json"
    secdb = DATA / "feeds" / "native" / "alpine-secdb" / "json"
    subprocess.run(tool("sbommatch", "db", "build", *sources, f"alpine-secdb={secdb}", "--db", str(pointer), "-q"), check=True)
    reference = interleaved({"reference": IMPORT_DUCKDB}, RUNS)["reference"]
    (scratch / "sboms").mkdir()
    size_bytes = write_documents(pointer, scratch / "sboms", 40, RELEASES)
    adding = tool("sbommatch", "archive", "add", str(scratch / "A"), str(scratch / "sboms"))
    added = interleaved({"add": adding}, RUNS, before=lambda: shutil.rmtree(scratch / "A", ignore_errors=True))["add"]
    yield Row("archive add, wall time of 60 MB of JSON", added.wall_s * 60e6 / size_bytes, "s", scaled(1, reference))
    yield Row("  its CPU time", added.cpu_s * 60e6 / size_bytes, "CPU s")
    shutil.rmtree(scratch / "sboms")
    cpu_s = {}
    for name, each, copies in (("half", RELEASES // 2, 1), ("twice", RELEASES // 2, 2), ("all", RELEASES, 1)):
        numbers = map(str, (count // RELEASES, each, copies))
        made = python("-m", "tests.benchmarks.archives", str(pointer), str(scratch / name), *numbers)
        occurrences, distinct, bytes_each = subprocess.check_output(made, cwd=PROJECT, text=True).split()
        match = tool("sbommatch", "archive", "match", str(scratch / name), "--db", str(pointer))
        matched = medians([once(match) for _ in range(max(RUNS // 2, 1))])
        cpu_s[name] = matched.cpu_s
        what = f"archive match, {count // RELEASES * each * copies} documents, {occurrences} occurrences, {distinct} distinct"
        yield Row(what, matched.wall_s, "s", scaled(MATCH_LIMITS["wall_s"], reference))
        yield Row("  its CPU time", matched.cpu_s, "CPU s")
        yield Row("  its peak memory", matched.peak_mib, "MiB", MATCH_LIMITS["peak_mib"])
        yield Row("  on disk, beside the documents", float(bytes_each), "B/occ", 4)
    yield Row("twice the documents of the same software, CPU", cpu_s["twice"] / cpu_s["half"], "x", 1.4)
    yield Row("twice the releases, CPU", cpu_s["all"] / cpu_s["half"], "x")
    yield from _changes(scratch, dict(zip(names, sources, strict=True)), scaled(CHANGES_LIMIT_S, reference))


CHANGES_LIMIT_S = 3
"""Of 100,000 documents."""
CHANGED_ADVISORIES = {"PyPI": 400, "Go": 200, "npm": 100, "RubyGems": 100, "Packagist": 100, "AlmaLinux": 100}


def _changes(scratch: Path, sources: dict[str, str], limit_s: float) -> Iterator[Row]:
    """Changes of the archive `all`, after an update of feeds in which so many advisories differ."""
    from tests.benchmarks.large import write_earlier

    secdb = f"alpine-secdb={DATA / 'feeds' / 'native' / 'alpine-secdb' / 'json'}"
    earlier = dict(sources)
    for name, number in CHANGED_ADVISORIES.items():
        feed, _, path = sources[name].partition("=")
        write_earlier(Path(path), scratch / f"{name}.zip", number)
        earlier[name] = f"{feed}={scratch / name}.zip"
    pointer, command = str(scratch / "changing.json"), tool("sbommatch", "archive", "changes", str(scratch / "all"))
    for verb, chosen, day in (("build", earlier, "2026-01-01"), ("update", sources, "2026-08-01")):
        dated = [f"{source}@{day}" for source in (*chosen.values(), secdb)]
        subprocess.run(tool("sbommatch", "db", verb, *dated, "--db", pointer, "-q"), check=True)
        found = once([*command, "--db", pointer])
        if verb == "build":
            yield Row("archive changes, the first run", found.wall_s, "s")
    yield Row(f"archive changes, {sum(CHANGED_ADVISORIES.values())} changed advisories", found.wall_s, "s", limit_s)
    yield Row("  its CPU time", found.cpu_s, "CPU s")
    yield Row("  its peak memory", found.peak_mib, "MiB", MATCH_LIMITS["peak_mib"])


BENCHMARKS: tuple[Callable[[Path], Iterator[Row]], ...] = (
    help_screens,
    small_image,
    images,
    layers,
    documents,
    reading,
    ordering,
    feeds_and_match,
    osv_zips,
    beside_vdb,
    feeds_of_2026,
    archive,
    large_sbom,
    many_sboms,
)


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
