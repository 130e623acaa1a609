import tarfile
from pathlib import Path

import pytest

from sbomgen.catalogers.apk import ApkCataloger
from sbomgen.model import Distro, Hash, Package, Problem, ProblemCode, SourcePackage
from tests.support.evidence import MemoryView, edges_of, packages_of

CATALOGER = ApkCataloger()
DATABASE = "lib/apk/db/installed"
OS_RELEASE = {"etc/os-release": b"ID=alpine\nVERSION_ID=3.20.3\n"}
MUSL_UTILS = b"""\
C:Q1YCAH7jdO2W816b85sUh9Z8av4Cc=
P:musl-utils
V:1.2.5-r0
A:x86_64
S:11705
I:77824
T:the musl c library (libc) implementation
U:https://musl.libc.org/
L:MIT AND BSD-2-Clause
o:musl
m:Timo Ter\xc3\xa4s <timo.teras@iki.fi>
D:scanelf so:libc.musl-x86_64.so.1
p:cmd:getconf=1.2.5-r0 cmd:iconv=1.2.5-r0
F:
R:top
F:usr
F:usr/bin
R:getconf
a:0:0:755
Z:Q1Co6gdZzI5ZgFvNXcsIE0VT8Ntuo=
R:iconv
"""


def view_of(body: bytes, path: str = DATABASE) -> MemoryView:
    return MemoryView({**OS_RELEASE, path: body})


def stanzas(*packages: str) -> bytes:
    return "\n\n".join(package.replace("; ", "\n") for package in packages).encode()


def test_a_stanza_becomes_a_package() -> None:
    assert packages_of(CATALOGER, view_of(MUSL_UTILS)) == [
        Package(
            type="apk",
            name="musl-utils",
            raw_version="1.2.5-r0",
            arch="x86_64",
            distro=Distro("alpine", "3.20.3"),
            source=SourcePackage("musl"),
            licences=("MIT AND BSD-2-Clause",),
            hashes=(Hash("SHA-1", "602007ee374ed96f35e9bf39b1487d67c6afe027"),),
            supplier="Timo Teräs <timo.teras@iki.fi>",
            homepage="https://musl.libc.org/",
            description="the musl c library (libc) implementation",
            owned_files=("top", "usr/bin/getconf", "usr/bin/iconv"),
            evidence=(DATABASE,),
        )
    ]


@pytest.mark.parametrize("path", [DATABASE, "usr/lib/apk/db/installed"])
def test_both_places_of_the_database_belong_to_the_same_root(path: str) -> None:
    (package,) = packages_of(CATALOGER, view_of(MUSL_UTILS, path))
    assert (package.root, package.slot) == ("", "apk||musl-utils|x86_64")


def test_a_chroot_has_its_own_root_and_distribution() -> None:
    view = MemoryView({**OS_RELEASE, "srv/a/lib/apk/db/installed": MUSL_UTILS, "srv/a/etc/os-release": b"ID=wolfi\n"})
    (package,) = packages_of(CATALOGER, view)
    assert (package.root, package.distro, package.owned_files[0]) == ("srv/a", Distro("wolfi"), "srv/a/top")


def test_a_chroot_without_os_release_has_no_distribution_rather_than_the_image_s() -> None:
    found = list(CATALOGER.assemble(view_of(MUSL_UTILS, "srv/a/lib/apk/db/installed")))
    assert [item.distro for item in found if isinstance(item, Package)] == [None]
    assert [(item.code, item.loss) for item in found if isinstance(item, Problem)] == [(ProblemCode.NO_DISTRIBUTION, False)]


@pytest.mark.parametrize("path", ["installed", "db/installed", "var/db/installed", "xlib/apk/db/installed"])
def test_other_files_of_that_name_are_not_read(path: str) -> None:
    assert packages_of(CATALOGER, view_of(MUSL_UTILS, path)) == []


@pytest.mark.parametrize(
    ("broken", "line", "word"),
    [
        ("V:1; A:x86_64", 3, "name (P:)"),
        ("P:half; T:no version", 3, "version (V:) of half"),
        ("P: ; V:1", 3, "name (P:)"),
        ("asdf; yolo", 3, "name (P:)"),
    ],
)
def test_a_broken_stanza_is_a_loss_and_does_not_end_the_file(broken: str, line: int, word: str) -> None:
    view = view_of(b"\n\n" + stanzas(broken, "P:next; V:2"))
    assert [package.name for package in packages_of(CATALOGER, view)] == ["next"]
    (problem,) = view.problems
    assert (problem.code, problem.where, problem.loss) == (ProblemCode.BAD_RECORD, f"{DATABASE}: line {line}", True)
    assert word in problem.message


def test_a_line_that_is_no_field_is_a_note_and_costs_nothing() -> None:
    view = view_of(stanzas("P:a; V:1; oops; A:x86_64"))
    assert [(package.name, package.arch) for package in packages_of(CATALOGER, view)] == [("a", "x86_64")]
    assert [(problem.where, problem.loss) for problem in view.problems] == [(f"{DATABASE}: line 3", False)]


def test_very_long_lines_are_read() -> None:
    provides = " ".join(f"so:lib{number}.so" for number in range(200_000))
    view = view_of(stanzas(f"P:big; V:1; p:{provides}", "P:user; V:1; D:so:lib199999.so"))
    assert edges_of(CATALOGER, view) == [("user", "big")]


def test_of_several_stanzas_of_one_package_the_last_counts() -> None:
    view = view_of(stanzas("P:a; V:1; A:x86", "P:b; V:1; A:x86", "P:a; V:2; A:x86"))
    assert [(package.name, package.raw_version) for package in packages_of(CATALOGER, view)] == [("a", "2"), ("b", "1")]


def test_of_two_databases_of_one_root_the_later_layer_counts() -> None:
    files = {"lib/apk/db/installed": stanzas("P:a; V:2"), "usr/lib/apk/db/installed": stanzas("P:a; V:1")}
    view = MemoryView({**OS_RELEASE, **files}, layers={"lib/apk/db/installed": 3})
    assert [package.raw_version for package in packages_of(CATALOGER, view)] == ["2"]


def test_line_ends_of_windows_and_a_missing_last_line_end_do_no_harm() -> None:
    (package,) = packages_of(CATALOGER, view_of(b"P:a\r\nV:1\r\n\r\n"))
    assert (package.name, package.raw_version) == ("a", "1")


@pytest.mark.parametrize(
    ("checksum", "hashes"),
    [
        ("Q2" + "A" * 43 + "=", (Hash("SHA-256", "00" * 32),)),
        ("Q1short", ()),
        ("Q1YCAH7jdO2W816b85sUh9Z8av4Cc", ()),
        ("X1YCAH7jdO2W816b85sUh9Z8av4Cc=", ()),
        ("", ()),
    ],
)
def test_only_a_whole_checksum_of_a_known_kind_is_stated(checksum: str, hashes: tuple[Hash, ...]) -> None:
    (package,) = packages_of(CATALOGER, view_of(stanzas(f"P:a; V:1; C:{checksum}")))
    assert package.hashes == hashes


def test_file_names_that_are_no_utf_8_keep_their_bytes() -> None:
    (package,) = packages_of(CATALOGER, view_of(b"P:a\nV:1\nF:etc\nR:\xff"))
    assert package.owned_files[0].encode("utf-8", "surrogateescape") == b"etc/\xff"


@pytest.mark.parametrize(
    ("dependency", "met_by"),
    [
        ("so:libz.so.1", ["zlib"]),
        ("zlib", ["zlib"]),
        ("zlib>=1.2", ["zlib"]),
        ("zlib~1.3", ["zlib"]),
        ("zlib<2", ["zlib"]),
        ("zlib@edge", ["zlib"]),
        ("/bin/sh", ["busybox"]),
        ("cmd:sh", ["busybox", "zlib"]),
        ("!zlib", []),
        ("absent", []),
    ],
)
def test_dependencies_are_met_by_names_and_provisions(dependency: str, met_by: list[str]) -> None:
    view = view_of(
        stanzas("P:zlib; V:1.3; p:so:libz.so.1=1.3 cmd:sh=1", "P:busybox; V:1; p:/bin/sh cmd:sh=1.36", f"P:app; V:1; D:{dependency} app")
    )
    assert edges_of(CATALOGER, view) == [("app", name) for name in met_by]


def test_dependencies_do_not_cross_roots() -> None:
    view = MemoryView({DATABASE: stanzas("P:a; V:1; D:b"), f"srv/x/{DATABASE}": stanzas("P:b; V:1")})
    assert edges_of(CATALOGER, view) == []


ROOTFS_PACKAGES = {"3.9.6": 14, "3.11.13": 14, "3.12.12": 14, "3.15.11": 14, "3.17.10": 15, "3.18.9": 15, "3.20.3": 14}


@pytest.mark.parametrize("release", ROOTFS_PACKAGES)
def test_real_root_file_systems_hold_what_their_provenance_says(release: str, shared_data: Path) -> None:
    with tarfile.open(shared_data / "rootfs" / f"alpine-minirootfs-{release}-x86_64.tar.gz") as archive:
        members = {member.name.removeprefix("./"): member for member in archive}
        bodies = {
            path: archive.extractfile(members[path]) for path in (DATABASE, "etc/os-release", "usr/lib/os-release") if path in members
        }
        view = MemoryView({path: body.read() for path, body in bodies.items() if body is not None})
        packages = packages_of(CATALOGER, view)
        assert len(packages) == ROOTFS_PACKAGES[release]
        assert {package.distro.version_id for package in packages if package.distro} == {release}
        assert not view.problems
        missing = [path for package in packages for path in package.owned_files if path not in members]
        assert missing == []
        edges = edges_of(CATALOGER, view)
        assert ("apk-tools", "zlib") in edges
        assert ("alpine-baselayout", "busybox") in edges or ("busybox", "musl") in edges


def test_real_databases_agree_with_a_plain_search_for_names_and_versions(shared_data: Path) -> None:
    folder = shared_data / "packagedbs"
    paths = sorted(path for name in ("installed", "apk") for path in folder.rglob(name) if path.is_file())
    assert len(paths) >= 10
    for path in paths:
        view = view_of(path.read_bytes())
        stated = {}
        for stanza in path.read_text().split("\n\n"):
            lines = dict(line.split(":", 1) for line in reversed(stanza.splitlines()) if ":" in line)
            if lines.keys() >= {"P", "V"}:
                stated[lines["P"], lines.get("A")] = (lines["V"], lines.get("o"), stanza.count("\nR:"))
        found = {
            (package.name, package.arch): (package.raw_version, package.source and package.source.name, len(package.owned_files))
            for package in packages_of(CATALOGER, view)
        }
        assert found == stated, path
