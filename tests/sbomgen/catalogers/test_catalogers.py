import doctest
import importlib
import pkgutil
from pathlib import Path
from types import ModuleType

import jsonschema
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sbomgen.catalogers
from sbomgen.catalogers import CATALOGERS
from sbomgen.evidence import Cataloger, Proof
from sbomgen.model import Edge, Package, Problem
from tests.support.evidence import MemoryFile, MemoryView, read_all, wanted
from tests.support.run import run

TESTS = Path(__file__).parent.parent.parent
MODULES = [importlib.import_module(f"sbomgen.catalogers.{module.name}") for module in pkgutil.iter_modules(sbomgen.catalogers.__path__)]
PATHS = [
    "etc/os-release",
    "lib/apk/db/installed",
    "var/lib/dpkg/status",
    "var/lib/dpkg/status.d/a",
    "var/lib/dpkg/status.d/a.md5sums",
    "var/lib/dpkg/info/a.list",
    "usr/lib/opkg/status",
    "usr/lib/python3/dist-packages/a.dist-info/METADATA",
    "usr/lib/python3/dist-packages/a.egg-info/requires.txt",
    "usr/lib/python3/dist-packages/a.egg-info",
    "opt/v/pyvenv.cfg",
    "app/node_modules/a/package.json",
    "app/.pnp.cjs",
    "app/.pnp.data.json",
    "app/.yarn/cache/a-npm-1.0.0-0123456789-10c0.zip",
    "app/app.deps.json",
    "usr/share/dotnet/shared/Microsoft.NETCore.App/8.0.1/Microsoft.NETCore.App.deps.json",
    "var/lib/rpm/Packages",
    "usr/lib/sysimage/rpm/Packages.db",
    "var/lib/rpm/rpmdb.sqlite",
    "var/lib/rpm/rpmdb.sqlite-wal",
    "var/lib/rpmmanifest/container-manifest-2",
    "var/lib/pacman/local/a-1-1/desc",
    "srv/a/var/lib/pacman/local/a-1-1/files",
    "usr/share/doc/a/copyright",
    "usr/lib/python3/dist-packages/a.egg",
    "usr/lib/python3/dist-packages/a.dist-info/direct_url.json",
    "usr/lib/python3/dist-packages/a.dist-info/sboms/a.cdx.json",
]
LINES = [
    b"Package: a",
    b"Version: 1",
    b"Depends: a, b | c:any (>= 1) [x] <y>",
    b"Requires-Dist: a[b]>=1; extra == 'b'",
    b"Name: a",
    b"P:a",
    b"V:1",
    b"D:a so:b=1 !c",
    b"%NAME%",
    b"%DEPENDS%",
    b"a>=1",
    b"C:Q1",
    b"ID=a",
    b" folded",
    b"/usr/bin/a",
    b"[b:os_name=='nt']",
    b"",
]


def test_every_public_module_is_a_listed_cataloger() -> None:
    listed = {type(cataloger).__module__ for cataloger in CATALOGERS}
    assert listed == {module.__name__ for module in MODULES if not module.__name__.rpartition(".")[2].startswith("_")}


def test_names_are_unique_and_titles_one_line() -> None:
    assert len({cataloger.name for cataloger in CATALOGERS}) == len(CATALOGERS)
    assert all(cataloger.title and "\n" not in cataloger.title for cataloger in CATALOGERS)


MANAGERS = {
    "apk": ("corpus/test_os_packages.py", "apk info -v"),
    "dpkg": ("corpus/test_os_packages.py", "dpkg-query -W"),
    "rpm": ("sbomgen/catalogers/test_rpm.py", '"-qa"'),
    "pacman": ("support/pacman.py", "What `pacman -Q` lists"),
    "npm": ("corpus/test_node_app.py", "npm, asked in the image"),
    "yarn-pnp": ("sbomgen/catalogers/test_yarn_pnp.py", "Asks Node, with the map in force"),
    "python": ("corpus/test_python_app.py", "what dpkg and pip said inside it"),
    "dotnet": ("sbomgen/catalogers/test_dotnet.py", "What .NET's own host finds"),
    "golang": ("sbomgen/catalogers/test_golang.py", '["go", "version", "-m"'),
}
"""Where a manager's own list is compared, and the words of that file which ask it, or name its answer."""


@pytest.mark.parametrize("cataloger", CATALOGERS, ids=lambda cataloger: cataloger.name)
def test_the_word_on_its_proof_is_true(cataloger: Cataloger) -> None:
    own = (TESTS / "sbomgen" / "catalogers" / f"test_{type(cataloger).__module__.rpartition('.')[2]}.py").read_text()
    if cataloger.proof is Proof.MANAGER:
        path, words = MANAGERS[cataloger.name]
        assert words in (TESTS / path).read_text()
    else:
        assert cataloger.name not in MANAGERS
        assert ("shared_data: Path" in own) is (cataloger.proof is Proof.FILES)


def test_the_command_lists_them_in_both_forms() -> None:
    listed = run("sbomgen", "catalogers", "-o", "json").json
    schema = msgspec.json.decode((TESTS.parent / "sbomgen" / "schemas" / "catalogers-1.schema.json").read_bytes())
    jsonschema.validate(listed, schema)
    assert [(one["name"], one["emits"], one["proof"]) for one in listed["catalogers"]] == [(c.name, c.emits, c.proof) for c in CATALOGERS]
    text = run("sbomgen", "catalogers").text
    assert all(f"{one.title}\n" in text and f"→ {one.emits} ({one.proof})\n" in text for one in CATALOGERS)


@pytest.mark.parametrize("path", PATHS)
def test_every_kind_of_evidence_is_wanted_by_one_cataloger(path: str) -> None:
    assert sum(wanted(cataloger.wants, MemoryFile(path, b"")) for cataloger in CATALOGERS) == 1


@pytest.mark.parametrize("cataloger", CATALOGERS, ids=lambda cataloger: cataloger.name)
@given(body=st.one_of(st.binary(max_size=200), st.lists(st.sampled_from(LINES), max_size=12).map(b"\n".join)))
@settings(max_examples=40, deadline=None)
def test_no_body_makes_a_cataloger_raise(cataloger: Cataloger, body: bytes) -> None:
    _, problems = read_all(cataloger, [MemoryFile(path, body) for path in PATHS])
    assert all(problem.where.startswith(tuple(PATHS)) for problem in problems)
    assembled = list(cataloger.assemble(MemoryView(dict.fromkeys(PATHS, body))))
    for found in assembled:
        assert not isinstance(found, Package) or (found.name and found.raw_version and found.evidence)
    kinds = [type(found) for found in assembled if not isinstance(found, Problem)]
    assert kinds == sorted(kinds, key=lambda kind: kind is Edge), "packages come before edges"


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_examples_in_docstrings_are_true(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0
