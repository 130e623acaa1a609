import json
import subprocess
import zlib
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from sbomgen.catalogers import rust
from sbomgen.catalogers._executables import CARGO_AUDITABLE
from sbomgen.catalogers.rust import JSON_LIMIT_BYTES, SECTION_LIMIT_BYTES, RustCataloger, RustFact
from sbomgen.model import DeliveredFile, Package, Problem, ProblemCode
from tests.support.evidence import MemoryFile, MemoryView, edges_of, packages_of, read_all
from tests.support.executables import audit_list, elf, fat, macho, pe

CATALOGER = RustCataloger()
PATH = "usr/bin/app"
LISTED: list[dict[str, Any]] = [
    {"name": "app", "version": "0.3.0", "source": "local", "root": True, "dependencies": [1, 2, 3, 5]},
    {"name": "bitflags", "version": "1.3.2", "source": "crates.io"},
    {"name": "bitflags", "version": "2.10.0", "source": "crates.io", "dependencies": [4]},
    {"name": "cc", "version": "1.2.0", "source": "crates.io", "kind": "build", "dependencies": [4]},
    {"name": "serde_core", "version": "1.0.200", "source": "git", "dependencies": []},
    {"name": "app-core", "version": "0.3.0", "source": "local", "dependencies": [1, 4]},
]
FOLDER = "packagedbs/aquasecurity+trivy/pkg/dependency/parser/rust/binary/testdata"


def body_of(packages: list[dict[str, Any]]) -> bytes:
    return elf({CARGO_AUDITABLE: audit_list(packages)})


def crates(*versions: str) -> bytes:
    return body_of([{"name": "a", "version": version} for version in versions])


def packages_in(body: bytes) -> list[Package]:
    return packages_of(CATALOGER, MemoryView({PATH: body}))


def problems_of(body: bytes) -> list[Problem]:
    return read_all(CATALOGER, [MemoryFile(PATH, body)])[1]


def test_what_was_compiled_in_is_listed_and_what_only_built_it_is_not() -> None:
    found = packages_in(body_of(LISTED))
    assert [(package.name, package.raw_version) for package in found] == [
        ("app", "0.3.0"),
        ("bitflags", "1.3.2"),
        ("bitflags", "2.10.0"),
        ("serde_core", "1.0.200"),
        ("app-core", "0.3.0"),
    ]
    assert {(package.type, package.root, package.evidence) for package in found} == {("cargo", PATH, (PATH,))}
    program = DeliveredFile("app", executable=True, archive=False)
    assert [package.file for package in found] == [program, *[None] * 4]


@pytest.mark.parametrize(
    "body",
    [
        elf({CARGO_AUDITABLE: audit_list(LISTED)}, ">", wide=False),
        elf({CARGO_AUDITABLE: audit_list(LISTED) + bytes(100)}),
        pe({CARGO_AUDITABLE: audit_list(LISTED) + bytes(100)}),
        macho({CARGO_AUDITABLE: audit_list(LISTED)}),
        fat(macho({CARGO_AUDITABLE: audit_list(LISTED)})),
    ],
)
def test_every_form_says_the_same(body: bytes) -> None:
    assert packages_in(body) == packages_in(body_of(LISTED))


def test_the_edges_are_cargo_s_own() -> None:
    assert edges_of(CATALOGER, MemoryView({PATH: body_of(LISTED)})) == [
        ("app", "app-core"),
        ("app", "bitflags"),
        ("app", "bitflags"),
        ("app-core", "bitflags"),
        ("app-core", "serde_core"),
        ("bitflags", "serde_core"),
    ]


@pytest.mark.parametrize("index", [-1, 6, 10**9])
def test_a_dependency_that_is_not_in_the_list_is_no_edge(index: int) -> None:
    assert edges_of(CATALOGER, MemoryView({PATH: body_of([{"name": "a", "version": "1.0.0", "dependencies": [index]}])})) == []


@pytest.mark.parametrize(
    ("versions", "names"),
    [
        (("1.3.2",), ["a"]),
        (("0.1.0",), ["a"]),
        (("1.3.2", "2.10.0"), ["a@1", "a"]),
        (("2.10.0", "10.0.0"), ["a@2", "a"]),
        (("0.12.3", "0.14.5", "0.2.0"), ["a@0.12", "a", "a@0.2"]),
        (("0.0.3", "0.0.4"), ["a@0.0.3", "a"]),
        (("1.0.0-rc.1", "1.0.0"), ["a@1", "a"]),
        (("2.0.0-rc.1", "1.0.0"), ["a", "a@1"]),
        (("nightly", "1.0.0"), ["a@nightly", "a"]),
    ],
)
def test_versions_side_by_side_have_slots_of_their_own(versions: tuple[str, ...], names: list[str]) -> None:
    slots = [package.slot for package in packages_in(crates(*versions))]
    assert slots == [f"cargo|{PATH}|{name}|" for name in names]


def test_one_version_from_two_sources_is_one_slot() -> None:
    assert len({package.slot for package in packages_in(crates("1.0.0", "1.0.0"))}) == 1


@pytest.mark.parametrize(
    "section",
    [
        b"",
        b"no zlib stream",
        audit_list(LISTED)[:-5],
        zlib.compress(b""),
        zlib.compress(b"[]"),
        zlib.compress(b'{"packages": {}}'),
        zlib.compress(b'{"packages": [{"name": "a"}]}'),
        zlib.compress(b'{"packages": [{"name": "\xff", "version": "1"}]}'),
        zlib.compress(b'{"packages": [{"name": "a", "version": "1", "dependencies": [1e99]}]}'),
        zlib.compress(b'{"more": ' + b"[" * 100_000),
    ],
)
def test_a_damaged_list_is_a_loss(section: bytes) -> None:
    (problem,) = problems_of(elf({CARGO_AUDITABLE: section}))
    assert (problem.code, problem.where, problem.loss) == (ProblemCode.BAD_RECORD, PATH, True)


@pytest.mark.parametrize(("name", "version"), [("", "1.0.0"), ("a", ""), ("a b", "1.0.0"), ("a", "1.0.0\n")])
def test_a_crate_without_a_name_or_version_is_a_loss_and_the_others_are_listed(name: str, version: str) -> None:
    others: list[dict[str, Any]] = [{"name": "b", "version": "1.0.0", "dependencies": [0, 2]}, {"name": "c", "version": "1.0.0"}]
    body = body_of([{"name": name, "version": version}, *others])
    assert [package.name for package in packages_in(body)] == ["b", "c"]
    assert [problem.loss for problem in problems_of(body)] == [True]
    assert edges_of(CATALOGER, MemoryView({PATH: body})) == [("b", "c")]


def test_a_list_that_unpacks_beyond_the_limit_is_a_loss() -> None:
    (problem,) = problems_of(elf({CARGO_AUDITABLE: zlib.compress(b" " * (JSON_LIMIT_BYTES + 1))}))
    assert f"{JSON_LIMIT_BYTES:,}" in problem.message


def test_more_crates_than_the_limit_are_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rust, "CRATES_LIMIT", 2)
    (problem,) = problems_of(body_of(LISTED))
    assert (problem.code, problem.loss) == (ProblemCode.LIMIT_REACHED, True)
    assert [package.name for package in packages_in(body_of(LISTED))] == ["app", "bitflags"]
    assert edges_of(CATALOGER, MemoryView({PATH: body_of(LISTED)})) == [("app", "bitflags")]


def test_a_section_is_read_as_far_as_the_limit() -> None:
    stored = zlib.compress(json.dumps({"packages": LISTED, "more": "x" * SECTION_LIMIT_BYTES}).encode(), level=0)
    assert [problem.loss for problem in problems_of(elf({CARGO_AUDITABLE: stored}))] == [True]


def test_more_edges_than_the_limit_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rust, "EDGES_LIMIT", 3)
    body = body_of(LISTED)
    (problem,) = problems_of(body)
    assert (problem.code, problem.loss) == (ProblemCode.LIMIT_REACHED, False)
    assert edges_of(CATALOGER, MemoryView({PATH: body})) == [("app", "bitflags"), ("app", "bitflags")]


def test_other_executables_say_nothing() -> None:
    assert read_all(CATALOGER, [MemoryFile(PATH, body) for body in (elf({".text": b"x"}), pe({}), b"MZ")]) == ([], [])


@pytest.mark.parametrize("name", ["test.elf", "test.exe", "test.macho"])
def test_real_executables_of_every_form_hold_their_crates(name: str, shared_data: Path) -> None:
    view = MemoryView({name: (shared_data / FOLDER / name).read_bytes()})
    found = [(package.name, package.raw_version) for package in packages_of(CATALOGER, view)]
    assert found == [("crate_with_features", "0.1.0"), ("library_crate", "0.1.0")]
    assert edges_of(CATALOGER, view) == [("crate_with_features", "library_crate")]


def test_a_real_executable_holds_a_real_graph(shared_data: Path) -> None:
    folder = shared_data / "packagedbs/google+osv-scalibr/extractor/filesystem/language/rust/cargoauditable/testdata"
    view = MemoryView({"app": (folder / "uses_serde_json/uses_serde_json").read_bytes()})
    found = {package.name: package.raw_version for package in packages_of(CATALOGER, view)}
    assert len(found) == 11
    assert found["serde_json"] == "1.0.135"
    edges = edges_of(CATALOGER, view)
    assert len(edges) == 15
    assert ("serde_json", "serde") in edges


@pytest.mark.peer
@pytest.mark.skipif(which("rust-audit-info") is None, reason="rust-audit-info is not installed")
def test_rust_audit_info_lists_the_same(shared_data: Path) -> None:
    paths = [
        path for path in (shared_data / "packagedbs").rglob("*") if path.is_file() and path.parent.name in {"testdata", "uses_serde_json"}
    ]
    for path in paths:
        file = MemoryFile(PATH, path.read_bytes())
        if not file.head.startswith(CATALOGER.wants.magic):
            continue
        said = subprocess.run(["rust-audit-info", path], capture_output=True, check=False)
        listing = json.loads(said.stdout)["packages"] if said.returncode == 0 and said.stdout else []
        facts, _ = read_all(CATALOGER, [file])
        ours = [(crate.name, crate.version) for _, fact in facts if isinstance(fact, RustFact) for crate in fact.crates]
        assert ours == [(row["name"], row["version"]) for row in listing if row.get("kind") != "build"], path
