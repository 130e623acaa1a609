from pathlib import Path

import pytest

from sbomgen.catalogers.os_release import FILE_LIMIT_BYTES, OsReleaseCataloger, parse_os_release
from sbomgen.evidence import EvidenceTooLargeError
from sbomgen.model import Distro, Problem
from tests.support.evidence import MemoryFile, MemoryView, read_all

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
