import shutil
import subprocess
from pathlib import Path

import pytest

from sbomgen.catalogers import _databases
from sbomgen.catalogers._copyright import LICENCES_LIMIT
from sbomgen.catalogers.dpkg import ABSENT_STATES, COPYRIGHT_LIMIT_BYTES, DpkgCataloger
from sbomgen.model import Distro, Edge, Package, Problem, ProblemCode, SourcePackage
from tests.support.evidence import MemoryView, edges_of, packages_of

CATALOGER = DpkgCataloger()
STATUS = "var/lib/dpkg/status"
OS_RELEASE = {"etc/os-release": b"ID=debian\nVERSION_ID=12\n"}
ZLIB = b"""\
Package: zlib1g
Status: install ok installed
Priority: required
Section: libs
Maintainer: Mark Brown <broonie@debian.org>
Architecture: amd64
Multi-Arch: same
Source: zlib (1:1.2.13.dfsg-1)
Version: 1:1.2.13.dfsg-1+b1
Depends: libc6 (>= 2.14)
Conffiles:
 /etc/zlib.conf 0123456789abcdef0123456789abcdef
Description: compression library - runtime
 zlib is a library implementing the deflate compression method.
 .
 More.
Homepage: http://zlib.net/
"""


def view_of(body: bytes, **more: bytes) -> MemoryView:
    return MemoryView({**OS_RELEASE, STATUS: body, **{path.replace("__", "/"): content for path, content in more.items()}})


def stanza(name: str, **fields: str) -> str:
    stated = {"Status": "install ok installed", "Version": "1", "Architecture": "amd64", **fields}
    return "".join(f"{key.replace('_', '-')}: {value}\n" for key, value in {"Package": name, **stated}.items() if value)


def database(*stanzas: str) -> bytes:
    return "\n".join(stanzas).encode()


def versions(view: MemoryView) -> dict[str, str]:
    return {package.name: package.raw_version for package in packages_of(CATALOGER, view)}


def test_a_stanza_becomes_a_package() -> None:
    files = {"var/lib/dpkg/info/zlib1g:amd64.list": b"/.\n/lib\n/lib/libz.so.1\n/usr\n/usr/share\n/usr/share/doc\n/usr/share/doc/zlib1g\n"}
    view = MemoryView({**OS_RELEASE, STATUS: ZLIB, **files})
    assert packages_of(CATALOGER, view) == [
        Package(
            type="deb",
            name="zlib1g",
            raw_version="1:1.2.13.dfsg-1+b1",
            arch="amd64",
            distro=Distro("debian", "12"),
            source=SourcePackage("zlib", "1:1.2.13.dfsg-1"),
            supplier="Mark Brown <broonie@debian.org>",
            homepage="http://zlib.net/",
            description="compression library - runtime",
            owned_files=("lib/libz.so.1", "usr/share/doc/zlib1g"),
            evidence=(STATUS, "var/lib/dpkg/info/zlib1g:amd64.list"),
        )
    ]


@pytest.mark.parametrize(
    ("status", "there"),
    [
        ("install ok installed", True),
        ("deinstall ok installed", True),
        ("hold ok installed", True),
        ("install ok unpacked", True),
        ("install ok half-configured", True),
        ("install reinstreq half-installed", True),
        ("install ok triggers-pending", True),
        ("", True),
        ("nonsense", True),
        ("deinstall ok config-files", False),
        ("purge ok not-installed", False),
        ("unknown ok not-installed", False),
    ],
)
def test_a_package_is_absent_only_when_nothing_of_it_is_left(status: str, there: bool) -> None:
    assert versions(view_of(database(stanza("a", Status=status)))) == ({"a": "1"} if there else {})


def test_what_is_absent_needs_no_version() -> None:
    view = view_of(database(stanza("a", Status="unknown ok not-installed", Version="")))
    assert not view.problems


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("", SourcePackage("bin", "1-2+b1")),
        ("src", SourcePackage("src", "1-2+b1")),
        ("src (1-2)", SourcePackage("src", "1-2")),
        ("src(1-2)", SourcePackage("src", "1-2")),
        ("src ( 1-2 )", SourcePackage("src", "1-2")),
    ],
)
def test_the_source_version_comes_from_the_parentheses_and_from_nowhere_else(source: str, expected: SourcePackage) -> None:
    (package,) = packages_of(CATALOGER, view_of(database(stanza("bin", Version="1-2+b1", Source=source))))
    assert package.source == expected


def test_a_bad_stanza_does_not_end_the_file() -> None:
    view = view_of(database(stanza("a"), stanza("b", Version=""), "garbage\n", stanza("c"), "Package:\nVersion: 1\n", stanza("d")))
    assert list(versions(view)) == ["a", "c", "d"]
    assert [(problem.where, problem.loss) for problem in view.problems] == [
        (f"{STATUS}: line 6", True),
        (f"{STATUS}: line 10", True),
        (f"{STATUS}: line 17", True),
    ]
    assert "Version of b" in view.problems[0].message


def test_a_duplicate_field_costs_nothing_and_the_last_of_two_stanzas_counts() -> None:
    view = view_of(database(stanza("a") + "Version: 9\n", stanza("b"), stanza("a", Version="2")))
    assert versions(view) == {"a": "2", "b": "1"}


def test_field_names_do_not_depend_on_case() -> None:
    assert versions(view_of(b"PACKAGE: a\nversion: 1\nsTATUS: deinstall ok config-files\n\npackage: b\nVERSION: 2\n")) == {"b": "2"}


def test_bytes_that_are_no_utf_8_do_not_hide_a_package() -> None:
    (package,) = packages_of(CATALOGER, view_of(stanza("a").encode() + b"Maintainer: Jos\xe9\n"))
    assert package.supplier == "Jos\\xe9"


def test_every_architecture_is_a_package_of_its_own() -> None:
    view = view_of(
        database(stanza("libc6"), stanza("libc6", Architecture="i386")),
        **{
            "var__lib__dpkg__info__libc6:amd64.list": b"/lib/x86_64-linux-gnu/libc.so.6\n",
            "var__lib__dpkg__info__libc6:i386.list": b"/lib/i386-linux-gnu/libc.so.6\n",
        },
    )
    assert {package.slot: package.owned_files for package in packages_of(CATALOGER, view)} == {
        "deb||libc6|amd64": ("lib/x86_64-linux-gnu/libc.so.6",),
        "deb||libc6|i386": ("lib/i386-linux-gnu/libc.so.6",),
    }


def test_lists_belong_to_the_package_of_that_very_name() -> None:
    view = view_of(database(stanza("python3")), **{"var__lib__dpkg__info__python3.11.list": b"/usr/bin/python3.11\n"})
    assert packages_of(CATALOGER, view)[0].owned_files == ()


def test_md5sums_stand_in_where_there_is_no_list() -> None:
    sums = b"0123456789abcdef0123456789abcdef  usr/bin/a b\n0123456789ABCDEF0123456789abcdef *./usr/bin/c\nnot a checksum\n"
    (package,) = packages_of(CATALOGER, view_of(database(stanza("a")), **{"var__lib__dpkg__info__a.md5sums": sums}))
    assert package.owned_files == ("usr/bin/a b", "usr/bin/c")


def test_a_distroless_package_has_no_status_and_its_md5sums_beside_it() -> None:
    files = {
        "var/lib/dpkg/status.d/libssl3": stanza("libssl3", Status="", Source="openssl (3.0.11-1)").encode(),
        "var/lib/dpkg/status.d/libssl3.md5sums": b"0123456789abcdef0123456789abcdef  usr/lib/libssl.so.3\n",
        "var/lib/dpkg/status.d/tzdata": stanza("tzdata", Status="", Architecture="all").encode(),
    }
    view = MemoryView({**OS_RELEASE, **files})
    found = {package.name: package for package in packages_of(CATALOGER, view)}
    assert found["libssl3"].source == SourcePackage("openssl", "3.0.11-1")
    assert found["libssl3"].owned_files == ("usr/lib/libssl.so.3",)
    assert found["tzdata"].evidence == ("var/lib/dpkg/status.d/tzdata",)
    assert not view.problems


@pytest.mark.parametrize("path", ["usr/lib/opkg/status", "var/lib/opkg/status"])
def test_opkg_packages_have_their_own_type(path: str) -> None:
    files = {path: stanza("ubus", Architecture="mips").encode(), path.replace("status", "info/ubus.list"): b"/bin/ubus\t0100755\n"}
    (package,) = packages_of(CATALOGER, MemoryView({"etc/os-release": b"ID=openwrt\n", **files}))
    assert (package.type, package.slot, package.owned_files) == ("opkg", "opkg||ubus|mips", ("bin/ubus",))


def test_a_chroot_has_its_own_root_distribution_and_dependencies() -> None:
    chroot = {
        f"srv/c/{STATUS}": database(stanza("a"), stanza("b", Depends="a, z")),
        "srv/c/usr/lib/os-release": b"ID=ubuntu\nVERSION_ID=22.04\n",
        "srv/c/var/lib/dpkg/info/a.list": b"/.\n/bin\n/bin/a\n",
    }
    view = MemoryView({**OS_RELEASE, STATUS: database(stanza("a"), stanza("z")), **chroot})
    inside = {package.name: package for package in packages_of(CATALOGER, view) if package.root == "srv/c"}
    assert inside["a"].owned_files == ("srv/c/bin/a",)
    assert inside["a"].distro == Distro("ubuntu", "22.04")
    assert edges_of(CATALOGER, view) == [("b", "a")]


def test_packages_of_a_root_without_os_release_have_no_distribution() -> None:
    found = list(CATALOGER.assemble(MemoryView({STATUS: database(stanza("a"))})))
    assert [item.distro for item in found if isinstance(item, Package)] == [None]
    assert [item.code for item in found if isinstance(item, Problem)] == [ProblemCode.NO_DISTRIBUTION]


@pytest.mark.parametrize(
    ("fields", "met_by"),
    [
        ({"Depends": "libc6 (>= 2.34)"}, ["libc6"]),
        ({"Pre-Depends": "libc6"}, ["libc6"]),
        ({"Depends": "absent | mawk | gawk"}, ["gawk", "mawk"]),
        ({"Depends": "awk"}, ["gawk", "mawk"]),
        ({"Depends": "python3:any"}, ["python3"]),
        ({"Depends": "libc6 [amd64] <!nocheck>,\n mawk"}, ["libc6", "mawk"]),
        ({"Depends": "app"}, []),
        ({"Recommends": "libc6"}, []),
        ({"Depends": "absent"}, []),
    ],
)
def test_dependencies_are_met_by_every_installed_alternative(fields: dict[str, str], met_by: list[str]) -> None:
    installed = [stanza("libc6"), stanza("mawk", Provides="awk"), stanza("gawk", Provides="awk (= 1)"), stanza("python3")]
    view = view_of(database(*installed, stanza("app", **fields)))
    assert edges_of(CATALOGER, view) == [("app", name) for name in met_by]


@pytest.mark.parametrize(
    ("arch", "depends", "met_by"),
    [
        ("i386", "libc6", ["deb||libc6|i386"]),
        ("amd64", "libc6", ["deb||libc6|amd64"]),
        ("all", "libc6", ["deb||libc6|amd64"]),
        ("all", "libc6:i386", ["deb||libc6|i386"]),
        ("i386", "make", ["deb||make|amd64"]),
        ("i386", "tzdata", ["deb||tzdata|all"]),
    ],
)
def test_a_dependency_means_the_package_of_its_own_architecture_where_there_is_one(arch: str, depends: str, met_by: list[str]) -> None:
    installed = [stanza("libc6"), stanza("libc6", Architecture="i386"), stanza("make"), stanza("tzdata", Architecture="all"), stanza("sed")]
    view = view_of(database(*installed, stanza("app", Architecture=arch, Depends=depends)))
    edges = [item for item in CATALOGER.assemble(view) if not isinstance(item, Package | Problem)]
    assert [edge.to_slot for edge in edges] == met_by


def test_the_edges_of_a_database_are_bounded_and_the_bound_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_databases, "EDGES_LIMIT", 3)
    view = view_of(database(*(stanza(name, Provides="x", Depends="x") for name in "abc")))
    found = list(CATALOGER.assemble(view))
    assert sum(isinstance(item, Edge) for item in found) == 3
    assert [(item.code, item.where) for item in found if isinstance(item, Problem)] == [(ProblemCode.LIMIT_REACHED, STATUS)]


def dpkg_query(status: bytes, folder: Path) -> set[tuple[str, ...]] | None:
    """What dpkg itself reads in a status file; None where it refuses the file."""
    (folder / "info").mkdir(parents=True)
    (folder / "status").write_bytes(status)
    wanted = "\\t".join(
        f"${{{field}}}" for field in ("db:Status-Status", "Package", "Version", "Architecture", "source:Package", "source:Version")
    )
    ran = subprocess.run(["dpkg-query", f"--admindir={folder}", "-W", "-f", f"{wanted}\\n"], capture_output=True, text=True)
    rows = [tuple(line.split("\t")) for line in ran.stdout.splitlines()]
    return {row[1:] for row in rows if row[0] not in ABSENT_STATES} if ran.returncode == 0 else None


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="needs dpkg-query")
def test_real_databases_agree_with_dpkg(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "packagedbs"
    paths = [
        *folder.rglob("dpkg/status"),
        *folder.rglob("*.status"),
        *folder.rglob("dpkg/status.d/*"),
        *folder.rglob("dpkg/testdata/opkg/*"),
    ]
    compared = packages = 0
    for number, path in enumerate(sorted(path for path in paths if path.is_file() and path.suffix != ".md5sums")):
        body = path.read_bytes()
        expected = dpkg_query(body, tmp_path / str(number))
        if expected is None or b"\nStatus:" not in body:
            continue
        found = {
            (package.name, package.raw_version, package.arch or "", package.source.name, package.source.version or "")
            for package in packages_of(CATALOGER, view_of(body))
            if package.source
        }
        unstated = {row for row in found if row[0] == "wantnostatus"}
        assert found - unstated == expected, path
        compared, packages = compared + 1, packages + len(found)
    assert (compared, packages) >= (12, 380)


def test_real_databases_of_distroless_images_are_read(shared_data: Path) -> None:
    folder = shared_data / "packagedbs/anchore+syft/syft/pkg/cataloger/debian/testdata/image-distroless-deb"
    view = MemoryView({str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()})
    (package,) = packages_of(CATALOGER, view)
    assert (package.name, package.raw_version, package.source) == ("libsqlite3-0", "3.34.1-3", SourcePackage("sqlite3", "3.34.1-3"))
    assert package.owned_files[0] == "usr/lib/aarch64-linux-gnu/libsqlite3.so.0.8.6"
    assert len(package.owned_files) == 6


DEP5 = b"Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nSource: x\n\n"


def licences(body: bytes, links: dict[str, str] | None = None, doc: str = "usr/share/doc/a/copyright") -> tuple[str, ...]:
    view = MemoryView({**OS_RELEASE, STATUS: database(stanza("a")), doc: body}, links)
    return packages_of(CATALOGER, view)[0].licences


@pytest.mark.parametrize(
    ("body", "declared"),
    [
        (
            DEP5 + b"Files: *\nCopyright: x\nLicense: GPL-2+ or Artistic\n text\n\nFiles: b\nLicense: Expat\n",
            ("GPL-2+ or Artistic", "Expat"),
        ),
        (DEP5 + b"Files: *\nLicense: Expat\n\nLicense: Expat\n The text. License: other\n", ("Expat",)),
        (DEP5 + b"Files: *\nLicense:\n only a text\n", ()),
        (DEP5.replace(b"\n", b"\r\n") + b"Files: *\r\nLicense: MIT\r\n", ("MIT",)),
        (b"Format-Specification: http://dep.debian.net/deps/dep5/\n\nFiles: *\nLicense: BSD\n", ("BSD",)),
        (b"It is free software.\nLicense: GPL, see /usr/share/common-licenses/GPL\n", ()),
        (DEP5 + b"License: " + b"x" * 501, ()),
    ],
)
def test_licences_are_those_that_a_machine_readable_copyright_file_declares(body: bytes, declared: tuple[str, ...]) -> None:
    assert licences(body) == declared


def test_a_copyright_file_may_be_reached_by_links_and_none_is_too_many() -> None:
    body = DEP5 + b"License: Expat\n"
    assert licences(body, {"usr/share/doc/a": "b"}, "usr/share/doc/b/copyright") == ("Expat",)
    assert licences(body, {"usr/share/doc/a/copyright": "../b/copyright"}, "usr/share/doc/b/copyright") == ("Expat",)
    assert licences(body, doc="usr/share/doc/other/copyright") == ()
    assert len(licences(DEP5 + b"".join(b"License: l%d\n" % number for number in range(300)))) == LICENCES_LIMIT
    assert licences(body + b" " * COPYRIGHT_LIMIT_BYTES) == ()


def test_a_chroot_has_copyright_files_of_its_own() -> None:
    files = {"srv/var/lib/dpkg/status": database(stanza("a")), "srv/usr/share/doc/a/copyright": DEP5 + b"License: ISC\n"}
    view = MemoryView({**OS_RELEASE, STATUS: database(stanza("a")), **files})
    assert {package.root: package.licences for package in packages_of(CATALOGER, view)} == {"": (), "srv": ("ISC",)}
