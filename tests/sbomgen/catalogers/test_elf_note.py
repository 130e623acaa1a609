import json

import pytest

from sbomgen.catalogers._executables import PACKAGE_NOTE
from sbomgen.catalogers.elf_note import DATABASES, SECTION_LIMIT_BYTES, ElfNoteCataloger
from sbomgen.model import Distro, Package, Problem, Technique
from tests.support.evidence import MemoryFile, MemoryView, packages_of, read_all
from tests.support.executables import elf, package_note, pe

CATALOGER = ElfNoteCataloger()
PATH = "usr/bin/bash"
FEDORA = {
    "type": "rpm",
    "name": "bash",
    "version": "5.2.26-3.fc40",
    "architecture": "x86_64",
    "osCpe": "cpe:/o:fedoraproject:fedora:40",
}
UBUNTU = {"type": "deb", "os": "ubuntu", "name": "bash", "version": "5.2.21-2ubuntu4", "architecture": "amd64", "debugInfoUrl": "https://x"}


def noted(fields: object, order: str = "<", wide: bool = True) -> bytes:
    return elf({PACKAGE_NOTE: package_note(json.dumps(fields), order)}, order, wide)


def packages_in(*bodies: bytes, **files: bytes) -> list[Package]:
    binaries = {f"{PATH}{number or ''}": body for number, body in enumerate(bodies)}
    return packages_of(CATALOGER, MemoryView({**binaries, **{path.replace("__", "/"): body for path, body in files.items()}}))


def problems_of(section: bytes) -> list[Problem]:
    return read_all(CATALOGER, [MemoryFile(PATH, elf({PACKAGE_NOTE: section}))])[1]


@pytest.mark.parametrize(("order", "wide"), [("<", True), (">", True), ("<", False), (">", False)])
def test_a_note_becomes_a_package_of_its_distribution(order: str, wide: bool) -> None:
    assert packages_in(noted(FEDORA, order, wide)) == [
        Package(
            type="rpm",
            name="bash",
            raw_version="5.2.26-3.fc40",
            arch="x86_64",
            distro=Distro("fedora", "40"),
            evidence=(PATH,),
            technique=Technique.BINARY_ANALYSIS,
        )
    ]


@pytest.mark.parametrize(
    ("fields", "distro"),
    [
        ({"os": "fedora", "osVersion": "41"}, Distro("fedora", "41")),
        ({"os": "Fedora", "osVersion": "41", "osCpe": "cpe:/o:fedoraproject:fedora:40"}, Distro("fedora", "41")),
        ({"osCpe": "cpe:2.3:o:fedoraproject:fedora:40:*:*:*"}, Distro("fedora", "40")),
        ({"os": "debian"}, Distro("debian")),
        ({"osCpe": "fedora"}, None),
        ({}, None),
    ],
)
def test_the_distribution_is_the_one_that_the_note_states(fields: dict[str, str], distro: Distro | None) -> None:
    (package,) = packages_in(noted({"type": "rpm", "name": "a", "version": "1-1", **fields}))
    assert package.distro == distro


def test_all_files_of_a_package_are_one_package() -> None:
    (package,) = packages_in(noted(UBUNTU), noted(UBUNTU))
    assert package.evidence == (PATH, f"{PATH}1")
    assert package.slot == "deb||bash|amd64"


def test_a_package_in_a_folder_with_a_distribution_of_its_own_is_another_one() -> None:
    files = {PATH: noted(UBUNTU), f"srv/root/{PATH}": noted(UBUNTU), "srv/root/etc/os-release": b"ID=ubuntu\n"}
    assert {package.root for package in packages_of(CATALOGER, MemoryView(files))} == {"", "srv/root"}


@pytest.mark.parametrize("place", [(kind, place) for kind, places in DATABASES.items() for place in places])
def test_a_package_database_of_the_same_type_has_the_word(place: tuple[str, str]) -> None:
    kind, path = place
    note = noted({"type": kind, "name": "a", "version": "1"})
    for database in (path, f"{path}/a"):
        assert packages_of(CATALOGER, MemoryView({PATH: note, database: b""})) == []
        assert len(packages_of(CATALOGER, MemoryView({PATH: note, f"another/{database}": b""}))) == 1


def test_a_binary_of_another_kind_of_distribution_is_listed_beside_the_database() -> None:
    assert [package.type for package in packages_in(noted(FEDORA), var__lib__dpkg__status=b"")] == ["rpm"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"type": "rpm", "name": "a"}',
        '{"type": "rpm", "name": "a", "version": 1}',
        '{"type": "rpm", "name": "a", "version": ""}',
        '{"type": "rpm", "name": "a b", "version": "1"}',
        '{"type": "rpm", "name": "a", "version": "1\\n"}',
        '{"type": "snap", "name": "a", "version": "1"}',
        '{"more": ' + "[" * 10_000,
    ],
)
def test_a_note_that_names_no_package_is_a_note_among_the_problems(text: str) -> None:
    (problem,) = problems_of(package_note(text))
    assert (problem.where, problem.loss) == (PATH, False)


@pytest.mark.parametrize(
    "section",
    [
        b"",
        package_note(json.dumps(FEDORA))[:30],
        package_note(json.dumps(FEDORA), owner=b"ABC\0"),
        package_note(json.dumps(FEDORA), kind=1),
        package_note(json.dumps(FEDORA), ">"),
        package_note(json.dumps(FEDORA)).replace(b"bash", b"b\xffsh"),
        b"\xff" * 100,
    ],
)
def test_a_section_without_a_readable_note_is_one_too(section: bytes) -> None:
    assert [problem.loss for problem in problems_of(section)] == [False]


def test_a_section_is_read_as_far_as_the_limit() -> None:
    assert len(problems_of(package_note(json.dumps({**FEDORA, "more": "x" * SECTION_LIMIT_BYTES})))) == 1


def test_other_executables_say_nothing() -> None:
    assert read_all(CATALOGER, [MemoryFile(PATH, body) for body in (elf({".text": b"x"}), pe({PACKAGE_NOTE[:8]: b"x"}), b"\x7fELF")]) == (
        [],
        [],
    )
