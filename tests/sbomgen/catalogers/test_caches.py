"""What package managers keep for later is not installed, whatever it is."""

import zlib
from pathlib import Path

import pytest

from sbomgen.catalogers._executables import CARGO_AUDITABLE, GO_BUILD_INFO, PACKAGE_NOTE
from tests.sbomgen.test_scan import scan
from tests.support.executables import elf, go_inline, package_note
from tests.support.images import Entry, LayerSpec, file, hardlink
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
LINKED = ("root/.cache/uv/archive-v0/x8Gz", "cache/uv/wheels-v5/pypi/a", "root/.local/share/pnpm/store/v10/files/0f")
NAMES = {"a", "org.x:b", "c", "a.b/d", "stdlib", "crate", "noted"}
CACHES = (
    "root/.npm/_cacache/content-v2/sha512/00",
    "root/.cache/yarn/v6/npm-c-1.0.0-0123456789abcdef0123456789abcdef01234567-integrity/node_modules/x",
    "root/.m2/repository/org/x",
    "root/.gradle/caches/modules-2",
    "root/.ivy2/cache/org.x",
    "root/.cache/coursier/v1",
    "go/pkg/mod/a.b/d@v1.0.0/testdata",
    "root/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.22.0.linux-amd64",
    "root/.cargo/registry/src/index.crates.io-6f17d22bba15001f/x-1.0.0/tests",
    "usr/local/cargo/git/checkouts/x-0123456789abcdef/abcdef0",
)


def names_in(tmp_path: Path, *entries: Entry) -> set[str]:
    inventory = scan(tmp_path, LayerSpec(entries))
    assert inventory.problems == ()
    return {found.package.name for found in inventory.packages}


@pytest.mark.parametrize("cache", CACHES)
def test_nothing_in_a_cache_is_installed(tmp_path: Path, cache: str) -> None:
    assert names_in(tmp_path, *(file(f"{cache}/{path}", body) for path, body in FILES.items())) == set()


@pytest.mark.parametrize("cache", LINKED)
def test_of_a_cache_that_is_linked_to_executables_count(tmp_path: Path, cache: str) -> None:
    """They are read once for all of their names, whichever comes first."""
    assert names_in(tmp_path, *(file(f"{cache}/{path}", body) for path, body in FILES.items())) == NAMES - {"a", "org.x:b", "c"}


@pytest.mark.parametrize("folder", ["opt/app", "srv/archive-v1.0", "app/pkg/mod/d", "srv/store/v3/files", "cargo/registry"])
def test_what_lies_elsewhere_is(tmp_path: Path, folder: str) -> None:
    assert names_in(tmp_path, *(file(f"{folder}/{path}", body) for path, body in FILES.items())) == NAMES


def test_what_links_to_a_file_of_a_cache_is(tmp_path: Path) -> None:
    """uv and pnpm install by hard links; tar has the body with the name that comes first."""
    cached = [file(f"{LINKED[0]}/{path}", body) for path, body in FILES.items()]
    assert names_in(tmp_path, *cached, *(hardlink(f"srv/{path}", f"{LINKED[0]}/{path}") for path in FILES)) == NAMES
    first = [file(f"app/{path}", body) for path, body in FILES.items()]
    assert names_in(tmp_path, *first, *(hardlink(f"{LINKED[0]}/{path}", f"app/{path}") for path in FILES)) == NAMES
