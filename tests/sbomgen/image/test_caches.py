"""What package managers keep for later is not installed, whatever it is; what a link installs of it is."""

import zlib
from pathlib import Path

import pytest

from sbomgen.catalogers._executables import CARGO_AUDITABLE, GO_BUILD_INFO, PACKAGE_NOTE
from tests.sbomgen.test_scan import scan
from tests.support.executables import elf, go_inline, package_note
from tests.support.images import Entry, LayerSpec, file, hardlink, whiteout
from tests.support.jars import jar, pom

CRATES = b'{"packages": [{"name": "crate", "version": "1.0.0", "source": "local", "root": true}]}'
NOTE = '{"type": "deb", "name": "noted", "version": "1-1", "os": "debian", "osVersion": "12"}'
FILES = {
    "a-1.dist-info/METADATA": b"Name: a\nVersion: 1\n",
    "lib/b-1.jar": jar(pom("org.x:b:1")),
    "node_modules/c/package.json": b'{"name": "c", "version": "1.0.0"}',
    "bin/go": elf({GO_BUILD_INFO: go_inline("go1.21.3", "path\ta.b/d\nmod\ta.b/d\tv1.0.0\th1:x\n")}),
    "bin/rust": elf({CARGO_AUDITABLE: zlib.compress(CRATES)}),
    "bin/noted": elf({PACKAGE_NOTE: package_note(NOTE)}),
}
LINKED = (
    "root/.cache/uv/archive-v0/x8Gz",
    "cache/uv/wheels-v5/pypi/a",
    "root/.local/share/pnpm/store/v10/files/0f",
    "root/.cache/uv/sdists-v9/pypi/a/1/src",
    "root/.bun/install/cache/a@1.0.0@@@1",
    "opt/conda/pkgs/a-1-py311_0/lib/python3.11/site-packages",
)
NAMES = {"a", "org.x:b", "c", "a.b/d", "stdlib", "crate", "noted"}
CACHES = (
    "root/.npm/_cacache/content-v2/sha512/00",
    "root/.cache/yarn/v6/npm-c-1.0.0-0123456789abcdef0123456789abcdef01234567-integrity/node_modules/x",
    "root/.m2/repository/org/x",
    "root/.gradle/caches/modules-2",
    "root/.ivy2/cache/org.x",
    "root/.cache/coursier/v1",
    "root/.cache/go-build/0f/0f00-d",
    "root/.cache/pip/wheels/0f",
    "go/pkg/mod/a.b/d@v1.0.0/testdata",
    "root/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.22.0.linux-amd64",
    "root/.cargo/registry/src/index.crates.io-6f17d22bba15001f/x-1.0.0/tests",
    "usr/local/cargo/git/checkouts/x-0123456789abcdef/abcdef0",
)


def names_after(tmp_path: Path, *layers: LayerSpec) -> set[str]:
    inventory = scan(tmp_path, *layers)
    assert inventory.problems == ()
    return {found.package.name for found in inventory.packages if found.visible}


def names_in(tmp_path: Path, *entries: Entry) -> set[str]:
    return names_after(tmp_path, LayerSpec(entries))


@pytest.mark.parametrize("cache", [*LINKED, *CACHES])
def test_nothing_in_a_cache_is_installed(tmp_path: Path, cache: str) -> None:
    assert names_in(tmp_path, *(file(f"{cache}/{path}", body) for path, body in FILES.items())) == set()


@pytest.mark.parametrize("folder", ["opt/app", "srv/archive-v1.0", "app/pkg/mod/d", "srv/store/v3/files", "cargo/registry"])
def test_what_lies_elsewhere_is(tmp_path: Path, folder: str) -> None:
    assert names_in(tmp_path, *(file(f"{folder}/{path}", body) for path, body in FILES.items())) == NAMES


@pytest.mark.parametrize("cache", [*LINKED, *CACHES])
def test_a_link_outside_of_a_cache_installs_what_it_names(tmp_path: Path, cache: str) -> None:
    """tar has the body with the name that comes first, and links to it may come before it."""
    cached = [file(f"{cache}/{path}", body) for path, body in FILES.items()]
    links = [hardlink(f"srv/{path}", f"{cache}/{path}") for path in FILES]
    assert names_in(tmp_path, *cached, *links) == NAMES
    assert names_in(tmp_path, *links, *cached) == NAMES
    first = [file(f"app/{path}", body) for path, body in FILES.items()]
    assert names_in(tmp_path, *first, *(hardlink(f"{cache}/{path}", f"app/{path}") for path in FILES)) == NAMES


@pytest.mark.parametrize("cache", [*LINKED, *CACHES])
def test_links_within_a_cache_install_nothing(tmp_path: Path, cache: str) -> None:
    cached = [file(f"{cache}/{path}", body) for path, body in FILES.items()]
    assert names_in(tmp_path, *cached, *(hardlink(f"{cache}/x/{path}", f"{cache}/{path}") for path in FILES)) == set()


@pytest.mark.parametrize("cache", LINKED)
def test_a_link_to_a_layer_below_installs_what_it_names(tmp_path: Path, cache: str) -> None:
    """It goes on doing so when the cache is removed, and without it nothing is there."""
    first = LayerSpec(tuple(file(f"app/{path}", body) for path, body in FILES.items()))
    both = LayerSpec(tuple(hardlink(f"{cache}/{path}", f"app/{path}") for path in FILES))
    cached = LayerSpec(tuple(file(f"{cache}/{path}", body) for path, body in FILES.items()))
    links = LayerSpec(tuple(hardlink(f"srv/{path}", f"{cache}/{path}") for path in FILES))
    no_cache, no_app, no_srv = (LayerSpec((whiteout(folder),)) for folder in (cache.partition("/")[0], "app", "srv"))
    assert names_after(tmp_path, cached, links) == NAMES
    assert names_after(tmp_path, cached, links, no_cache) == NAMES
    assert names_after(tmp_path, cached, links, no_srv) == set()
    assert names_after(tmp_path, first, both, no_app) == set()
    assert names_after(tmp_path, first, both, no_app, links) == NAMES


def test_an_executable_is_known_under_any_name_that_links_to_a_layer_below(tmp_path: Path) -> None:
    below = LayerSpec((file(f"{LINKED[2]}/abcdef-exec", FILES["bin/go"]), file("opt/first", FILES["bin/noted"])))
    links = LayerSpec((hardlink("usr/bin/d", f"{LINKED[2]}/abcdef-exec"), hardlink("usr/bin/noted", "opt/first")))
    assert names_after(tmp_path, below, links) == {"a.b/d", "stdlib", "noted"}
    inventory = scan(tmp_path, below, links)
    assert {path for found in inventory.packages if found.package.name != "noted" for path in found.package.evidence} == {"usr/bin/d"}


def test_what_is_broken_in_a_cache_is_told_of_where_it_is_installed_only(tmp_path: Path) -> None:
    broken = file(f"{LINKED[0]}/b", elf({GO_BUILD_INFO: b"\xff Go buildinf:" + bytes(4)}))
    jar_file = file(f"{LINKED[0]}/c.jar", b"no archive")
    assert scan(tmp_path, LayerSpec((broken, jar_file))).problems == ()
    inventory = scan(tmp_path, LayerSpec((broken, jar_file, hardlink("usr/bin/b", broken.path), hardlink("opt/c.jar", jar_file.path))))
    assert [problem.where for problem in inventory.problems] == ["layer 0: usr/bin/b", "layer 0: opt/c.jar"]
