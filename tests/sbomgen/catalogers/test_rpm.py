import csv
import shutil
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from sbomgen.catalogers import _databases
from sbomgen.catalogers import rpm as module
from sbomgen.catalogers.os_release import OsReleaseCataloger
from sbomgen.catalogers.rpm import RpmCataloger
from sbomgen.evidence import EvidenceTooLargeError
from sbomgen.image.layer import scan_layer
from sbomgen.image.overlay import Overlay
from sbomgen.image.reference import open_image
from sbomgen.model import Distro, Edge, Hash, Package, Problem, ProblemCode, SourcePackage
from sbomgen.purl import purl_of
from sbomgen.rpmdb import Blob, read_database
from sbomgen.rpmdb.header import (
    EPOCH,
    LICENCE,
    MODULARITY_LABEL,
    NAME,
    PROVIDE_NAME,
    REQUIRE_NAME,
    SHA256_HEADER,
    SIGNATURE_MD5,
    SOURCE_RPM,
    SUMMARY,
    URL,
    VENDOR,
)
from tests.sbomgen.rpmdb.encoders import RpmdbSqlite, Value, bdb, files, header, ndb
from tests.support.evidence import MemoryView, edges_of, packages_of

CATALOGER = RpmCataloger()
BDB, NDB, SQLITE = "var/lib/rpm/Packages", "usr/lib/sysimage/rpm/Packages.db", "usr/lib/sysimage/rpm/rpmdb.sqlite"
MANIFEST = "var/lib/rpmmanifest/container-manifest-2"
OS_RELEASE = {"etc/os-release": b"ID=rocky\nVERSION_ID=9.3\n"}
LIBUUID: dict[int, Value] = {
    EPOCH: 1,
    SOURCE_RPM: "util-linux-2.32.1-42.el8_8.src.rpm",
    VENDOR: "Rocky",
    LICENCE: "BSD",
    URL: "http://example.org/",
    SUMMARY: "Unique ids\nof machines",
    MODULARITY_LABEL: "m:1",
    SIGNATURE_MD5: bytes(16),
    SHA256_HEADER: "ab" * 32,
    **files("/usr/lib64/libuuid.so.1", "/usr/share/doc/libuuid"),
}
LINE = "glibc\t2.35-6.cm2\t1712182042\t1712153735\tMicrosoft Corporation\t(none)\t10269049\tx86_64\t0\tglibc-2.35-6.cm2.src.rpm"


def database(*headers: bytes) -> bytes:
    return bdb(dict(enumerate(headers, start=1)))


def view_of(*headers: bytes, path: str = BDB) -> MemoryView:
    return MemoryView({**OS_RELEASE, path: database(*headers)})


def versions(view: MemoryView) -> dict[str, str]:
    return {package.name: package.raw_version for package in packages_of(CATALOGER, view)}


def problems(view: MemoryView) -> list[Problem]:
    """Of reading and of assembling."""
    return [*view.problems, *(found for found in CATALOGER.assemble(view) if isinstance(found, Problem))]


def test_a_header_becomes_a_package() -> None:
    assert packages_of(CATALOGER, view_of(header("libuuid", "2.32.1", "42.el8_8", LIBUUID))) == [
        Package(
            type="rpm",
            name="libuuid",
            raw_version="1:2.32.1-42.el8_8",
            arch="x86_64",
            distro=Distro("rocky", "9.3"),
            source=SourcePackage("util-linux", "2.32.1-42.el8_8"),
            licences=("BSD",),
            hashes=(Hash("MD5", "00" * 16), Hash("SHA-256", "ab" * 32)),
            supplier="Rocky",
            homepage="http://example.org/",
            description="Unique ids",
            qualifiers=(("rpmmod", "m:1"),),
            owned_files=("usr/lib64/libuuid.so.1", "usr/share/doc/libuuid"),
            evidence=(BDB,),
        )
    ]


@pytest.mark.parametrize(
    ("more", "version", "qualifier"),
    [
        ({}, "1-1", None),
        ({EPOCH: 0}, "1-1", None),
        ({EPOCH: 1}, "1:1-1", "epoch=1"),
        ({EPOCH: 2**32 - 1}, "4294967295:1-1", "epoch=4294967295"),
    ],
)
def test_an_epoch_of_0_is_none(more: dict[int, Value], version: str, qualifier: str | None) -> None:
    (package,) = packages_of(CATALOGER, view_of(header(more=more)))
    assert package.raw_version == version
    assert (qualifier or "epoch") in purl_of(package) if qualifier else "epoch" not in purl_of(package)


@pytest.mark.parametrize(
    ("stated", "source"),
    [
        ("a-b-1-2.src.rpm", SourcePackage("a-b", "1-2")),
        ("java-1.8-2.nosrc.rpm", SourcePackage("java", "1.8-2")),
        ("a-1.src.rpm", None),
        ("(none)", None),
        ("", None),
    ],
)
def test_the_source_package_stands_in_the_name_of_the_source_rpm(stated: str, source: SourcePackage | None) -> None:
    (package,) = packages_of(CATALOGER, view_of(header(more={SOURCE_RPM: stated})))
    assert package.source == source


@pytest.mark.parametrize("more", [{SIGNATURE_MD5: b"short"}, {SHA256_HEADER: "AB" * 32}, {SHA256_HEADER: "ab"}])
def test_only_whole_checksums_are_stated(more: dict[int, Value]) -> None:
    (package,) = packages_of(CATALOGER, view_of(header(more=more)))
    assert package.hashes == ()


def test_keys_are_no_packages() -> None:
    assert versions(view_of(header("gpg-pubkey", "8483c65d", "5ccc5b19"), header("a"))) == {"a": "1-1"}


def test_several_versions_and_architectures_of_a_package_may_stand_side_by_side() -> None:
    view = view_of(header("kernel", "5"), header("kernel", "6"), header("kernel", "6"))
    assert [package.raw_version for package in packages_of(CATALOGER, view)] == ["5-1", "6-1"]


@pytest.mark.parametrize("name", ["Packages", "Packages.db", "rpmdb.sqlite"])
@pytest.mark.parametrize("root", ["", "srv/a"])
@pytest.mark.parametrize("folder", ["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"])
def test_every_place_of_the_database_belongs_to_its_root_whatever_it_is_called(folder: str, root: str, name: str) -> None:
    prefix = f"{root}/" if root else ""
    view = MemoryView({f"{prefix}etc/os-release": b"ID=rhel\n", f"{prefix}{folder}/{name}": ndb({1: header(more=files("/bin/a"))})})
    (package,) = packages_of(CATALOGER, view)
    assert (package.root, package.distro, package.owned_files) == (root, Distro("rhel"), (f"{prefix}bin/a",))


@pytest.mark.parametrize(
    "path", ["Packages", "var/lib/Packages", "xvar/lib/rpm/Packages", "var/lib/rpm/old/Packages", "dists/stable/Packages"]
)
def test_other_files_of_that_name_are_not_read(path: str) -> None:
    view = view_of(header(), path=path)
    assert (packages_of(CATALOGER, view), view.problems) == ([], [])


def test_a_chroot_without_os_release_has_no_distribution_rather_than_the_image_s() -> None:
    found = list(CATALOGER.assemble(view_of(header(), path=f"srv/a/{BDB}")))
    assert [one.distro for one in found if isinstance(one, Package)] == [None]
    assert [(one.code, one.loss) for one in found if isinstance(one, Problem)] == [(ProblemCode.NO_DISTRIBUTION, False)]


def test_a_database_reached_by_two_names_is_one() -> None:
    body = database(header("a"), header("b"))
    view = MemoryView({**OS_RELEASE, BDB: body, "usr/share/rpm/Packages": body})
    assert [package.name for package in packages_of(CATALOGER, view)] == ["a", "b"]
    linked = MemoryView({**OS_RELEASE, "usr/share/rpm/Packages": body}, links={"var/lib/rpm": "../../usr/share/rpm"})
    assert [package.evidence for package in packages_of(CATALOGER, linked)] == [("usr/share/rpm/Packages",)] * 2


def test_databases_of_one_root_are_read_together() -> None:
    same = header("glibc", "2.35", "6.cm2")
    view = MemoryView({**OS_RELEASE, BDB: database(header("a"), same), NDB: ndb({1: header("b")}), MANIFEST: LINE.encode()})
    assert [(package.name, package.evidence) for package in packages_of(CATALOGER, view)] == [
        ("b", (NDB,)),
        ("a", (BDB,)),
        ("glibc", (BDB,)),
    ]


@pytest.mark.parametrize("body", [b"", b"rubbish", b"SQLite format 3\0", b"RpmP", bytes(12) + b"\x61\x15\x06\0", b"\0" * 5000])
@pytest.mark.parametrize("path", [BDB, NDB, SQLITE])
def test_a_database_that_cannot_be_read_is_a_loss(path: str, body: bytes) -> None:
    (problem,) = problems(MemoryView({path: body}))
    assert (problem.code, problem.where, problem.loss) == (ProblemCode.EVIDENCE_UNREADABLE, path, True)


def test_a_database_without_the_table_is_a_loss(tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path) as sqlite:
        sqlite.run("CREATE TABLE Name (key)")
        sqlite.checkpoint()
        (problem,) = problems(MemoryView({SQLITE: sqlite.body}))
    assert (problem.where, problem.message, problem.loss) == (SQLITE, "the package database has no table Packages", True)


@pytest.mark.parametrize(
    ("broken", "word"),
    [
        (b"\0", "shorter"),
        (header("a b"), "no usable name"),
        (header("a", ""), "no usable version (of a)"),
        (header("a", "1", ""), "no usable release (of a)"),
        (header(more={NAME: 7}), "tag 1000"),
    ],
)
def test_a_broken_header_is_a_loss_and_does_not_end_the_database(broken: bytes, word: str) -> None:
    view = view_of(broken, header("next"))
    assert versions(view) == {"next": "1-1"}
    (problem,) = view.problems
    assert (problem.code, problem.where, problem.loss) == (ProblemCode.BAD_RECORD, f"{BDB}: header 1", True)
    assert word in problem.message


def test_a_damaged_page_is_a_loss_and_does_not_end_the_database() -> None:
    body = ndb({1: header("a"), 2: header("b")})
    view = MemoryView({**OS_RELEASE, NDB: body.replace(b"BlbE", b"BlbX", 1)})
    assert versions(view) == {"b": "1-1"}
    assert [(problem.where, problem.loss) for problem in view.problems] == [(f"{NDB}: slot 2: header 1", True)]


def test_text_that_is_no_utf_8_is_shown_and_file_names_keep_their_bytes() -> None:
    blob = header(more={VENDOR: "Jos?", **files("/etc/?")}).replace(b"?", b"\xe9")
    (package,) = packages_of(CATALOGER, view_of(blob))
    assert package.supplier == "Jos\\xe9"
    assert package.owned_files[0].encode("utf-8", "surrogateescape") == b"etc/\xe9"


def package_blobs(names: Mapping[int, str]) -> dict[int, bytes]:
    return {number: header(name, more={SUMMARY: "x" * 900}) for number, name in names.items()}


def test_packages_that_stand_in_the_log_alone_are_listed_and_those_it_removes_are_not(tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path) as sqlite:
        sqlite.create()
        sqlite.put(package_blobs({1: "a", 2: "b"}))
        sqlite.checkpoint()
        body = sqlite.body
        sqlite.put(package_blobs({3: "c"}))
        sqlite.run("DELETE FROM Packages WHERE hnum = 1")
        log = sqlite.log
    view = MemoryView({**OS_RELEASE, SQLITE: body, f"{SQLITE}-wal": log}, layers={f"{SQLITE}-wal": 2})
    assert versions(view) == {"b": "1-1", "c": "1-1"}
    assert {package.evidence for package in packages_of(CATALOGER, view)} == {(SQLITE, f"{SQLITE}-wal")}
    assert problems(view) == []
    assert versions(MemoryView({**OS_RELEASE, SQLITE: body, f"{SQLITE}-wal": b""})) == {"a": "1-1", "b": "1-1"}
    assert versions(MemoryView({**OS_RELEASE, f"{SQLITE}-wal": log})) == {}


def test_a_database_that_is_all_in_its_log_is_no_loss(tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path) as sqlite:
        body = sqlite.body
        sqlite.create()
        sqlite.put(package_blobs({1: "a"}))
        view = MemoryView({**OS_RELEASE, SQLITE: body, f"{SQLITE}-wal": sqlite.log})
    assert (versions(view), problems(view)) == ({"a": "1-1"}, [])


def test_damage_that_the_log_mends_is_none(tmp_path: Path) -> None:
    """As after a crash while the log was being put into the database."""
    with RpmdbSqlite(tmp_path) as sqlite:
        sqlite.create()
        sqlite.checkpoint()
        sqlite.put(package_blobs({1: "a"}))
        body, log = bytearray(sqlite.body), sqlite.log
    body[512:1024] = bytes(512)
    assert [problem.where for problem in problems(MemoryView({**OS_RELEASE, SQLITE: bytes(body)}))] == [f"{SQLITE}: page 2"]
    view = MemoryView({**OS_RELEASE, SQLITE: bytes(body), f"{SQLITE}-wal": log})
    assert (versions(view), problems(view)) == ({"a": "1-1"}, [])


def test_a_broken_header_in_the_log_is_a_loss(tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path) as sqlite:
        sqlite.create()
        sqlite.checkpoint()
        body = sqlite.body
        sqlite.put({1: b"rubbish", **package_blobs({2: "b"})})
        view = MemoryView({**OS_RELEASE, SQLITE: body, f"{SQLITE}-wal": sqlite.log})
    assert versions(view) == {"b": "1-1"}
    assert [(problem.where, problem.loss) for problem in problems(view)] == [(f"{SQLITE}-wal: header 1", True)]


def test_a_file_that_is_no_log_is_passed_over(tmp_path: Path) -> None:
    with RpmdbSqlite(tmp_path) as sqlite:
        sqlite.create()
        sqlite.put(package_blobs({1: "a"}))
        sqlite.checkpoint()
        view = MemoryView({**OS_RELEASE, SQLITE: sqlite.body, f"{SQLITE}-wal": b"x" * 100})
    assert versions(view) == {"a": "1-1"}
    assert [(problem.where, problem.loss) for problem in problems(view)] == [(f"{SQLITE}-wal", False)]


def test_a_log_of_another_database_is_a_loss(tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with RpmdbSqlite(tmp_path) as sqlite, RpmdbSqlite(tmp_path / "other", 1024) as other:
        sqlite.create()
        sqlite.checkpoint()
        other.create()
        (problem,) = problems(MemoryView({**OS_RELEASE, SQLITE: sqlite.body, f"{SQLITE}-wal": other.log}))
    assert (problem.code, problem.where, problem.loss) == (ProblemCode.EVIDENCE_UNREADABLE, SQLITE, True)


def test_a_line_of_a_manifest_becomes_a_package() -> None:
    view = MemoryView({"etc/os-release": b"ID=mariner\nVERSION_ID=2.0\n", MANIFEST: LINE.encode()})
    (package,) = packages_of(CATALOGER, view)
    assert purl_of(package) == "pkg:rpm/mariner/glibc@2.35-6.cm2?arch=x86_64&distro=mariner-2.0&upstream=glibc-2.35-6.cm2.src.rpm"
    assert (package.supplier, package.evidence) == ("Microsoft Corporation", (MANIFEST,))


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (LINE.replace("\t0\t", "\t2\t"), {"glibc": "2:2.35-6.cm2"}),
        (LINE.replace("\t0\t", "\t(none)\t"), {"glibc": "2.35-6.cm2"}),
        (LINE + "\r", {"glibc": "2.35-6.cm2"}),
        (LINE.replace("glibc\t", "gpg-pubkey\t"), {}),
        ("", {}),
    ],
)
def test_epochs_keys_and_blank_lines_of_a_manifest(line: str, found: dict[str, str]) -> None:
    view = MemoryView({MANIFEST: line.encode()})
    assert (versions(view), view.problems) == (found, [])


@pytest.mark.parametrize("broken", ["oops", LINE + "\tmore", LINE.replace("glibc\t", "(none)\t"), LINE.replace("2.35-6.cm2\t", "\t", 1)])
def test_a_broken_line_of_a_manifest_is_a_loss_and_does_not_end_it(broken: str) -> None:
    view = MemoryView({MANIFEST: f"{broken}\n{LINE}\n".encode()})
    assert versions(view) == {"glibc": "2.35-6.cm2"}
    assert [(problem.where, problem.loss) for problem in view.problems] == [(f"{MANIFEST}: line 1", True)]


@pytest.mark.parametrize(
    ("requirement", "met_by"),
    [
        ("libz.so.1()(64bit)", ["zlib"]),
        ("zlib", ["zlib"]),
        ("sh", ["bash", "zlib"]),
        ("/usr/bin/bash", ["bash"]),
        ("/bin/bash", ["bash"]),
        ("/bin/sh", ["bash"]),
        ("/bin/absent", []),
        ("absent", []),
        ("app", []),
        ("rpmlib(CompressedFileNames)", []),
        ("(zlib if bash)", []),
    ],
)
def test_requirements_are_met_by_names_provisions_and_files(requirement: str, met_by: list[str]) -> None:
    packages = (
        header("zlib", more={PROVIDE_NAME: ["zlib", "libz.so.1()(64bit)", "sh", "rpmlib(CompressedFileNames)"]}),
        header("bash", more={PROVIDE_NAME: ["sh", "/bin/sh"], **files("/usr/bin/bash", "/usr/bin/sh")}),
        header("app", more={REQUIRE_NAME: [requirement]}),
    )
    view = MemoryView({**OS_RELEASE, BDB: database(*packages), "usr/bin/bash": b""}, links={"bin": "usr/bin"})
    assert edges_of(CATALOGER, view) == [("app", name) for name in met_by]


def test_requirements_do_not_cross_roots() -> None:
    view = MemoryView({BDB: database(header("a", more={REQUIRE_NAME: ["b"]})), f"srv/x/{BDB}": database(header("b"))})
    assert edges_of(CATALOGER, view) == []


def test_files_required_in_a_chroot_are_its_own() -> None:
    packages = header("a", more={REQUIRE_NAME: ["/bin/b"]}), header("b", more=files("/bin/b"))
    assert edges_of(CATALOGER, view_of(*packages, path=f"srv/x/{BDB}")) == [("a", "b")]


def test_edges_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_databases, "EDGES_LIMIT", 1)
    view = view_of(header("a", more={REQUIRE_NAME: ["b", "c"]}), header("b"), header("c"))
    found = list(CATALOGER.assemble(view))
    assert len([one for one in found if isinstance(one, Edge)]) == 1
    assert [one.code for one in found if isinstance(one, Problem)] == [ProblemCode.LIMIT_REACHED]


@pytest.mark.parametrize(
    ("limit", "path"), [("DATABASE_LIMIT_BYTES", BDB), ("DATABASE_LIMIT_BYTES", f"{SQLITE}-wal"), ("MANIFEST_LIMIT_BYTES", MANIFEST)]
)
def test_files_are_bounded(limit: str, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, limit, 10)
    with pytest.raises(EvidenceTooLargeError):
        MemoryView({path: b"x" * 11})


def test_headers_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACKAGES_LIMIT", 2)
    assert view_of(header("a"), header("b")).problems == []
    view = view_of(header("a"), header("b"), header("c"))
    assert sorted(versions(view)) == ["a", "b"]
    assert [(problem.code, problem.loss) for problem in view.problems] == [(ProblemCode.LIMIT_REACHED, True)]


def test_headers_of_a_database_and_its_log_are_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "PACKAGES_LIMIT", 2)
    with RpmdbSqlite(tmp_path) as sqlite:
        sqlite.create()
        sqlite.put(package_blobs({1: "a"}))
        sqlite.checkpoint()
        body = sqlite.body
        sqlite.put(package_blobs({2: "b"}))
        assert problems(MemoryView({**OS_RELEASE, SQLITE: body, f"{SQLITE}-wal": sqlite.log})) == []
        sqlite.put(package_blobs({3: "c"}))
        view = MemoryView({**OS_RELEASE, SQLITE: body, f"{SQLITE}-wal": sqlite.log})
    assert versions(view) == {"a": "1-1", "b": "1-1"}
    assert [(problem.code, problem.loss) for problem in problems(view)] == [(ProblemCode.LIMIT_REACHED, True)]


def test_lists_of_files_are_bounded_but_the_packages_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FILES_LIMIT_BYTES", 9)
    view = view_of(header("a", more=files("/bin/a")), header("b", more=files("/bin/b")), header("c", more=files("/c")))
    assert {package.name: package.owned_files for package in packages_of(CATALOGER, view)} == {"a": ("bin/a",), "b": (), "c": ("c",)}
    assert [(problem.code, problem.loss) for problem in view.problems] == [(ProblemCode.LIMIT_REACHED, False)]


REAL = {
    "bdb_libuuid/Packages": 1,
    "bdb_osv-scanner/Packages": 1,
    "bdb_syft/Packages": 1,
    "ndb_sle15-bci/Packages.db": 35,
    "sqlite_cbl-mariner-2.0/rpmdb.sqlite": 129,
    "sqlite_osv-scanner/rpmdb.sqlite": 1,
}
Row = tuple[str, str, str, str, str, str, str]


def rows_of(packages: list[Package]) -> Counter[Row]:
    """Name, version, architecture, source, licence, vendor, module label; empty where there is none."""
    return Counter(
        (
            package.name,
            package.raw_version,
            package.arch or "",
            f"{package.source.name}-{package.source.version}.src.rpm" if package.source else "",
            "".join(package.licences),
            package.supplier or "",
            dict(package.qualifiers).get("rpmmod", ""),
        )
        for package in packages
    )


def rows_of_list(path: Path) -> Counter[Row]:
    with path.open(encoding="utf-8", newline="") as lines:
        return Counter(row_of_line(line) for line in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


def row_of_line(line: Mapping[str, str]) -> Row:
    stated = {key: "" if value == "(none)" else value or "" for key, value in line.items()}
    epoch = (stated.get("epoch") or stated.get("epochnum") or "").strip("0")
    version = f"{epoch}:{stated['version']}-{stated['release']}" if epoch else f"{stated['version']}-{stated['release']}"
    return stated["name"], version, stated["arch"], stated["sourcerpm"], stated["license"], stated["vendor"], stated["modularitylabel"]


@pytest.mark.parametrize("database", REAL)
def test_real_databases_hold_what_rpm_lists(database: str, shared_data: Path) -> None:
    folder = shared_data / "packagedbs"
    path = folder / "rpmdb-real" / database
    expected = path.with_name("expected_rpm-qa.tsv")
    view = MemoryView({**OS_RELEASE, f"var/lib/rpm/{path.name}": path.read_bytes()})
    packages = packages_of(CATALOGER, view)
    assert problems(view) == []
    assert len(packages) == REAL[database]
    assert rows_of(packages) == rows_of_list(expected if expected.is_file() else folder / "rpm-package-lists/SLE15WithNDB.tsv")


def test_the_database_of_peers_with_an_epoch_is_read(shared_data: Path) -> None:
    (path,) = (shared_data / "packagedbs").rglob("Packages_epoch")
    assert versions(MemoryView({BDB: path.read_bytes()})) == {"hello": "1:0.0.1-rls"}


def test_real_manifests_are_read_to_the_end(shared_data: Path) -> None:
    paths = sorted((shared_data / "packagedbs").rglob("container-manifest-2"))
    assert paths
    for path in paths:
        view = MemoryView({MANIFEST: path.read_bytes()})
        assert view.problems == []
        assert len(packages_of(CATALOGER, view)) == len(path.read_text().splitlines())


@pytest.mark.corpus
@pytest.mark.parametrize(("image", "count"), [("rpm-mariner2", 129), ("rpm-sle15", 35), ("rpm-bdb", 1), ("rpm-self-sqlite", 4)])
def test_real_images_hold_as_many_packages_as_their_makers_say(image: str, count: int, corpus: Path) -> None:
    view = Overlay()
    with open_image(str(corpus / "oci" / image)) as opened:
        for layer in opened.layers:
            scan = scan_layer(layer, (OsReleaseCataloger(), CATALOGER))
            assert scan.problems == ()
            view.apply(layer.index, scan)
    found = list(CATALOGER.assemble(view))
    packages = [one for one in found if isinstance(one, Package)]
    assert len(packages) == count
    assert all(package.distro is not None and package.root == "" for package in packages)
    assert not [one for one in found if isinstance(one, Problem)]


RPM, DB_LOAD = shutil.which("rpm"), shutil.which("db5.3_load")
QUERY = r"%{EPOCHNUM}\t%{NAME}\t%{VERSION}\t%{RELEASE}\t%{ARCH}\t%{SOURCERPM}\t%{LICENSE}\t%{VENDOR}\t%{MODULARITYLABEL}\n"
FILES_QUERY = r"[%{=NAME}\t%{FILENAMES}\t%{FILEMODES}\t%{FILEFLAGS}\t%{FILESTATES}\n]"
COLUMNS = ("epochnum", "name", "version", "release", "arch", "sourcerpm", "license", "vendor", "modularitylabel")
beside_rpm = [pytest.mark.long, pytest.mark.peer, pytest.mark.skipif(RPM is None, reason="needs rpm")]


def rpm_lines(folder: Path, query: str) -> Iterator[list[str]]:
    """What rpm lists of the database in a folder: a copy, since rpm writes beside it even for a query."""
    backend = ("--define", "_db_backend bdb_ro") if (folder / "Packages").is_file() else ()
    command = (RPM or "", *backend, "--dbpath", str(folder), "-qa", "--qf", query)
    done = subprocess.run(command, capture_output=True, text=True, check=True, errors="surrogateescape")
    return (line.split("\t") for line in done.stdout.splitlines() if "gpg-pubkey" not in line.split("\t")[:2])


def assert_same_as_rpm(folder: Path) -> None:
    """Packages and files, exactly."""
    view = MemoryView({**OS_RELEASE, **{f"var/lib/rpm/{path.name}": path.read_bytes() for path in folder.iterdir()}})
    packages = packages_of(CATALOGER, view)
    assert problems(view) == []
    assert packages
    assert rows_of(packages) == Counter(row_of_line(dict(zip(COLUMNS, line, strict=True))) for line in rpm_lines(folder, QUERY))
    stated = Counter(
        (name, path.lstrip("/"))
        for name, path, mode, flags, state in rpm_lines(folder, FILES_QUERY)
        if int(mode) >> 12 & 0xF != 4 and not int(flags) & 1 << 6 and state == "0"
    )
    assert Counter((package.name, path) for package in packages for path in package.owned_files) == stated


def mariner_blobs(shared_data: Path) -> tuple[Path, dict[int, bytes]]:
    path = shared_data / "packagedbs/rpmdb-real/sqlite_cbl-mariner-2.0/rpmdb.sqlite"
    return path, {found.number: found.body for found in read_database(path.read_bytes()) if isinstance(found, Blob)}


def load_bdb(path: Path, blobs: Mapping[int, bytes], *options: str) -> None:
    """A hash database made by Berkeley DB's own loader."""
    order = "big" if "db_lorder=4321" in options else "little"
    lines = [
        text for number, blob in blobs.items() for text in (number.to_bytes(4, "big" if order == "big" else "little").hex(), blob.hex())
    ]
    dump = "VERSION=3\nformat=bytevalue\ntype=hash\nHEADER=END\n" + "".join(f" {line}\n" for line in lines) + "DATA=END\n"
    settings: Sequence[str] = [word for option in options for word in ("-c", option)]
    subprocess.run((DB_LOAD or "", *settings, str(path)), input=dump, text=True, check=True)


class TestBesideRpm:
    pytestmark = beside_rpm

    @pytest.mark.parametrize("database", [name for name in REAL if not name.startswith("ndb")])
    def test_real_databases_hold_the_same(self, database: str, shared_data: Path, tmp_path: Path) -> None:
        path = shared_data / "packagedbs/rpmdb-real" / database
        (tmp_path / path.name).write_bytes(path.read_bytes())
        assert_same_as_rpm(tmp_path)

    @pytest.mark.skipif(DB_LOAD is None, reason="needs db5.3_load")
    @pytest.mark.parametrize("page_bytes", [512, 4096, 65536])
    def test_a_large_berkeley_db_holds_the_same(self, page_bytes: int, shared_data: Path, tmp_path: Path) -> None:
        _, blobs = mariner_blobs(shared_data)
        load_bdb(tmp_path / "Packages", blobs, f"db_pagesize={page_bytes}")
        assert len(blobs) > 100
        assert_same_as_rpm(tmp_path)

    @pytest.mark.skipif(DB_LOAD is None, reason="needs db5.3_load")
    def test_a_large_berkeley_db_of_the_other_byte_order_holds_all_headers(self, shared_data: Path, tmp_path: Path) -> None:
        _, blobs = mariner_blobs(shared_data)
        load_bdb(tmp_path / "Packages", blobs, "db_lorder=4321")
        found = list(read_database((tmp_path / "Packages").read_bytes()))
        assert {one.number: one.body for one in found if isinstance(one, Blob)} == blobs
        assert len(found) == len(blobs)

    def test_a_database_with_a_log_holds_the_same(self, shared_data: Path, tmp_path: Path) -> None:
        path, blobs = mariner_blobs(shared_data)
        (tmp_path / "made").mkdir()
        (tmp_path / "copy").mkdir()
        (tmp_path / "made" / path.name).write_bytes(path.read_bytes())
        with RpmdbSqlite(tmp_path / "made", 4096) as sqlite:
            sqlite.run("DELETE FROM Packages WHERE hnum % 3 = 0")
            sqlite.put({number + 1000: blob for number, blob in blobs.items() if number % 6 == 0})
            (tmp_path / "copy" / path.name).write_bytes(sqlite.body)
            (tmp_path / "copy" / f"{path.name}-wal").write_bytes(sqlite.log)
        assert (tmp_path / "copy" / path.name).read_bytes() == path.read_bytes()
        assert_same_as_rpm(tmp_path / "copy")
