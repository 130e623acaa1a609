import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from sbomgen.catalogers import pacman as module
from sbomgen.catalogers.pacman import PacmanCataloger
from sbomgen.model import Distro, EdgeKind, Package, Problem, ProblemCode, SourcePackage
from sbomgen.purl import purl_of
from tests.sbomgen.test_scan import scan
from tests.support.evidence import MemoryView, assembled, edges_of, packages_of
from tests.support.executables import elf, package_note
from tests.support.images import LayerSpec, file
from tests.support.pacman import Pacman, changes, snapshot

CATALOGER = PacmanCataloger()
DATABASE = "var/lib/pacman/local"
ARCH = {"usr/lib/os-release": b"ID=arch\nBUILD_ID=rolling\n"}
LIBALPM = {
    "NAME": "libalpm", "VERSION": "1:6.0.1-5", "BASE": "pacman", "DESC": "the library of pacman", "URL": "https://archlinux.org/pacman/",
    "ARCH": "x86_64", "BUILDDATE": "1652116331", "PACKAGER": "Morten Linderud <foxboron@archlinux.org>",
    "LICENSE": "GPL-2.0-or-later\ncustom:x\ncustom:x", "VALIDATION": "pgp", "DEPENDS": "glibc>=2.33", "PROVIDES": "libalpm.so=13-64",
}  # fmt: skip
FILES = (
    b"%FILES%\netc/\netc/alpm.conf\nusr/\nusr/lib/\nusr/lib/libalpm.so.13\n\n%BACKUP%\netc/alpm.conf\t79fce043df7dfc676ae5ecb903762d8b\n\n"
)


def desc(fields: dict[str, str]) -> bytes:
    return "".join(f"%{field}%\n{value}\n\n" for field, value in fields.items()).encode()


def package(name: str, version: str = "1-1", *, local: str = DATABASE, **fields: str) -> dict[str, bytes]:
    return {f"{local}/{name}-{version}/desc": desc({"NAME": name, "VERSION": version, **fields})}


def view_of(*packages: dict[str, bytes], layers: dict[str, int] | None = None) -> MemoryView:
    return MemoryView({path: body for files in (ARCH, *packages) for path, body in files.items()}, layers=layers)


def problems_of(view: MemoryView) -> list[Problem]:
    return view.problems + [found for found in assembled(CATALOGER, view) if isinstance(found, Problem)]


def test_a_folder_becomes_a_package() -> None:
    folder = f"{DATABASE}/libalpm-1:6.0.1-5"
    (found,) = packages_of(CATALOGER, view_of({f"{folder}/desc": desc(LIBALPM), f"{folder}/files": FILES, f"{folder}/mtree": b"\x1f\x8b"}))
    assert found == Package(
        type="alpm",
        name="libalpm",
        raw_version="1:6.0.1-5",
        arch="x86_64",
        distro=Distro("arch"),
        source=SourcePackage("pacman", "1:6.0.1-5"),
        licences=("GPL-2.0-or-later", "custom:x"),
        supplier="Morten Linderud <foxboron@archlinux.org>",
        homepage="https://archlinux.org/pacman/",
        description="the library of pacman",
        owned_files=("etc/alpm.conf", "usr/lib/libalpm.so.13"),
        evidence=(f"{folder}/desc", f"{folder}/files"),
    )
    assert purl_of(found) == "pkg:alpm/arch/libalpm@1:6.0.1-5?arch=x86_64&distro=arch&upstream=pacman"


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("var/lib/pacman", ""),
        ("usr/lib/sysimage/lib/pacman", ""),
        ("usr/lib/holo/pacmandb", ""),
        ("msys64/var/lib/pacman", "msys64"),
        ("srv/a/var/lib/pacman", "srv/a"),
    ],
)
def test_the_database_is_found_where_distributions_have_it_under_any_root(path: str, root: str) -> None:
    release = {f"{root}/etc/os-release".lstrip("/"): b"ID=msys2\n"}
    (found,) = packages_of(CATALOGER, MemoryView({**package("bash", local=f"{path}/local", ARCH="any"), **release}))
    assert (found.root, found.distro) == (root, Distro("msys2"))
    assert purl_of(found) == "pkg:alpm/msys/bash@1-1?arch=any&distro=msys2"


def test_a_chroot_without_os_release_has_no_distribution_rather_than_the_image_s() -> None:
    view = view_of(package("bash", local=f"srv/a/{DATABASE}"))
    assert [found.distro for found in packages_of(CATALOGER, view)] == [None]
    assert [(found.code, found.loss) for found in problems_of(view)] == [(ProblemCode.NO_DISTRIBUTION, False)]


@pytest.mark.parametrize(
    "path",
    [
        "desc",
        "files",
        f"{DATABASE}/desc",
        f"{DATABASE}/a-1-1/b/desc",
        "var/lib/pacman/sync/core/a-1-1/desc",
        "xvar/lib/pacman/local/a-1-1/desc",
    ],
)
def test_other_files_of_these_names_are_not_read(path: str) -> None:
    view = view_of({path: b"%NAME%\na\n\n"})
    assert (packages_of(CATALOGER, view), problems_of(view)) == ([], [])


def test_what_a_package_does_not_state_is_not_made_up() -> None:
    (found,) = packages_of(CATALOGER, view_of(package("a", PACKAGER="Unknown Packager", URL="")))
    assert (found.supplier, found.homepage, found.arch, found.licences, found.owned_files) == (None, None, None, (), ())
    assert found.source == SourcePackage("a", "1-1")


DAMAGED = {
    "half-1-1": {"files": b"%FILES%\nusr/x\n\n"},
    "empty-1-1": {"desc": b""},
    "short-1-1": {"desc": b"%NAME%\nshort\n\n%VERS"},
    "other-1-1": {"desc": b"%NAME%\nanother\n\n%VERSION%\n2-2\n\n"},
    "junk-1-1": {"desc": b"junk\n\n\xff%\n%NAME%\njunk\n\nmore\n\n%VERSION%\n1-1\n\n%ARCH%\n\n"},
    "bad": {"desc": b"%NAME%\nbad\n\n%VERSION%\n2-2\n\n"},
    "ver-1": {"desc": b"%NAME%\nver\n\n%VERSION%\n1\n\n"},
}
DAMAGE = [
    ("bad/desc", "not named NAME-VERSION-RELEASE", True),
    ("empty-1-1/desc", "no %NAME%", True),
    ("half-1-1", "no file desc", True),
    ("other-1-1/desc", "%NAME% is 'another'", False),
    ("other-1-1/desc", "%VERSION% is '2-2'", False),
    ("short-1-1/desc", "no %VERSION%", True),
    ("ver-1/desc", "not named NAME-VERSION-RELEASE", True),
]


def test_damaged_folders_are_told_and_listed_as_pacman_lists_them(tmp_path: Path) -> None:
    manager = Pacman(tmp_path)
    manager.install(manager.package("whole", "1:2.3-4"))
    files = {f"{folder}/{name}": body for folder, of_folder in DAMAGED.items() for name, body in of_folder.items()}
    for path, body in files.items():
        place = manager.root / DATABASE / path
        place.parent.mkdir(exist_ok=True)
        place.write_bytes(body)
    view = view_of(snapshot(manager.root))
    assert {found.name: found.raw_version for found in packages_of(CATALOGER, view)} == manager.versions()
    problems = sorted(problems_of(view))
    assert [(problem.where, problem.loss) for problem in problems] == [(f"{DATABASE}/{where}", loss) for where, _, loss in DAMAGE]
    assert all(words in problem.message for problem, (_, words, _) in zip(problems, DAMAGE, strict=True))


@pytest.mark.parametrize(("layer_of_old", "version"), [(0, "1:1-1"), (1, "2-1")])
def test_of_two_folders_of_a_package_that_of_the_last_layer_counts_then_the_highest_version(layer_of_old: int, version: str) -> None:
    view = view_of(package("a", "1:1-1"), package("a", "2-1"), package("b"), layers={f"{DATABASE}/a-2-1/desc": layer_of_old})
    assert {found.name: found.raw_version for found in packages_of(CATALOGER, view)} == {"a": version, "b": "1-1"}
    assert [(problem.code, problem.loss) for problem in problems_of(view)] == [(ProblemCode.BAD_RECORD, False)]


def test_file_names_that_are_no_utf_8_keep_their_bytes() -> None:
    (found,) = packages_of(CATALOGER, view_of(package("a"), {f"{DATABASE}/a-1-1/files": b"%FILES%\netc/\xff"}))
    assert found.owned_files[0].encode("utf-8", "surrogateescape") == b"etc/\xff"


@pytest.mark.parametrize("body", [b"", b"%FILES%\n\n%BACKUP%\nx\ty\n\n", b"%BACKUP%\nx\ty\n\n", b"%FILES%", b"\n\n\n"])
def test_an_empty_list_of_files_is_none(body: bytes) -> None:
    (found,) = packages_of(CATALOGER, view_of(package("a"), {f"{DATABASE}/a-1-1/files": body}))
    assert found.owned_files == ()


@pytest.mark.parametrize(
    ("dependency", "met_by"),
    [
        ("zlib", ["zlib"]),
        ("zlib>=1:1", ["zlib"]),
        ("zlib>1:1.3", []),
        ("zlib=1:1.3", ["zlib"]),
        ("zlib=1:1.3-3", []),
        ("zlib<2", []),
        ("libz.so=1-64", ["zlib"]),
        ("libz.so=2-64", ["zlib-ng"]),
        ("libz.so=1-32", []),
        ("libz.so", ["zlib", "zlib-ng"]),
        ("compressor", ["zlib-ng"]),
        ("compressor>=1", []),
        ("absent", []),
        ("=1", []),
    ],
)
def test_dependencies_are_met_by_names_and_provisions_of_a_fitting_version(dependency: str, met_by: list[str]) -> None:
    view = view_of(
        package("zlib", "1:1.3-2", PROVIDES="libz.so=1-64"),
        package("zlib-ng", PROVIDES="libz.so=2-64\ncompressor"),
        package("app", DEPENDS=f"{dependency}\napp"),
    )
    assert edges_of(CATALOGER, view) == [("app", name) for name in met_by]


def test_dependencies_do_not_cross_roots() -> None:
    assert edges_of(CATALOGER, view_of(package("a", DEPENDS="b"), package("b", local=f"srv/x/{DATABASE}"))) == []


def test_versions_are_compared_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "COMPARED_LIMIT_CHARS", len("1-11-1"))
    view = view_of(package("a", DEPENDS="b=1-1\nc=1-1"), package("b"), package("c"))
    assert edges_of(CATALOGER, view) == [("a", "b")]
    assert [(problem.code, problem.loss) for problem in problems_of(view)] == [(ProblemCode.LIMIT_REACHED, False)]


def test_what_an_elf_file_says_of_its_package_is_not_said_twice(tmp_path: Path) -> None:
    note = '{"type": "alpm", "os": "arch", "name": "bash", "version": "5.2-1", "architecture": "x86_64"}'
    binary = file("usr/bin/bash", elf({".note.package": package_note(note)}))
    files = {**ARCH, **package("bash", "5.2-1", ARCH="x86_64")}
    for entries, cataloger in (((binary,), "elf-note"), ((binary, *(file(path, body) for path, body in files.items())), "pacman")):
        found = scan(tmp_path, LayerSpec(entries)).packages
        assert [(one.cataloger, one.purl.partition("?")[0]) for one in found] == [(cataloger, "pkg:alpm/arch/bash@5.2-1")]


def test_a_python_package_is_owned_by_the_package_that_delivers_it(tmp_path: Path) -> None:
    metadata = "usr/lib/python3.12/site-packages/idna-3.7.dist-info/METADATA"
    listed = {f"{DATABASE}/python-idna-3.7-1/files": f"%FILES%\nusr/\n{metadata}\n\n".encode()}
    bodies = {**ARCH, **package("python-idna", "3.7-1"), **listed, metadata: b"Name: idna\nVersion: 3.7\n\n"}
    edges = scan(tmp_path, LayerSpec(tuple(file(path, body) for path, body in bodies.items()))).edges
    assert [(edge.kind, edge.to_slot) for edge in edges] == [(EdgeKind.OWNED_BY, "alpm||python-idna|")]


def test_layer_by_layer_the_packages_files_and_edges_are_those_that_pacman_lists(tmp_path: Path) -> None:
    manager = Pacman(tmp_path)
    make = manager.package
    old_lib = make("lib", "1:2.3-4", "usr/lib/liblib.so.2", "usr/share/x y", provides=("liblib.so=2-64", "virtual"), pkgbase=("libs",))
    compat = make("lib1", "1.9rc1-2", "usr/lib/liblib.so.1", provides=("liblib.so=1-64",), pkgbase=("libs",))
    app = make("app", "1.0.r3.gabc-1", "usr/bin/app", depend=("liblib.so=1-64", "lib>=1:2", "lib<1:3", "virtual"), backup=("usr/bin/app",))
    tool = make("tool", "10-1.1", "usr/bin/tool", depend=("liblib.so", "lib1=1.9rc1"), license=("MIT", "custom"))
    before = dict(ARCH)
    layers = [LayerSpec((file("usr/lib/os-release", ARCH["usr/lib/os-release"]),))]
    steps: tuple[Callable[[], None], ...] = (
        lambda: manager.install(old_lib, compat, app, tool),
        lambda: manager.install(make("lib", "1:2.10-1", "usr/lib/liblib.so.2", provides=("liblib.so=2-64", "virtual"))),
        lambda: manager.remove("tool"),
        lambda: manager.install(make("lib1", "1.9beta-1", "usr/lib/liblib.so.1", provides=("liblib.so=1-64",))),
    )
    for step in steps:
        step()
        after = {**ARCH, **snapshot(manager.root)}
        layers.append(LayerSpec(tuple(changes(before, after))))
        before = after
        inventory = scan(tmp_path, *layers)
        found = {one.package.slot: one.package for one in inventory.packages if one.visible}
        assert {one.name: one.raw_version for one in found.values()} == manager.versions()
        assert {(one.name, path) for one in found.values() for path in one.owned_files} == manager.files()
        edges = {(found[edge.from_slot].name, found[edge.to_slot].name) for edge in inventory.edges}
        assert edges == manager.required()
        assert inventory.problems == ()
    history = {one.package.name: [(event.kind.value, event.layer, event.version) for event in one.events] for one in inventory.packages}
    assert history == {
        "app": [("introduced", 1, "1.0.r3.gabc-1")],
        "lib": [("introduced", 1, "1:2.3-4"), ("upgraded", 2, "1:2.10-1")],
        "lib1": [("introduced", 1, "1.9rc1-2"), ("downgraded", 4, "1.9beta-1")],
        "tool": [("introduced", 1, "10-1.1"), ("removed", 3, "10-1.1")],
    }


def test_real_descriptions_are_read(shared_data: Path) -> None:
    folder = shared_data / "packagedbs"
    found = sorted(folder.rglob("pacman/local/*/desc"))
    assert found
    scalibr = folder / "google+osv-scalibr/extractor/filesystem/os/pacman/testdata"
    named = {f"{DATABASE}/gawk-5.3.1-1/desc": scalibr / "valid", f"{DATABASE}/libxml2-2.13.5-1/desc": scalibr / "valid_no_dep"}
    named |= {f"{DATABASE}/{path.parent.name}/{name}": path.with_name(name) for path in found for name in ("desc", "files")}
    view = view_of({path: body.read_bytes() for path, body in named.items()})
    packages = {one.name: one for one in packages_of(CATALOGER, view)}
    assert {name: (one.raw_version, one.licences, one.arch) for name, one in packages.items()} == {
        "gawk": ("5.3.1-1", ("GPL-3.0-or-later",), "x86_64"),
        "libxml2": ("2.13.5-1", ("MIT",), "x86_64"),
        "pacman": ("6.0.1-5", ("GPL",), "x86_64"),
    }
    assert "usr/lib/libalpm.so.13.0.1" in packages["pacman"].owned_files
    assert problems_of(view) == []


@pytest.mark.long
@pytest.mark.peer
def test_syft_lists_the_same_packages_but_misses_dependencies_with_an_order(tmp_path: Path, peers: Path) -> None:
    """And it has each package's own name for `upstream`, and encodes the colon of an epoch."""
    manager = Pacman(tmp_path)
    lib = manager.package("lib", "1:2.3-4", provides=("liblib.so=2-64",), pkgbase=("lib",))
    manager.install(lib, manager.package("app", "1-1", depend=("lib>=1:2",)), manager.package("tool", "1-1", depend=("liblib.so=2-64",)))
    (manager.root / "etc").mkdir()
    (manager.root / "etc/os-release").write_text("ID=arch\n")
    options = ["--override-default-catalogers", "image", "-q", "-o", "cyclonedx-json"]
    scanned = subprocess.run([peers / "bin/syft", "scan", f"dir:{manager.root}", *options], check=True, capture_output=True)
    found = json.loads(scanned.stdout)
    listed = {one["bom-ref"]: one for one in found["components"] if one["type"] == "library"}
    assert {one["name"]: one["version"] for one in listed.values()} == manager.versions()
    assert "pkg:alpm/arch/lib@1%3A2.3-4?arch=x86_64&distro=arch&upstream=lib" in {one["purl"] for one in listed.values()}
    edges = {(listed[one["ref"]]["name"], listed[to]["name"]) for one in found["dependencies"] for to in one.get("dependsOn", ())}
    assert manager.required() - edges == {("app", "lib")}
