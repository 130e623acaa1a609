"""The same image through sbomgen, Syft, Trivy, cdxgen and others: of the packages that two documents have in common the same is said.

Equal are not only the findings, but the names and versions that are asked for, so that they are equal with any feeds. The exceptions are
counted, each with a cause that `parity.py` computes from what is said; a difference without a cause fails.
"""

import json
import os
import re
import subprocess
from collections import Counter, defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest

from tests.peers.parity import counted, differences
from tests.support.run import run

TIMEOUT_S = 600

IMAGES = [
    "edge",
    *(
        pytest.param(name, marks=pytest.mark.long)
        for name in ("alpine-3.9", "debian12-slim", "node-app", "python-app", "rpm-mariner2", "rpm-sle15")
    ),
]

DEBIANS_WITHOUT_SOURCES = {"debian12-slim": 67, "node-app": 73, "python-app": 100}
"""cdxgen names no sources of Debian's packages but of the few whose record it passes on whole."""

ONCE = {
    ("bom", "syft"): (3797, 0, {"deb: unnamed release": 3797}),
    ("bom", "tern"): (1221, 0, {"deb: unnamed release": 1221}),
    ("bom", "trivy"): (3795, 0, {"deb: unnamed release": 3795}),
    ("syft", "tern"): (1455, 408, {"apk: unnamed source": 80, "rpm: unnamed release": 34}),
    ("syft", "trivy"): (10042, 3824, {"rpm: unnamed epoch": 2}),
    ("tern", "trivy"): (1455, 393, {"apk: unnamed source": 80, "rpm: unnamed release": 34}),
}
"""Of 105 images with documents of several producers: packages in common, findings of the first in them, exceptions by cause."""


def database(shared_data: Path, folder: Path) -> Path:
    feeds = shared_data / "feeds"
    osv = [f"osv-{name.lower()}={feeds / 'osv' / name / 'all.zip'}@2026-08-21" for name in ("Go", "npm", "PyPI", "RubyGems")]
    debian = feeds / "native" / "debian-security-tracker" / "data"
    native = [f"alpine-secdb={feeds / 'native' / 'alpine-secdb' / 'json'}@2020-06-08", f"debian-notices={debian}@2023-04-02"]
    built = run("sbommatch", "db", "build", *osv, *native, "--db", folder / "feeds.json")
    assert built.code == 0, built.stderr
    return folder / "feeds.json"


@pytest.fixture(scope="module")
def db(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return database(shared_data, tmp_path_factory.mktemp("feeds"))


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


def reports(image: str, corpus: Path, peers: Path, db: Path, folder: Path) -> dict[str, Any]:
    archive = corpus / "archives" / f"{image}.tar"
    if not archive.exists():
        pytest.skip(f"{archive.name} is absent")
    made = run("sbomgen", archive, "-o", f"cyclonedx-json={folder / 'sbomgen.cdx.json'}")
    assert made.code in (0, 5), made.stderr
    environ = {**os.environ, "SYFT_CHECK_FOR_APP_UPDATE": "false"}
    for command in commands(archive, folder, peers).values():
        if Path(command[0]).exists():
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
    if len(targets) == 1:
        pytest.skip("no other producer is installed")
    for one, two in combinations(sorted(targets), 2):
        common, found, differing = differences(targets[one], targets[two])
        print(f"{image}: {one}, {two}: {common} packages in common, {found} findings, {dict(counted(differing))}")
        assert common >= 10
        expected = DEBIANS_WITHOUT_SOURCES.get(image, 0) if one == "cdxgen" else 0
        assert counted(differing) == Counter({"deb: unnamed source": expected} if expected else {}), (one, two)


@pytest.mark.long
def test_documents_of_popular_images_by_syft_trivy_tern_and_bom(shared_data: Path, db: Path, tmp_path: Path) -> None:
    subprocess.run(
        ["tar", "--zstd", "-xf", shared_data / "sboms" / "bom-shelter-in-the-lab.sample.tar.zst", "-C", tmp_path],
        check=True,
        timeout=TIMEOUT_S,
    )
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
