"""The same image through sbomgen, Syft, Trivy, cdxgen and others: of the packages that two documents have in common the same is said.

Equal are not only the findings, but the names and versions that are asked for, so that they are equal with any feeds. The exceptions are
counted, each with a cause that `parity.py` computes from what is said; a difference without a cause fails. And what any other document
leads to in packages of its own, the one of sbomgen leads to as well: cdxgen's has what a later layer removed, where sbomgen says that.
"""

import json
import os
import re
import sqlite3
import subprocess
import tarfile
from collections import Counter, defaultdict
from contextlib import closing
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.peers.parity import Package, counted, differences, said_by
from tests.support.run import run

TIMEOUT_S = 600

IMAGES = [
    "edge",
    *(
        pytest.param(name, marks=pytest.mark.long)
        for name in (
            *(
                "alpine-3.9",
                "alpine-3.18",
                "alpine-3.20",
                "big",
                "bins",
                "debian12-slim",
                "java-app",
                "node-app",
                "py-modern",
                "python-app",
            ),
            *("rpm-mariner2", "rpm-sle15"),
        )
    ),
]
"""All of the corpus but two that have hardly a package."""

TOO_SLOW = {"big": {"cdxgen"}}
"""It needs over a quarter of an hour."""

FOUND = {"big": 34, "bins": 608, "edge": 1, "py-modern": 13, "python-app": 161}
"""Findings by the feeds at hand in what sbomgen and Syft both list."""

DEBIANS_WITHOUT_SOURCES = {"bins": 93, "debian12-slim": 67, "java-app": 157, "node-app": 73, "py-modern": 92, "python-app": 100}
"""cdxgen names no sources of Debian's packages but of the few whose record it passes on whole."""

REMOVED: dict[tuple[str, str], set[Package]] = {
    ("bins", "cdxgen"): {("golang", "github.com/go-viper/mapstructure/v2", "2.2.1"), ("golang", "stdlib", "1.23.6")}
}
"""Packages with findings that a later layer removed: of `lefthook`, which is not there."""

ONCE = {
    ("bom", "syft"): (3797, 0, {"deb: unnamed release": 3797}),
    ("bom", "tern"): (1221, 0, {"deb: unnamed release": 1221}),
    ("bom", "trivy"): (3795, 0, {"deb: unnamed release": 3795}),
    ("syft", "tern"): (1455, 408, {"apk: unnamed source": 80, "rpm: unnamed release": 34}),
    ("syft", "trivy"): (10042, 3824, {"rpm: unnamed epoch": 2}),
    ("tern", "trivy"): (1455, 393, {"apk: unnamed source": 80, "rpm: unnamed release": 34}),
}
"""Of 105 images with documents of several producers: packages in common, findings of the first in them, exceptions by cause."""


OSV = ("AlmaLinux", "crates.io", "Go", "npm", "Packagist", "PyPI", "RubyGems")


def database(shared_data: Path, folder: Path) -> Path:
    feeds = shared_data / "feeds"
    osv = [f"osv-{name.lower()}={feeds / 'osv' / name / 'all.zip'}@2026-08-21" for name in OSV]
    debian = feeds / "native" / "debian-security-tracker" / "data"
    native = [f"alpine-secdb={feeds / 'native' / 'alpine-secdb' / 'json'}@2020-06-08", f"debian-notices={debian}@2023-04-02"]
    built = run("sbommatch", "db", "build", *osv, *native, "--db", folder / "feeds.json")
    assert built.code == 0, built.stderr
    return folder / "feeds.json"


@pytest.fixture(scope="module")
def db(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return database(shared_data, tmp_path_factory.mktemp("feeds"))


WRITTEN_BY_US = {"squashed": "sbomgen.cdx.json", "all-layers": "all.cdx.json"}


def commands(archive: Path, folder: Path, peers: Path) -> dict[str, list[str]]:
    """What writes `FOLDER/PRODUCER.cdx.json` of an image."""
    out = {name: str(folder / f"{name}.cdx.json") for name in ("cdxgen", "syft", "trivy")}
    return {
        "cdxgen": [str(peers / "bin" / "cdxgen"), "-t", "docker", "-o", out["cdxgen"], str(archive)],
        "syft": [str(peers / "bin" / "syft"), "scan", "-q", f"docker-archive:{archive}", "-o", f"cyclonedx-json={out['syft']}"],
        "trivy": [
            str(peers / "bin" / "trivy"), "image", "-q", "--input", str(archive), "--cache-dir", str(folder / "cache"), "--offline-scan",
            "--skip-db-update", "--skip-java-db-update", "--format", "cyclonedx", "-o", out["trivy"],
        ],
    }  # fmt: skip


def empty_java_index(folder: Path) -> None:
    """Trivy reads no jar without an index of jars; with an empty one it goes by what the jars say."""
    folder.mkdir(parents=True)
    (folder / "metadata.json").write_text(json.dumps({"Version": 1, "NextUpdate": "2099-01-01T00:00:00Z"}))
    with closing(sqlite3.connect(folder / "trivy-java.db")) as index:
        index.execute("CREATE TABLE artifacts(id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)")
        index.execute("CREATE TABLE indices(artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT)")


def reports(image: str, corpus: Path, peers: Path, db: Path, folder: Path) -> dict[str, Any]:
    archive = corpus / "archives" / f"{image}.tar"
    if not archive.exists():
        pytest.skip(f"{archive.name} is absent")
    for scope in ("squashed", "all-layers"):
        made = run("sbomgen", archive, "--scope", scope, "-o", f"cyclonedx-json={folder / WRITTEN_BY_US[scope]}")
        assert made.code in (0, 5), made.stderr
    empty_java_index(folder / "cache" / "java-db")
    environ = {**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"}
    for tool, command in commands(archive, folder, peers).items():
        if Path(command[0]).exists() and tool not in TOO_SLOW.get(image, ()):
            subprocess.run(command, check=True, capture_output=True, env=environ, timeout=TIMEOUT_S, cwd=folder)
    return {path.name.partition(".")[0]: report(path, db) for path in sorted(folder.glob("*.cdx.json"))}


def report(path: Path, db: Path) -> Any:
    ran = run("sbommatch", path, "--db", db, "-o", "json")
    assert ran.code == 0, ran.stderr
    return ran.json["targets"][0]


@pytest.mark.peer
@pytest.mark.parametrize("image", IMAGES)
def test_the_same_image_by_four_producers(image: str, corpus: Path, peers: Path, db: Path, tmp_path: Path) -> None:
    targets = reports(image, corpus, peers, db, tmp_path)
    every_layer = said_by(targets.pop("all"))
    if len(targets) == 1:
        pytest.skip("no other producer is installed")
    for one, two in combinations(sorted(targets), 2):
        common, found, differing = differences(targets[one], targets[two])
        print(f"{image}: {one}, {two}: {common} packages in common, {found} findings, {dict(counted(differing))}")
        assert common >= 10
        expected = DEBIANS_WITHOUT_SOURCES.get(image, 0) if one == "cdxgen" else 0
        assert counted(differing) == Counter({"deb: unnamed source": expected} if expected else {}), (one, two)
        if (one, two) == ("sbomgen", "syft"):
            assert found == FOUND.get(image, 0)
    ours = said_by(targets.pop("sbomgen"))
    for name, target in targets.items():
        theirs = {package: said.ids for package, said in said_by(target).items() if said.ids and package not in ours}
        assert theirs.keys() == REMOVED.get((image, name), set()), name
        assert theirs == {package: every_layer[package].ids for package in theirs}


@pytest.mark.long
def test_documents_of_popular_images_by_syft_trivy_tern_and_bom(shared_data: Path, db: Path, tmp_path: Path) -> None:
    with (
        (shared_data / "sboms" / "bom-shelter-in-the-lab.sample.tar.zst").open("rb") as packed,
        zstandard.ZstdDecompressor().stream_reader(packed) as plain,
        tarfile.open(fileobj=plain, mode="r|") as archive,
    ):
        archive.extractall(tmp_path, filter="data")
    ran = run("sbommatch", tmp_path, "--db", db, "-o", "json")
    assert ran.code == 0, ran.stderr
    images: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for line in ran.stdout.splitlines():
        for target in json.loads(line)["targets"]:
            named = re.search(r"/spdx-([a-z]+)-(.+)\.json$", target["document"]["path"])
            assert named is not None
            images[named[2]][named[1]] = target
    assert (len(images), sum(map(len, images.values()))) == (105, 359)
    counts: dict[tuple[str, str], tuple[int, int, Counter[str]]] = {}
    for targets in images.values():
        for pair in combinations(sorted(targets), 2):
            common, found, differing = differences(*(targets[name] for name in pair))
            before = counts.get(pair, (0, 0, Counter()))
            counts[pair] = before[0] + common, before[1] + found, before[2] + counted(differing)
    assert counts == {pair: (common, found, Counter(causes)) for pair, (common, found, causes) in ONCE.items()}
