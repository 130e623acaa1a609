"""Real images end to end, by the public command lines: the package databases are the judges, then the feeds."""

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.images import ImageSpec, LayerSpec, file, write_docker_archive
from tests.support.run import run

MINIROOTFS = ("3.9.6", "3.11.13", "3.12.12", "3.15.11", "3.17.10", "3.18.9", "3.20.3")


def installed(database: str) -> set[str]:
    """`apk info -v` of a database: NAME-VERSION of each stanza, read line by line and in no other way."""
    stanzas = (
        dict(line.split(":", 1) for line in stanza.splitlines() if line[:2] in ("P:", "V:"))
        for stanza in database.split("\n\n")
        if stanza.strip()
    )
    return {f"{stanza['P']}-{stanza['V']}" for stanza in stanzas}


def components(document: Any) -> set[str]:
    return {f"{component['name']}-{component['version']}" for component in document["components"] if component["type"] == "library"}


def sbom_of(image: Path, target: Path) -> Any:
    ran = run("sbomgen", image, "-o", f"cyclonedx-json={target}")
    assert ran.code == 0, ran.stderr
    return json.loads(target.read_text())


def docker_archive_of_rootfs(rootfs: Path, target: Path) -> str:
    """The root file system as the one layer of a `docker save` archive; returns its apk database."""
    layer = gzip.decompress(rootfs.read_bytes())
    with tarfile.open(fileobj=io.BytesIO(layer)) as archive:
        member = archive.extractfile(next(name for name in archive.getnames() if name.endswith("lib/apk/db/installed")))
        assert member is not None
        database = member.read().decode()
    digest = hashlib.sha256(layer).hexdigest()
    config = {"os": "linux", "architecture": "amd64", "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]}}
    raw_config = json.dumps(config).encode()
    config_name = f"{hashlib.sha256(raw_config).hexdigest()}.json"
    manifest = [{"Config": config_name, "RepoTags": ["rootfs:1"], "Layers": ["layer.tar"]}]
    with tarfile.open(target, "w") as archive:
        for name, body in ((config_name, raw_config), ("layer.tar", layer), ("manifest.json", json.dumps(manifest).encode())):
            info = tarfile.TarInfo(name)
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return database


@pytest.fixture(scope="module")
def secdb(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of Alpine's secdb for v3.11 and v3.8."""
    folder = tmp_path_factory.mktemp("secdb")
    published = shared_data / "feeds" / "native" / "alpine-secdb" / "json"
    for release in ("v3.8", "v3.11"):
        (folder / "feed" / release).mkdir(parents=True)
        for repository in ("main.json", "community.json"):
            (folder / "feed" / release / repository).write_bytes((published / release / repository).read_bytes())
    ran = run("sbommatch", "db", "build", f"alpine-secdb={folder / 'feed'}@2020-06-08", "--db", folder / "feeds.json")
    assert ran.code == 0, ran.stderr
    return folder / "feeds.json"


@pytest.mark.parametrize("version", MINIROOTFS)
def test_the_packages_of_a_minirootfs_are_those_of_its_database(version: str, shared_data: Path, tmp_path: Path) -> None:
    image = tmp_path / "image.tar"
    database = docker_archive_of_rootfs(shared_data / "rootfs" / f"alpine-minirootfs-{version}-x86_64.tar.gz", image)
    document = sbom_of(image, tmp_path / "image.cdx.json")
    assert components(document) == installed(database)
    assert all(f"distro=alpine-{version}" in component["purl"] for component in document["components"] if component["type"] == "library")


@pytest.mark.parametrize("name", ["glibc", "musl"])
def test_an_image_without_a_package_database_has_no_packages(name: str, shared_data: Path, tmp_path: Path) -> None:
    document = sbom_of(shared_data / "rootfs" / f"busybox-latest-{name}-amd64.oci.tar", tmp_path / "image.cdx.json")
    assert components(document) == set()


def test_the_real_alpine_3_11_has_no_finding_and_that_is_right(shared_data: Path, tmp_path: Path, secdb: Path) -> None:
    image = shared_data / "rootfs" / "docker-save-alpine-311.tar.gz"
    with tarfile.open(image) as outer:
        layer = outer.extractfile(json.loads(_member(outer, "manifest.json"))[0]["Layers"][0])
        assert layer is not None
        with tarfile.open(fileobj=io.BytesIO(layer.read())) as archive:
            database = _member(archive, "lib/apk/db/installed").decode()
    document = sbom_of(image, tmp_path / "image.cdx.json")
    assert components(document) == installed(database)
    report = run("sbommatch", tmp_path / "image.cdx.json", "--db", secdb, "-o", "json", "--fail-on", "any")
    assert report.code == 0, report.stderr
    assert report.json["targets"][0]["findings"] == []
    assert {component["verdict"] for component in report.json["targets"][0]["components"]} == {"no_match"}


def _member(archive: tarfile.TarFile, name: str) -> bytes:
    body = archive.extractfile(name)
    assert body is not None
    return body.read()


def alpine_image(target: Path, release: str, *packages: tuple[str, str, str]) -> Path:
    stanzas = "".join(f"P:{name}\nV:{version}\nA:x86_64\no:{origin}\n\n" for name, version, origin in packages)
    layer = LayerSpec((file("etc/os-release", f"ID=alpine\nVERSION_ID={release}\n"), file("lib/apk/db/installed", stanzas)))
    return write_docker_archive(ImageSpec((layer,)), target)


def report_of(image: Path, folder: Path, db: Path) -> Any:
    sbom_of(image, folder / "image.cdx.json")
    ran = run("sbommatch", folder / "image.cdx.json", "--db", db, "-o", "json")
    assert ran.code == 0, ran.stderr
    return ran.json["targets"][0]


def test_older_packages_are_found_by_source_name_and_fixed_ones_are_not(tmp_path: Path, secdb: Path) -> None:
    packages = (("libssl1.1", "1.1.1d-r2", "openssl"), ("musl", "1.1.23-r1", "musl"))
    target = report_of(alpine_image(tmp_path / "a.tar", "3.11.3", *packages), tmp_path, secdb)
    found = {finding["id"]: finding for finding in target["findings"]}
    assert {"CVE-2019-1551", "CVE-2019-14697"} <= set(found)
    assert not {"CVE-2019-1547", "CVE-2016-8859"} & set(found)
    assert found["CVE-2019-1551"]["match"]["name"] == "openssl"
    assert found["CVE-2019-1551"]["fix"] == {"state": "fixed", "versions": ["1.1.1d-r3"], "channels": []}


def test_a_zero_row_clears(tmp_path: Path, secdb: Path) -> None:
    target = report_of(alpine_image(tmp_path / "a.tar", "3.8.5", ("db", "5.3.28-r0", "db")), tmp_path, secdb)
    assert [component["verdict"] for component in target["components"]] == ["cleared"]
    assert target["findings"] == []


def test_a_release_without_rows_is_not_checked(tmp_path: Path, secdb: Path) -> None:
    target = report_of(alpine_image(tmp_path / "a.tar", "3.9.6", ("musl", "1.1.20-r5", "musl")), tmp_path, secdb)
    assert [(component["verdict"], component["reason"]) for component in target["components"]] == [("not_checked", "no_feed")]
    assert target["coverage"]["not_checked"] == {"no_feed": 1}


def test_three_osv_zips_are_loaded_whole(shared_data: Path, tmp_path: Path) -> None:
    osv = shared_data / "feeds" / "osv"
    sources = [f"osv-{name.lower()}={osv / name / 'all.zip'}" for name in ("PyPI", "Go", "crates.io")]
    built = run("sbommatch", "db", "build", *sources, "--db", tmp_path / "feeds.json")
    assert built.code == 0, built.stderr
    status = run("sbommatch", "db", "status", "--db", tmp_path / "feeds.json", "-o", "json").json
    counts = {feed["name"]: (feed["advisories"], feed["withdrawn"], feed["refused"]) for feed in status["feeds"]}
    assert counts == {"osv-pypi": (7080, 269, 0), "osv-go": (4291, 17, 0), "osv-crates.io": (1206, 13, 0)}
    assert all(feed["unkeyed"] >= 0 for feed in status["feeds"])
    assert next(feed for feed in status["feeds"] if feed["name"] == "osv-pypi")["unkeyed"] > 0
