"""The named cases of matching on real records: what other tools answer wrongly (or not at all), asked on the command line."""

import json
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support.run import run

RECORDS = {
    "PyPI": (
        "osv-pypi",
        ("PYSEC-2026-139", "PYSEC-2026-2286", "PYSEC-2025-194", "PYSEC-2021-243", "PYSEC-2023-55", "PYSEC-2022-166", "PYSEC-2019-106",
         "PYSEC-2026-686"),
    ),
    "Go": ("osv-go", ("GO-2026-5129", "GO-2024-2857")),
    "crates.io": ("osv-crates.io", ("RUSTSEC-2020-0014",)),
    "AlmaLinux": ("osv-almalinux", ("ALSA-2022:1556", "ALSA-2022:0894", "ALSA-2021:4399")),
}  # fmt: skip

VIM = "pkg:rpm/almalinux/vim-common@8.0.1763-16.el8_5"
MARIADB = "pkg:rpm/almalinux/mariadb"

CASES = [
    # `last_affected: 2.10.0` takes in its CUDA wheels; with `fixed: 2.10.0` they are fixed, and a pre-release is not.
    ("pkg:pypi/torch@2.10.0%2Bcu128", "CVE-2026-4538", True),
    ("pkg:pypi/torch@2.10.0.post1", "CVE-2026-4538", False),
    ("pkg:pypi/torch@2.10.0%2Bcu128", "CVE-2026-24747", False),
    ("pkg:pypi/torch@2.10.0rc1", "CVE-2026-24747", True),
    # Entries whose first range is of commits: the other range counts, beyond what the frozen list has.
    ("pkg:pypi/tensorflow@1.7.2", "CVE-2021-29606", True),
    ("pkg:pypi/wagtail@2.12.5.post1", "CVE-2023-28836", True),
    ("pkg:pypi/wagtail@4.1.4", "CVE-2023-28836", False),
    # A listed text that is no version voids nothing, and meets itself.
    ("pkg:pypi/paramiko@0.1-bulbasaur", "CVE-2022-24302", True),
    ("pkg:pypi/paramiko@2.10.0", "CVE-2022-24302", True),
    ("pkg:pypi/paramiko@2.10.1", "CVE-2022-24302", False),
    ("pkg:pypi/nltk@3.4.4", "CVE-2019-14751", True),
    ("pkg:pypi/nltk@2.0.1rc2-git", "CVE-2019-14751", True),
    # A window whose end has no place: what is below the next one's beginning is open, the next one stands.
    ("pkg:pypi/neutron@8.2.0", "CVE-2017-7543", False),
    # Go's own ranges where the standard's is a placeholder; module paths in any letter case.
    ("pkg:golang/github.com/grafana/grafana@v8.3.9", "GO-2024-2857", True),
    ("pkg:golang/github.com/grafana/grafana@v8.3.10", "GO-2024-2857", False),
    ("pkg:golang/github.com/0xjacky/nginx-ui@v2.3.7", "CVE-2026-42238", True),
    ("pkg:golang/github.com/0xJacky/nginx-ui@v2.3.7", "CVE-2026-42238", True),
    # One record, eight CVEs: a finding for each, so that a word on one of them silences no other.
    *(("pkg:cargo/rusqlite@0.22.0", f"CVE-2020-{number}", True) for number in range(35866, 35874)),
    ("pkg:cargo/rusqlite@0.23.0", "CVE-2020-35866", False),
    # Epochs beside the version; a producer that did not read the rpm database may have lost them (see below).
    (f"{VIM}.11?distro=almalinux-8.5&epoch=2", "CVE-2022-0318", True),
    (f"{VIM}.12?distro=almalinux-8.5&epoch=2", "CVE-2022-0318", False),
    (f"{VIM}.13?distro=almalinux-8.5&epoch=2", "CVE-2022-0318", False),
    # Modules: the build of a module is judged by the module's notice, one outside of it is not.
    (f"{MARIADB}@10.3.28-1.module_el8.3.0%2B1?epoch=3&distro=almalinux-8&rpmmod=mariadb:10.3:80300:1", "CVE-2021-46657", True),
    (f"{MARIADB}@10.3.32-2.module_el8.5.0%2B2632%2B14ced695?epoch=3&distro=almalinux-8&rpmmod=mariadb:10.3:1:1", "CVE-2021-46657", False),
    (f"{MARIADB}@10.3.28-1.module_el8.3.0%2B1?epoch=3&distro=almalinux-8&rpmmod=mariadb:10.5:80300:1", "CVE-2021-46657", False),
    (f"{MARIADB}@10.3.28-1.el8?epoch=3&distro=almalinux-8", "CVE-2021-46657", False),
    (f"{MARIADB}@10.3.28-1.module_el8.3.0%2B1?epoch=3&distro=almalinux-9&rpmmod=mariadb:10.3:1:1", "CVE-2021-46657", False),
]  # fmt: skip


@pytest.fixture(scope="module")
def db(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database of the named records, as their feeds have them, and of Alpine's secdb for v3.11."""
    folder = tmp_path_factory.mktemp("named")
    sources = [f"alpine-secdb={shared_data / 'feeds' / 'native' / 'alpine-secdb' / 'json' / 'v3.11' / 'main.json'}@2020-06-08"]
    for ecosystem, (feed, records) in RECORDS.items():
        with (
            zipfile.ZipFile(shared_data / "feeds" / "osv" / ecosystem / "all.zip") as whole,
            zipfile.ZipFile(folder / f"{feed}.zip", "w") as part,
        ):
            for record in records:
                part.writestr(f"{record}.json", whole.read(f"{record}.json"))
        sources.append(f"{feed}={folder / f'{feed}.zip'}@2026-08-21")
    built = run("sbommatch", "db", "build", *sources, "--db", folder / "feeds.json")
    assert built.code == 0, built.stderr
    return folder / "feeds.json"


def scanned(
    db: Path, folder: Path, components: Iterable[dict[str, Any]], producer: str = "trivy", vex: Path | None = None, **fields: Any
) -> Any:
    tools = {"components": [{"type": "application", "name": producer, "version": "1.0.0"}]}
    document = {"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"tools": tools}, "components": list(components), **fields}
    (folder / "asked.cdx.json").write_text(json.dumps(document))
    ran = run("sbommatch", folder / "asked.cdx.json", "--db", db, "-o", "json", *(("--vex", vex) if vex else ()))
    assert ran.code == 0, ran.stderr
    return ran.json["targets"][0]


def library(purl: str, **fields: Any) -> dict[str, Any]:
    name = purl.partition("@")[0].rpartition("/")[2]
    return {"type": "library", "bom-ref": purl, "name": name, "version": "", "purl": purl, **fields}


def ids(target: Any) -> set[tuple[str, str]]:
    return {(finding["ref"], identifier) for finding in target["findings"] for identifier in finding["ids"]}


def test_the_named_cases(db: Path, tmp_path: Path) -> None:
    target = scanned(db, tmp_path, map(library, sorted({purl for purl, _, _ in CASES})))
    found = ids(target)
    assert {case: case[:2] in found for case in CASES} == {case: case[2] for case in CASES}
    rules = {(finding["ref"], finding["record"]): finding["match"]["rule"] for finding in target["findings"]}
    assert rules["pkg:golang/github.com/grafana/grafana@v8.3.9", "GO-2024-2857"] == "go_custom_ranges"


def test_records_without_a_place_are_named_beside_the_verdict(db: Path, tmp_path: Path) -> None:
    target = scanned(db, tmp_path, [library("pkg:pypi/torch@1.0"), library("pkg:pypi/neutron@9.0")])
    verdicts = {one["name"]: (one["verdict"], [unchecked["record"] for unchecked in one["unchecked"]]) for one in target["components"]}
    assert verdicts == {"torch": ("affected", ["PYSEC-2025-194"]), "neutron": ("no_match", ["PYSEC-2026-686"])}


@pytest.mark.parametrize(
    ("version", "affected"),
    [("1.29.3-r9", True), ("1.29.3-r10", False), ("1.29.3-r11", False), ("1.30.1-r1", True), ("1.30.1-r2", False), ("1.31.1-r9", False)],
)
def test_a_lower_one_of_two_fixes_clears_its_own_upstream_version_only(db: Path, tmp_path: Path, version: str, affected: bool) -> None:
    target = scanned(db, tmp_path, [library(f"pkg:apk/alpine/busybox@{version}?distro=alpine-3.11.3")])
    assert ("CVE-2019-5747" in {finding["id"] for finding in target["findings"]}) is affected


def trivy_properties(**properties: str) -> dict[str, Any]:
    return {"properties": [{"name": f"aquasecurity:trivy:{name}", "value": value} for name, value in properties.items()]}


@pytest.mark.parametrize(
    "made",
    [
        library("pkg:apk/alpine/libssl1.1@1.1.1d-r2?arch=x86_64&upstream=openssl&distro=alpine-3.11.3"),
        library(
            "pkg:apk/alpine/libssl1.1@1.1.1d-r2?arch=x86_64&distro=3.11.3", **trivy_properties(SrcName="openssl", SrcVersion="1.1.1d-r2")
        ),
        library("pkg:apk/alpine/libssl1.1@1.1.1d-r2?arch=x86_64&distro=alpine-3.11.3&origin=openssl"),
        library(
            "pkg:apk/alpine/libssl1.1@1.1.1d-r2?arch=x86_64&distro=alpine-3.11.3",
            properties=[{"name": "sbomgen:source:name", "value": "openssl"}, {"name": "sbomgen:source:version", "value": "1.1.1d-r2"}],
        ),
    ],
    ids=["Syft", "Trivy", "cdxgen", "sbomgen"],
)
def test_a_binary_is_found_by_its_source_whoever_wrote_the_document(db: Path, tmp_path: Path, made: dict[str, Any]) -> None:
    (found,) = scanned(db, tmp_path, [made])["findings"]
    assert (found["id"], found["match"]["name"], found["match"]["version"]) == ("CVE-2019-1551", "openssl", "1.1.1d-r2")


@pytest.mark.parametrize(
    ("producer", "release", "expected"),
    [
        ("cdxgen", 11, ("affected", "epoch_assumed", False)),
        ("cdxgen", 12, ("no_match", None, None)),
        ("trivy", 11, ("affected", "several_builds", True)),
        ("trivy", 12, ("affected", "several_builds", True)),  # its missing epoch is 0, and that is below the 2 of the fix
    ],
)
def test_a_missing_epoch_is_what_the_producer_makes_it(db: Path, tmp_path: Path, producer: str, release: int, expected: object) -> None:
    target = scanned(db, tmp_path, [library(f"{VIM}.{release}?distro=almalinux-8.5")], producer=producer)
    found = next(iter(target["findings"]), None)
    assert (target["components"][0]["verdict"], found and found["match"]["rule"], found and found["match"]["exact"]) == expected


def test_a_word_on_one_of_eight_cves_silences_that_one(db: Path, tmp_path: Path) -> None:
    """RUSTSEC-2020-0014 names eight; the statement names the record as an alias of the one, as tools do."""
    named = {"name": "CVE-2020-35868", "aliases": ["RUSTSEC-2020-0014", "GHSA-g4w7-3qr8-5623"]}
    said = {"vulnerability": named, "products": [{"@id": "pkg:cargo/rusqlite"}], "status": "not_affected", "impact_statement": "no hooks"}
    vex = tmp_path / "vex.json"
    vex.write_text(json.dumps({"@context": "https://openvex.dev/ns/v0.2.0", "@id": "v", "statements": [said]}))
    target = scanned(db, tmp_path, [library("pkg:cargo/rusqlite@0.22.0")], vex=vex)
    found = {one["id"]: one["status"] for one in target["findings"]}
    cves = {f"CVE-2020-{number}": "open" for number in range(35866, 35874)}
    assert {name: status for name, status in found.items() if name in cves} == cves | {"CVE-2020-35868": "suppressed"}
    assert [one["verdict"] for one in target["components"]] == ["affected"]


def test_a_debian_document_without_release_is_not_checked(db: Path, tmp_path: Path) -> None:
    debian = {"type": "operating-system", "bom-ref": "os", "name": "debian"}
    target = scanned(db, tmp_path, [debian, library("pkg:deb/debian/curl@7.88.1-10")])
    assert [(one["name"], one["verdict"], one["reason"]) for one in target["components"]] == [("curl", "not_checked", "no_distro")]
    assert target["coverage"]["not_checked"] == {"no_distro": 1}


def test_real_package_lists_agree_with_the_notices_read_by_hand(shared_data: Path, tmp_path: Path) -> None:
    """CentOS 8's 518 packages as AlmaLinux 8, 21 of them modular, against one notice that is read here in no other way."""
    import csv

    path = shared_data / "packagedbs" / "rpm-package-lists" / "CentOS8Modularitylabel.tsv"
    with path.open(newline="") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert (len(rows), sum(bool(row["modularitylabel"]) for row in rows)) == (518, 21)
    modular = {row["name"]: row for row in rows if row["modularitylabel"].startswith("container-tools:")}
    with zipfile.ZipFile(shared_data / "feeds" / "osv" / "AlmaLinux" / "all.zip") as whole:
        notice = next(
            record
            for name in sorted(whole.namelist())
            if name.startswith("ALSA-2021") and b"container-tools:rhel8" in (record := whole.read(name)) and b".module_el8" in record
        )
    (tmp_path / "notice.json").write_bytes(notice)
    built = run("sbommatch", "db", "build", f"osv-almalinux={tmp_path / 'notice.json'}@2026-08-21", "--db", tmp_path / "feeds.json")
    assert built.code == 0, built.stderr
    target = scanned(tmp_path / "feeds.json", tmp_path, map(rpm, rows))
    named = {affected["package"]["name"] for affected in json.loads(notice)["affected"]}
    found = {finding["ref"] for finding in target["findings"]}
    assert found
    assert found <= named & set(modular)
    assert target["coverage"]["not_checked"] == {}


def rpm(row: dict[str, str]) -> dict[str, Any]:
    qualifiers = {"arch": row["arch"], "distro": "almalinux-8.2", "epoch": row["epoch"], "rpmmod": row["modularitylabel"]}
    query = "&".join(f"{key}={quote(value, safe=':')}" for key, value in qualifiers.items() if value)
    version = quote(f"{row['version']}-{row['release']}", safe="")
    return library(f"pkg:rpm/almalinux/{quote(row['name'], safe='')}@{version}?{query}") | {"bom-ref": row["name"]}
