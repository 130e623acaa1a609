from pathlib import Path
from typing import Any

import pytest

from sbomgen.catalogers.os_release import FILE_LIMIT_BYTES, OsReleaseCataloger, parse_os_release
from sbomgen.evidence import EvidenceTooLargeError
from sbomgen.model import Distro, Problem
from tests.sbomgen.test_scan import apk, scan
from tests.support.evidence import MemoryFile, MemoryView, read_all
from tests.support.images import LayerSpec, file, whiteout

CATALOGER = OsReleaseCataloger()
DEBIAN = b'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\nVERSION_CODENAME=bookworm\nID=debian\n'


def read(body: bytes, path: str = "etc/os-release") -> list[object]:
    return list(CATALOGER.read(MemoryFile(path, body)))


def test_a_distribution_is_read_from_its_file() -> None:
    assert read(DEBIAN) == [Distro("debian", "12", "Debian GNU/Linux 12 (bookworm)", "bookworm", ())]


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=plain", "plain"),
        ('A="with blanks"', "with blanks"),
        ("A='single $x \\n'", "single $x \\n"),
        (r'A="\"quoted\" \$5 \\ \` \n"', r'"quoted" $5 \ ` \n'),
        ("  A=indented  ", "indented"),
        ("A=first\nA=second", "second"),
        ("# A=comment\nA=1", "1"),
        ("A=1\r", "1"),
        ("A=#5", "#5"),
    ],
)
def test_values_are_quoted_as_the_standard_says(line: str, value: str) -> None:
    assert parse_os_release(line) == {"A": value}


@pytest.mark.parametrize("line", ["A=", 'A=""', 'A="open', "A=two words", "9A=1", "no assignment", 'A="x" rest'])
def test_what_is_no_assignment_says_nothing(line: str) -> None:
    assert parse_os_release(line) == {}


def test_a_file_without_an_id_is_linux() -> None:
    assert read(b"NAME=Unnamed\n") == [Distro("linux", None, "Unnamed", None, ())]


def test_the_id_is_lower_case_and_relatives_keep_their_order() -> None:
    assert read(b"ID=Rocky\nID_LIKE='rhel centos Fedora'\n") == [Distro("rocky", id_like=("rhel", "centos", "fedora"))]


def test_a_file_that_assigns_nothing_is_a_note() -> None:
    (problem,) = read(b"\n# nothing here\n")
    assert isinstance(problem, Problem)
    assert not problem.loss


@pytest.mark.parametrize("path", ["etc/os-release", "usr/lib/os-release", "srv/chroot/etc/os-release"])
def test_it_is_found_under_any_root(path: str) -> None:
    assert len(read(DEBIAN, path)) == 1


@pytest.mark.parametrize("path", ["os-release", "opt/os-release", "usr/share/os-release", "xetc/os-release"])
def test_a_file_of_that_name_elsewhere_is_none(path: str) -> None:
    assert read(DEBIAN, path) == []


def test_a_body_over_the_limit_is_refused() -> None:
    with pytest.raises(EvidenceTooLargeError):
        read(b"#" * (FILE_LIMIT_BYTES + 1))


def test_it_assembles_nothing() -> None:
    assert list(CATALOGER.assemble(MemoryView({"etc/os-release": DEBIAN}))) == []


def test_real_files_agree_with_the_shell_like_reading(shared_data: Path) -> None:
    """An independent look at ID and VERSION_ID of every real file: the text after the equals sign, without quotes."""
    paths = sorted(path for path in (shared_data / "packagedbs").rglob("os-release") if path.is_file())
    assert len(paths) > 40
    for path in paths:
        facts, problems = read_all(CATALOGER, [MemoryFile("etc/os-release", path.read_bytes())])
        stated = dict(line.strip().split("=", 1) for line in path.read_text().splitlines() if "=" in line and line[0] != "#")
        expected = {name: stated[name].strip("\"'") or None for name in ("ID", "VERSION_ID") if name in stated}
        ((_, distro),) = facts
        assert isinstance(distro, Distro)
        assert (distro.id, distro.version_id) == (expected.get("ID", "linux"), expected.get("VERSION_ID")), path
        assert not problems


SUSE = "SUSE Linux Enterprise Server 11 (x86_64)\nVERSION = 11\nPATCHLEVEL = 4\n"
OLDER: list[tuple[str, str, Any]] = [
    ("redhat-release", "CentOS release 5 (Final)", ("centos", "5", None)),
    ("redhat-release", "Red Hat Enterprise Linux Server release 5.11 (Tikanga)\n", ("rhel", "5.11", None)),
    ("redhat-release", "Scientific Linux release 6.9 (Carbon)", ("scientific", "6.9", None)),
    ("centos-release", "CentOS Linux release 7.9.2009 (Core)\n", ("centos", "7.9.2009", None)),
    ("oracle-release", "Oracle Linux Server release 6.10\n", ("ol", "6.10", None)),
    ("redhat-release", "Enterprise Linux Enterprise Linux Server release 5.2 (Carthage)", ("ol", "5.2", None)),
    ("system-release", "Amazon Linux AMI release 2018.03\n", ("amzn", "2018.03", None)),
    ("redhat-release", "Fedora release 12 (Constantine)", ("fedora", "12", None)),
    ("SuSE-release", SUSE, ("sles", "11.4", None)),
    ("SuSE-release", SUSE.replace("= 4", "= 0"), ("sles", "11", None)),
    ("SuSE-release", "openSUSE 12.1 (x86_64)\nVERSION = 12.1\nCODENAME = Asparagus\n", ("opensuse", "12.1", None)),
    ("alpine-release", "3.9.4\n", ("alpine", "3.9.4", None)),
    ("debian_version", "6.0.10\n", ("debian", "6", None)),
    ("debian_version", "buster/sid\n", ("debian", None, "buster")),
    ("lsb-release", "DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE=12.04\nDISTRIB_CODENAME=precise\n", ("ubuntu", "12.04", "precise")),
]


@pytest.mark.parametrize(("name", "text", "said"), OLDER)
def test_files_older_than_the_standard_say_the_same(name: str, text: str, said: Any) -> None:
    (distro,) = read(text.encode(), f"etc/{name}")
    assert isinstance(distro, Distro)
    assert (distro.id, distro.version_id, distro.codename) == said
    assert read(text.encode(), f"usr/share/{name}") == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("redhat-release", "Nobody's Linux release 1"),
        ("redhat-release", "CentOS of some time"),
        ("redhat-release", ""),
        ("SuSE-release", "SUSE Linux Enterprise Server"),
        ("alpine-release", "edge or so"),
        ("debian_version", "7 or 8"),
        ("lsb-release", "LSB_VERSION=base-4.0-amd64"),
    ],
)
def test_an_older_file_that_says_nothing_known_says_nothing(name: str, text: str) -> None:
    assert read(text.encode(), f"etc/{name}") == []


@pytest.mark.parametrize(("name", "text", "said"), OLDER)
def test_the_distribution_of_a_root_is_that_of_its_older_file_where_it_has_no_other(
    tmp_path: Path, name: str, text: str, said: Any
) -> None:
    database = file("srv/chroot/lib/apk/db/installed", apk("musl=1"))
    layers = (
        LayerSpec((database, file("etc/os-release", DEBIAN), file(f"srv/chroot/etc/{name}", text))),
        LayerSpec((file("srv/chroot/etc/os-release", "ID=other\n"),)),
    )
    for count, expected in ((1, said[:2]), (2, ("other", None))):
        (package,) = scan(tmp_path, *layers[:count]).packages
        assert package.package.distro
        assert (package.package.distro.id, package.package.distro.version_id) == expected
    gone = LayerSpec((whiteout("srv/chroot/etc/os-release"),))
    (package,) = scan(tmp_path, *layers, gone).packages
    assert package.package.distro
    assert package.package.distro.id == said[0]


def test_real_older_files_agree_with_the_os_release_beside_them(shared_data: Path) -> None:
    names = {"lsb-release", "redhat-release", "debian_version"}
    paths = [path for path in (shared_data / "packagedbs").rglob("*") if path.name in names and (path.parent / "os-release").exists()]
    compared = 0
    for path in paths:
        (older,) = read(path.read_bytes(), f"etc/{path.name}")
        (newer,) = read((path.parent / "os-release").read_bytes())
        assert isinstance(older, Distro)
        assert isinstance(newer, Distro)
        assert (older.id, (older.version_id or "").partition(".")[0]) == (newer.id, (newer.version_id or "").partition(".")[0]), path
        compared += 1
    assert compared > 20
