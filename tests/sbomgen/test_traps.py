"""What layers do to packages in ways that mislead tools which look at one layer, or at one file of a package."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from sbomgen.catalogers._executables import GO_BUILD_INFO
from tests.sbomgen.rpmdb.encoders import bdb, header, ndb
from tests.sbomgen.test_scan import dist_info, scan, stories, visible
from tests.support.executables import elf, go_inline
from tests.support.images import Entry, LayerSpec, file, hardlink, symlink, whiteout
from tests.support.jars import jar, pom

SITE = "usr/local/lib/python3.11/site-packages"
STORE, PNPM = "root/.local/share/pnpm/store/v3/files", "app/node_modules/.pnpm"


def go_program(version: str, *dependencies: str) -> bytes:
    modules = "".join(f"dep\t{name}\t{at}\th1:x\n" for name, at in (dependency.split("@") for dependency in dependencies))
    stated = f'path\ta.b/app\nmod\ta.b/app\t(devel)\t\n{modules}build\t-ldflags="-X main.version={version}"\n'
    return elf({GO_BUILD_INFO: go_inline("go1.21.3", stated)})


def test_what_pip_uninstalled_and_installed_again_is_of_the_layer_that_brought_it_back(tmp_path: Path) -> None:
    installed = (dist_info(SITE, "idna", "3.6"), dist_info(SITE, "six", "1.16.0"))
    inventory = scan(
        tmp_path,
        LayerSpec(installed),
        LayerSpec((whiteout(f"{SITE}/idna-3.6.dist-info"),)),
        LayerSpec(installed[:1]),
        LayerSpec(installed),
    )
    assert visible(inventory) == {"idna": ("3.6", 2), "six": ("1.16.0", 0)}
    assert stories(inventory)["idna"] == ["introduced 0 3.6", "removed 1 3.6", "reintroduced 2 3.6"]


def dpkg(root: Path, *arguments: str | Path) -> Entry:
    """Have dpkg itself do this below `root`; its database then."""
    options = (f"--root={root}", "--force-script-chrootless", "--force-depends", "--no-triggers", "--log=/dev/null")
    subprocess.run(["dpkg", *options, *map(str, arguments)], check=True, capture_output=True)
    return file("var/lib/dpkg/status", (root / "var/lib/dpkg/status").read_bytes())


def deb(folder: Path, version: str) -> Path:
    control = folder / version / "DEBIAN"
    control.mkdir(parents=True)
    (control / "control").write_text(f"Package: kept\nVersion: {version}\nArchitecture: all\nMaintainer: a\nDescription: a\n")
    (control / "conffiles").write_text("/etc/kept.conf\n")
    (control.parent / "etc").mkdir()
    (control.parent / "etc/kept.conf").write_text("a = 1\n")
    subprocess.run(["dpkg-deb", "--root-owner-group", "-b", control.parent, folder / f"{version}.deb"], check=True, capture_output=True)
    return folder / f"{version}.deb"


@pytest.mark.skipif(shutil.which("dpkg-deb") is None or os.geteuid() != 0, reason="needs dpkg and root")
@pytest.mark.parametrize(
    ("steps", "story"),
    [
        (["-i 1", "-r"], ["introduced 0 1", "removed 1 1"]),
        (["-i 1", "-r", "-P"], ["introduced 0 1", "removed 1 1"]),
        (["-i 1", "-r", "-i 1"], ["introduced 0 1", "removed 1 1", "reintroduced 2 1"]),
        (["-i 1", "-r", "-i 2"], ["introduced 0 1", "removed 1 1", "reintroduced 2 2"]),
        (["-i 1", "-i 1"], ["introduced 0 1"]),
        (["-i 1", "-i 2", "-i 1"], ["introduced 0 1", "upgraded 1 2", "downgraded 2 1"]),
        (["--unpack 1"], ["introduced 0 1"]),
    ],
)
def test_what_dpkg_removed_but_for_its_configuration_is_not_there(tmp_path: Path, steps: list[str], story: list[str]) -> None:
    root = tmp_path / "root"
    (root / "var/lib/dpkg/info").mkdir(parents=True)
    (root / "var/lib/dpkg/updates").mkdir()
    (root / "var/lib/dpkg/status").touch()
    debs = {version: deb(tmp_path, version) for version in "12"}
    commands = (step.split() for step in steps)
    layers = [dpkg(root, action, *([debs[version[0]]] if version else ["kept"])) for action, *version in commands]
    assert stories(scan(tmp_path, *(LayerSpec((layer,)) for layer in layers))) == {"kept": story}


def stored(name: str, version: str, first: bool) -> tuple[Entry, ...]:
    """A package as pnpm lays it out: the body in its store, and hard links to it; tar writes the body with the name that comes first."""
    body = file(f"{STORE}/00/{name}{version}", f'{{"name": "{name}", "version": "{version}"}}')
    folder = f"{PNPM}/{name}@{version}/node_modules/{name}"
    if first:
        return body, hardlink(f"{folder}/package.json", body.path), symlink(f"app/node_modules/{name}", f"../../{folder}")
    return file(f"{folder}/package.json", body.body), hardlink(body.path, f"{folder}/package.json")


@pytest.mark.parametrize("first", [False, True])
def test_pnpm_s_packages_are_found_by_their_links_and_an_upgrade_is_one(tmp_path: Path, first: bool) -> None:
    inventory = scan(
        tmp_path,
        LayerSpec((*stored("ms", "2.1.2", first), *stored("debug", "4.3.4", first))),
        LayerSpec((whiteout(f"{PNPM}/ms@2.1.2"), *stored("ms", "2.1.3", first))),
    )
    assert visible(inventory) == {"ms": ("2.1.3", 1), "debug": ("4.3.4", 0)}
    assert stories(inventory)["ms"] == ["introduced 0 2.1.2", "upgraded 1 2.1.3"]


def test_a_go_program_that_was_built_again_is_an_upgrade_of_what_changed(tmp_path: Path) -> None:
    inventory = scan(
        tmp_path,
        LayerSpec((file("usr/bin/app", go_program("1.0.0", "c.d/kept@v1.0.0", "c.d/new@v1.9.0", "c.d/gone@v0.1.0")),)),
        LayerSpec((file("usr/bin/app", go_program("1.1.0", "c.d/kept@v1.0.0", "c.d/new@v1.10.0")),)),
    )
    assert visible(inventory) == {"a.b/app": ("v1.1.0", 1), "stdlib": ("1.21.3", 0), "c.d/kept": ("v1.0.0", 0), "c.d/new": ("v1.10.0", 1)}
    told = stories(inventory)
    assert told["a.b/app"] == ["introduced 0 v1.0.0", "upgraded 1 v1.1.0"]
    assert told["c.d/new"] == ["introduced 0 v1.9.0", "upgraded 1 v1.10.0"]
    assert told["c.d/gone"] == ["introduced 0 v0.1.0", "removed 1 v0.1.0"]


@pytest.mark.peer
@pytest.mark.long
@pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed")
def test_a_real_go_program_that_was_built_again_is_an_upgrade(tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text('package main\nvar version = "dev"\nfunc main() { println(version) }\n')
    (tmp_path / "go.mod").write_text("module a.b/app\n\ngo 1.20\n")
    layers = []
    for version in ("1.0.0", "v1.1.0-rc.1"):
        command = ["go", "build", "-ldflags", f"-s -w -X main.version={version}", "-o", "app", "."]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        layers.append(LayerSpec((file("usr/bin/app", (tmp_path / "app").read_bytes(), mode=0o755),)))
    told = stories(scan(tmp_path, *layers))
    assert told["a.b/app"] == ["introduced 0 v1.0.0", "upgraded 1 v1.1.0-rc.1"]
    assert len(told["stdlib"]) == 1


@pytest.mark.parametrize("replaced", ["opt/app-1.0.jar", "opt/app.jar"])
def test_a_fat_jar_that_was_replaced_is_an_upgrade_of_what_is_in_it(tmp_path: Path, replaced: str) -> None:
    def fat(version: str, *libraries: str) -> bytes:
        inner = {f"BOOT-INF/lib/{name}-{at}.jar": jar(pom(f"org.x:{name}:{at}")) for name, at in (one.split("=") for one in libraries)}
        return jar({**pom(f"org.x:app:{version}"), **inner}, stored=True)

    successor = replaced.replace("1.0", "1.1")
    inventory = scan(
        tmp_path,
        LayerSpec((file(replaced, fat("1.0", "core=2.14.1", "kept=1", "gone=3")),)),
        LayerSpec((*((whiteout(replaced),) if successor != replaced else ()), file(successor, fat("1.1", "core=2.17.1", "kept=1")))),
    )
    expected = {"org.x:app": ("1.1", 1), "org.x:core": ("2.17.1", 1), "org.x:kept": ("1", 0)}
    assert visible(inventory) == expected
    told = stories(inventory)
    assert told["org.x:core"] == ["introduced 0 2.14.1", "upgraded 1 2.17.1"]
    assert told["org.x:gone"] == ["introduced 0 3", "removed 1 3"]


@pytest.mark.parametrize(
    ("places", "body"),
    [
        (("usr/share/rpm/Packages", "var/lib/rpm/Packages"), bdb({1: header("a"), 2: header("b")})),
        (("usr/lib/sysimage/rpm/Packages.db", "usr/share/rpm/Packages.db"), ndb({1: header("a"), 2: header("b")})),
    ],
)
@pytest.mark.parametrize("first", [0, 1, 2])
def test_an_rpm_database_that_is_one_file_with_several_names_is_one(
    tmp_path: Path, places: tuple[str, ...], body: bytes, first: int
) -> None:
    """As ostree lays it out: the body stands in its repository, whose names say nothing, or where it is linked to."""
    names = [*places, "sysroot/ostree/repo/objects/0f/00ab.file"]
    names.insert(0, names.pop(first))
    links = tuple(hardlink(name, names[0]) for name in names[1:])
    system = file("etc/os-release", "ID=fedora\nVERSION_ID=40\n")
    for entries in ((file(names[0], body), *links), (*links, file(names[0], body))):
        inventory = scan(tmp_path, LayerSpec((system, *entries)))
        assert inventory.problems == ()
        assert sorted(visible(inventory)) == ["a", "b"]
        assert len(inventory.packages) == 2
    assert stories(scan(tmp_path, LayerSpec((system, *entries)), LayerSpec((whiteout(names[0]),)))) == {
        "a": ["introduced 0 1-1"],
        "b": ["introduced 0 1-1"],
    }
