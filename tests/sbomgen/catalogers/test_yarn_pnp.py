"""Packages that Node loads out of Yarn's zip files: maps in the forms of Yarn's releases, and a real one against what Node says of it."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sbomgen.catalogers import _pnp
from sbomgen.catalogers._pnp import read_map
from sbomgen.catalogers.yarn_pnp import ZIP_LIMIT_BYTES, YarnPnpCataloger
from sbomgen.evidence import EvidenceTooLargeError
from sbomgen.model import DeliveredFile, Edge, Package, Problem, ProblemCode
from tests.support.evidence import MemoryFile, MemoryView, packages_of, read_all
from tests.support.jars import jar
from tests.support.run import run
from tests.support.yarn import CACHE, Entry, place, state, yarn_4, zip_name, zipped

CATALOGER = YarnPnpCataloger()


def yarn_3(found: dict[str, Any]) -> bytes:
    text = json.dumps(found, indent=2).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\\n")
    return f"function f() {{\n  return hydrateRuntimeState(JSON.parse('{text}'), {{basePath: basePath || __dirname}});\n}}\n".encode()


def yarn_2(found: dict[str, Any]) -> bytes:
    text = json.dumps(found, indent=2).replace('"HARD"\n', '"HARD",\n').replace('"SOFT"\n', '"SOFT",\n')
    return f"function f() {{\n  return hydrateRuntimeState({text}, {{basePath: basePath || __dirname}});\n}}\n".encode()


BESIDE = b"""const path = require('path');
const dataLocation = path.resolve(__dirname, ".pnp.data.json");
return hydrateRuntimeState(require(dataLocation), {basePath: basePath || path.dirname(dataLocation)});
"""


def versions_of(view: MemoryView) -> list[str]:
    return sorted(f"{package.root}: {package.name}@{package.raw_version}" for package in packages_of(CATALOGER, view))


def edges_of(view: MemoryView) -> list[tuple[str, str, str, str]]:
    """Slot and version from, slot and version to."""
    edges = [found for found in CATALOGER.assemble(view) if isinstance(found, Edge)]
    return [(edge.from_slot, edge.from_version, edge.to_slot, edge.to_version) for edge in edges]


def problems_of(view: MemoryView) -> list[Problem]:
    return [found for found in CATALOGER.assemble(view) if isinstance(found, Problem)]


ONE = state(("@s/a", "npm:1.0.0", place("@s/a"), {}))


@pytest.mark.parametrize(
    "maps",
    [
        {".pnp.cjs": yarn_4(ONE)},
        {".pnp.cjs": yarn_3(ONE)},
        {".pnp.js": yarn_2(ONE)},
        {".pnp.cjs": BESIDE, ".pnp.data.json": json.dumps(ONE).encode()},
    ],
    ids=["yarn 4", "yarn 3", "yarn 2", "data beside it"],
)
def test_a_map_is_read_in_the_form_of_each_release(maps: dict[str, bytes]) -> None:
    stated: dict[str, Any] = {"license": "MIT", "author": {"name": "B"}, "homepage": "https://a.example", "description": "One."}
    view = MemoryView({**{f"app/{name}": body for name, body in maps.items()}, **zipped("@s/a", **stated)})
    assert view.problems == problems_of(view) == []
    assert packages_of(CATALOGER, view) == [
        Package(
            type="npm",
            name="@s/a",
            raw_version="1.0.0",
            root="app",
            licences=("MIT",),
            supplier="B",
            homepage="https://a.example",
            description="One.",
            evidence=(f"{CACHE}/{zip_name('@s/a', '1.0.0')}",),
            file=DeliveredFile(zip_name("@s/a", "1.0.0"), executable=None, archive=True),
        )
    ]


def test_what_no_map_names_is_not_installed() -> None:
    view = MemoryView({"app/.pnp.cjs": yarn_4(ONE), **zipped("@s/a"), **zipped("b")})
    assert versions_of(view) == ["app: @s/a@1.0.0"]
    assert versions_of(MemoryView(zipped("b"))) == []


def test_a_zip_file_that_is_gone_is_a_note() -> None:
    view = MemoryView({"app/.pnp.cjs": yarn_4(state(("a", "npm:1", place("a"), {}), ("b", "npm:1", place("b"), {}))), **zipped("a")})
    assert versions_of(view) == ["app: a@1.0.0"]
    message = f"packages of 1 zip files that it names are not installed: {CACHE}/{zip_name('b', '1.0.0')} is not there"
    assert problems_of(view) == [Problem(ProblemCode.BAD_RECORD, "app/.pnp.cjs", message, loss=False)]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"PK\3\4 cut short", "is no zip archive, or is cut short: it has no end record"),
        (jar({"node_modules/a/index.js": ""}), "has 0 times node_modules/NAME/package.json, not once"),
        (jar({"node_modules/a/package.json": "[]"}), "Expected `object`, got `array`"),
        (jar({"node_modules/a/package.json": '{"name": "a"}'}), "states no version"),
        (jar({"node_modules/a/package.json": '{"version": "1"}'}), "states no name"),
    ],
    ids=["damaged", "empty", "no object", "no version", "no name"],
)
def test_a_zip_file_that_cannot_be_read_is_a_loss_where_a_map_names_it(body: bytes, reason: str) -> None:
    path = f"{CACHE}/{zip_name('a', '1.0.0')}"
    view = MemoryView({"app/.pnp.cjs": yarn_4(state(("a", "npm:1", place("a"), {}))), path: body})
    message = f"packages of 1 zip files that it names are not listed: {path} {reason}"
    assert (packages_of(CATALOGER, view), problems_of(view)) == ([], [Problem(ProblemCode.BAD_RECORD, "app/.pnp.cjs", message, loss=True)])
    alone = MemoryView({path: body})
    assert alone.problems == problems_of(alone) == []


def test_a_zip_file_of_another_name_is_a_loss_where_a_map_names_it() -> None:
    view = MemoryView({"app/.pnp.cjs": yarn_4(state(("a", "npm:1", "./a.zip/node_modules/a/", {}))), "app/a.zip": b""})
    (problem,) = problems_of(view)
    assert problem.loss
    assert problem.message.endswith("app/a.zip is no file of Yarn's cache by its name, or too large")


def test_a_large_zip_file_is_not_opened() -> None:
    file = MemoryFile(f"{CACHE}/{zip_name('a', '1.0.0')}", b"")
    file.size_bytes = ZIP_LIMIT_BYTES + 1
    with pytest.raises(EvidenceTooLargeError):
        list(CATALOGER.read(file))


def test_one_package_stands_in_a_map_once_for_each_set_of_its_peers() -> None:
    virtual = f"./.yarn/__virtual__/a-virtual-0f/0/cache/{place('a').removeprefix('./.yarn/cache/')}"
    older = f"./.yarn/$$virtual/a-virtual-0e/0/cache/{place('a').removeprefix('./.yarn/cache/')}"
    entries: list[Entry] = [
        ("a", "npm:1.0.0", place("a"), {"peer": None}),
        ("a", "virtual:0f#npm:1.0.0", virtual, {"b": "npm:1.0.0"}),
        ("a", "virtual:0e#npm:1.0.0", older, {"b": "npm:2.0.0"}),
        ("b", "npm:1.0.0", place("b"), {}),
        ("b", "npm:2.0.0", place("b", "2.0.0"), {"other": ["a", "virtual:0f#npm:1.0.0"]}),
    ]
    view = MemoryView({"app/.pnp.cjs": yarn_4(state(*entries)), **zipped("a"), **zipped("b"), **zipped("b", "2.0.0")})
    assert versions_of(view) == ["app: a@1.0.0", "app: b@1.0.0", "app: b@2.0.0"]
    assert edges_of(view) == [
        ("npm|app|a|", "", "npm|app|b|", "1.0.0"),
        ("npm|app|a|", "", "npm|app|b|", "2.0.0"),
        ("npm|app|b|", "2.0.0", "npm|app|a|", ""),
    ]


def test_a_patched_package_and_its_original_are_one_with_two_files() -> None:
    patched = "./.yarn/cache/a-patch-abcdef0123-10c0.zip/node_modules/a/"
    entries = state(("a", "npm:1.0.0", place("a"), {}), ("a", "patch:a@npm%3A1.0.0#x", patched, {}))
    (original,) = zipped("a").values()
    view = MemoryView({"app/.pnp.cjs": yarn_4(entries), **zipped("a"), f"{CACHE}/a-patch-abcdef0123-10c0.zip": original})
    (package,) = packages_of(CATALOGER, view)
    assert package.evidence == (f"{CACHE}/{zip_name('a', '1.0.0')}", f"{CACHE}/a-patch-abcdef0123-10c0.zip")


def test_two_projects_share_the_cache_of_the_user_by_way_of_a_link() -> None:
    location = place("a", cache="../home/me/.yarn/berry/cache")
    files = {f"{app}/.pnp.cjs": yarn_4(state(("a", "npm:1.0.0", location, {}))) for app in ("one", "two")}
    view = MemoryView({**files, **zipped("a", cache="data/me/.yarn/berry/cache")}, {"home": "/data"})
    assert versions_of(view) == ["one: a@1.0.0", "two: a@1.0.0"]


def test_edges_lead_to_unpacked_packages_and_from_them() -> None:
    unpacked = "./.yarn/unplugged/u-npm-1.0.0-0123456789/node_modules/u/"
    gone = "./.yarn/unplugged/fsevents-patch-0123456789/node_modules/fsevents/"
    entries: list[Entry] = [
        ("a", "npm:1.0.0", place("a"), {"u": "npm:1.0.0", "fsevents": "patch:1", "member": "workspace:member"}),
        ("u", "npm:1.0.0", unpacked, {"a": "npm:1.0.0"}),
        ("fsevents", "patch:1", gone, {}),
        ("member", "workspace:member", "./member/", {"a": "npm:1.0.0"}),
    ]
    manifests = {
        "app/.yarn/unplugged/u-npm-1.0.0-0123456789/node_modules/u/package.json": b'{"name": "u", "version": "1.0.0"}',
        "app/member/package.json": b'{"name": "member", "version": "1.0.0"}',
    }
    view = MemoryView({"app/.pnp.cjs": yarn_4(state(*entries)), **zipped("a"), **manifests})
    slot = "npm|app/.yarn/unplugged/u-npm-1.0.0-0123456789/node_modules|u|"
    assert edges_of(view) == [("npm|app|a|", "", slot, ""), (slot, "", "npm|app|a|", "")]
    assert problems_of(view) == []


@pytest.mark.parametrize(
    ("name", "body", "reason"),
    [
        (".pnp.js", b"let packageInformationStores = new Map([", "holds no list of packages of a known form"),
        (".pnp.data.json", b"{}", "missing required field `packageRegistryData`"),
        (".pnp.data.json", b'{"packageRegistryData": ' + b"[" * 100_000, "its list of packages cannot be read"),
        (".pnp.cjs", yarn_4(state(("a", "npm:1", f"./{'x' * 5000}/", {}))), "has a path of more than 4,096 characters"),
    ],
    ids=["yarn 1", "empty", "deep", "long path"],
)
def test_a_map_of_an_unknown_form_is_a_loss(name: str, body: bytes, reason: str) -> None:
    facts, (problem,) = read_all(CATALOGER, [MemoryFile(f"app/{name}", body)])
    assert not list(facts)
    assert (problem.code, problem.where, problem.loss) == (ProblemCode.BAD_RECORD, f"app/{name}", True)
    assert problem.message.startswith("the packages that it has Node load are not listed: ")
    assert reason in problem.message


def test_a_map_of_very_many_packages_is_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_pnp, "PLACES_LIMIT", 1)
    with pytest.raises(ValueError, match="lists 2 packages, more than the 1 that are read"):
        read_map(".pnp.cjs", yarn_4(ONE))


def test_no_location_leads_out_of_the_image() -> None:
    (_, found) = read_map("app/.pnp.cjs", yarn_4(state(("a", "npm:1", f"../../../__virtual__/x/9/{'../' * 9}etc/", {}))))
    assert found.path == "etc"


TRUTH = """
const fs = require('fs'), path = require('path'), pnp = require('pnpapi');
const stated = information => JSON.parse(fs.readFileSync(path.join(information.packageLocation, 'package.json')));
const named = information => `${stated(information).name}@${stated(information).version}`;
const found = {};
for (const locator of pnp.getAllLocators()) {
  if (locator.reference === null || locator.reference.startsWith('workspace:')) continue;
  const information = pnp.getPackageInformation(locator);
  try { stated(information) } catch { continue }  // for another operating system
  const needs = found[named(information)] ??= [];
  for (const [name, target] of information.packageDependencies)
    if (target !== null) try { needs.push(named(pnp.getPackageInformation(pnp.getLocator(name, target)))) } catch {}
}
console.log(JSON.stringify(found));
"""
"""Asks Node, with the map in force, what it could load, and what each of that could load."""

MANIFEST = {
    "name": "shop",
    "private": True,
    "dependencies": {"lodash": "4.17.20", "older": "npm:lodash@3.10.1", "react": "18.2.0", "react-dom": "18.2.0", "esbuild": "0.19.5"},
}


@pytest.mark.long
@pytest.mark.parametrize("release", ["3.1.0", "3.8.7", "4.18.1"])
def test_packages_and_edges_are_those_that_node_itself_tells(release: str, tmp_path: Path) -> None:
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed")
    fetched = subprocess.run(["npm", "pack", f"@yarnpkg/cli-dist@{release}"], cwd=tmp_path, capture_output=True, check=False)
    if fetched.returncode:
        pytest.skip("the registry of npm cannot be reached")
    subprocess.run(["tar", "xzf", f"yarnpkg-cli-dist-{release}.tgz"], cwd=tmp_path, check=True)
    registry = subprocess.run(["npm", "config", "get", "registry"], capture_output=True, text=True, check=True).stdout.strip()
    app = tmp_path / "root" / "srv" / "app"
    app.mkdir(parents=True)
    (app / "package.json").write_text(json.dumps(MANIFEST))
    (app / "yarn.lock").touch()
    settings = {"npmRegistryServer": registry.rstrip("/"), "enableTelemetry": False, "enableGlobalCache": False}
    (app / ".yarnrc.yml").write_text("".join(f"{name}: {json.dumps(value)}\n" for name, value in settings.items()))
    yarn = tmp_path / "package" / "bin" / "yarn.js"
    subprocess.run(["node", yarn, "install", "--no-immutable"], cwd=app, capture_output=True, check=True)
    (app / "truth.cjs").write_text(TRUTH)
    asked = subprocess.run(["node", "-r", "./.pnp.cjs", "./truth.cjs"], cwd=app, capture_output=True, text=True, check=True)
    truth = {package: set(needs) - {package} for package, needs in json.loads(asked.stdout).items()}
    assert len(truth) > 8

    document = run("sbomgen", f"dir:{tmp_path / 'root'}", "-o", "cyclonedx-json").json
    names = {
        one["bom-ref"]: f"{one['group'] + '/' if 'group' in one else ''}{one['name']}@{one['version']}"
        for one in document["components"]
        if one["purl"].startswith("pkg:npm/")
    }
    needs: dict[str, set[str]] = {name: set() for name in names.values()}
    for one in document["dependencies"]:
        if one["ref"] in names:
            needs[names[one["ref"]]] |= {names[ref] for ref in one.get("dependsOn", []) if ref in names}
    assert needs == truth
