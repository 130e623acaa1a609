""".NET's manifests: each rule of the host in a small one, real ones of others' tests, and the real host over a real framework."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from sbomgen.catalogers import CATALOGERS, _deps_json, dotnet
from sbomgen.catalogers._deps_json import parse_deps_json
from sbomgen.catalogers.dotnet import MANIFEST_LIMIT_BYTES, DotnetCataloger
from sbomgen.evidence import EvidenceTooLargeError
from sbomgen.image.dispatch import Dispatch
from sbomgen.model import Edge, Hash, Package, Problem, ProblemCode
from sbomgen.purl import purl_of
from tests.support.dotnet import deps_json
from tests.support.evidence import MemoryFile, MemoryView, packages_of, read_all
from tests.support.run import run

CATALOGER = DotnetCataloger()
A = {"runtime": {"lib/net8.0/A.dll": {"assemblyVersion": "1.0.0.0"}}}


def view_of(manifest: str, *files: str) -> MemoryView:
    return MemoryView({"app/app.deps.json": manifest.encode(), **dict.fromkeys((f"app/{file}" for file in files), b"")})


def names_of(view: MemoryView) -> list[str]:
    return sorted(f"{package.name}@{package.raw_version}" for package in packages_of(CATALOGER, view))


def edges_of(view: MemoryView) -> list[tuple[str, str, str, str]]:
    """Slot and version from, slot and version to."""
    edges = [found for found in CATALOGER.assemble(view) if isinstance(found, Edge)]
    return [(edge.from_slot, edge.from_version, edge.to_slot, edge.to_version) for edge in edges]


def problems_of(view: MemoryView) -> list[Problem]:
    return [*view.problems, *(found for found in CATALOGER.assemble(view) if isinstance(found, Problem))]


def test_a_package_has_its_own_spelling_and_the_checksum_of_its_archive() -> None:
    view = view_of(deps_json({"A.Net/1.0.0-RC.1": A}, libraries={"A.Net": {"sha512": "sha512-" + "A" * 86 + "=="}}), "A.dll")
    assert packages_of(CATALOGER, view) == [
        Package(
            type="nuget",
            name="A.Net",
            slot_name="a.net",
            raw_version="1.0.0-RC.1",
            root="app",
            hashes=(Hash("SHA-512", "00" * 64),),
            evidence=("app/app.deps.json",),
        )
    ]
    assert problems_of(view) == []


@pytest.mark.parametrize(
    ("entry", "file"),
    [
        (A, "A.dll"),
        ({"native": {"runtimes/linux-x64/native/a.so": {}}}, "a.so"),
        ({"resources": {"lib/net8.0/de/A.resources.dll": {"locale": "de"}}}, "de/A.resources.dll"),
        ({"runtimeTargets": {"runtimes/unix/lib/A.dll": {"rid": "unix"}}}, "runtimes/unix/lib/A.dll"),
        ({"runtime": {"lib/net10.0/A.dll": {"localPath": "lib/A.dll"}}}, "lib/A.dll"),
    ],
    ids=["assembly", "native", "satellite", "platform", "stated"],
)
def test_a_file_lies_where_the_host_looks_for_its_kind(entry: dict[str, Any], file: str) -> None:
    manifest = deps_json({"A/1.0.0": entry})
    assert names_of(view_of(manifest, file)) == ["A@1.0.0"]
    elsewhere = view_of(manifest, f"other/{file}")
    assert names_of(elsewhere) == []
    message = f"1 packages whose files are not beside it are not installed: A has no {file}"
    assert problems_of(elsewhere) == [Problem(ProblemCode.BAD_RECORD, "app/app.deps.json", message, loss=False)]


@pytest.mark.parametrize("entry", [{}, {"compile": {"A.dll": {}}}, {"dependencies": {"B": "1.0.0"}}, {"runtime": {"lib/net8.0/_._": {}}}])
def test_a_package_without_a_file_is_not_installed(entry: dict[str, Any]) -> None:
    view = view_of(deps_json({"A/1.0.0": entry}), "A.dll", "_._")
    assert (names_of(view), problems_of(view)) == ([], [])


@pytest.mark.parametrize("kind", ["project", "reference", "referenceassembly", None, 1])
def test_what_is_no_package_is_not_listed(kind: object) -> None:
    view = view_of(deps_json({"A/1.0.0": A}, libraries={"A": {"type": kind}}), "A.dll")
    assert (names_of(view), problems_of(view)) == ([], [])


def test_a_self_contained_application_has_a_runtime_pack() -> None:
    name = "runtimepack.Microsoft.NETCore.App.Runtime.linux-x64"
    entries: dict[str, Any] = {f"{name}/8.0.14": {"native": {"libcoreclr.so": {}}}}
    assert names_of(view_of(deps_json(entries, libraries={name: {"type": "runtimepack"}}), "libcoreclr.so")) == [
        "Microsoft.NETCore.App.Runtime.linux-x64@8.0.14"
    ]


@pytest.mark.parametrize(
    ("framework", "version", "platform", "purl"),
    [
        ("Microsoft.NETCore.App", "8.0.1", "linux-x64", "Microsoft.NETCore.App.Runtime.linux-x64@8.0.1"),
        ("Microsoft.AspNetCore.App", "10.0.0-rc.1", "linux-musl-arm64", "Microsoft.AspNetCore.App.Runtime.linux-musl-arm64@10.0.0-rc.1"),
        ("Microsoft.NETCore.App", "2.1.30", "linux-x64", "Microsoft.NETCore.App@2.1.30"),
        ("Microsoft.AspNetCore.App", "2.1.30", "", "Microsoft.AspNetCore.App@2.1.30"),
    ],
)
def test_a_shared_framework_is_the_package_that_advisories_name(framework: str, version: str, platform: str, purl: str) -> None:
    folder = f"usr/share/dotnet/shared/{framework}"
    entries: dict[str, Any] = {"internal/8.0.1-servicing.1": {"runtime": {"System.Runtime.dll": {}}}}
    manifest = deps_json(entries, f".NETCoreApp,Version=v8.0{'/' if platform else ''}{platform}")
    files = {f"{folder}/{version}/{framework}.deps.json": manifest.encode(), f"{folder}/{version}/System.Runtime.dll": b""}
    (package,) = packages_of(CATALOGER, MemoryView(files))
    assert (purl_of(package), package.root) == (f"pkg:nuget/{purl}", folder)
    assert packages_of(CATALOGER, MemoryView(dict(list(files.items())[:1]))) == []


def test_frameworks_side_by_side_share_a_slot() -> None:
    def files(version: str) -> dict[str, bytes]:
        folder = f"usr/lib/dotnet/shared/F/{version}"
        return {f"{folder}/F.deps.json": deps_json({"F/1": A}, ".NETCoreApp,Version=v8.0/linux-x64").encode(), f"{folder}/A.dll": b""}

    packages = packages_of(CATALOGER, MemoryView(files("8.0.1") | files("9.0.0")))
    assert [package.raw_version for package in packages] == ["8.0.1", "9.0.0"]
    assert len({package.slot for package in packages}) == 1


def test_edges_pass_through_what_ships_nothing() -> None:
    entries: dict[str, Any] = {
        "app/1.0.0": {"dependencies": {"A": "1.0.0"}, "runtime": {"app.dll": {}}},
        "A/1.0.0": A | {"dependencies": {"META": "1.0.0", "NETStandard.Library": "2.0.0"}},
        "Meta/1.0.0": {"dependencies": {"B": "1.0.0", "A": "1.0.0", "Meta": "1.0.0"}},
        "B/1.0.0": {"runtime": {"B.dll": {}}},
    }
    view = view_of(deps_json(entries, libraries={"app": {"type": "project"}}), "app.dll", "A.dll", "B.dll")
    assert edges_of(view) == [("nuget|app|a|", "", "nuget|app|b|", "")]


def test_applications_in_one_folder_share_packages() -> None:
    one = {"A/1.0.0": A | {"dependencies": {"B": "1.0.0"}}, "B/1.0.0": {"runtime": {"B.dll": {}}}}
    two = {"a/1.0.0": A, "B/2.0.0": {"runtime": {"B.dll": {}}}}
    manifests = {f"app/{name}.deps.json": deps_json(entries).encode() for name, entries in {"one": one, "two": two}.items()}
    view = MemoryView({**manifests, "app/A.dll": b"", "app/B.dll": b""})
    packages = packages_of(CATALOGER, view)
    assert [(package.name, package.raw_version, len(package.evidence)) for package in packages] == [
        ("A", "1.0.0", 2),
        ("B", "1.0.0", 1),
        ("B", "2.0.0", 1),
    ]
    assert edges_of(view) == [("nuget|app|a|", "", "nuget|app|b|", "1.0.0")]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"targets": {}}', b'{"runtimeTarget": {}, "targets": {}}', b"\xff"])
def test_another_file_of_such_a_name_is_passed_over(body: bytes) -> None:
    assert read_all(CATALOGER, [MemoryFile("app/app.deps.json", body)]) == ([], [])


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (deps_json({"A/1": A})[:-9].encode(), "truncated"),
        (b'{"runtimeTarget": "x", "targets": {"y": {}}}', "it is for 'x', which is not among its targets"),
        (b'{"runtimeTarget": "x", "targets": ' + b"[" * 100_000, "recursion"),
    ],
    ids=["cut short", "no target", "deep"],
)
def test_a_damaged_manifest_is_a_loss(body: bytes, reason: str) -> None:
    facts, (problem,) = read_all(CATALOGER, [MemoryFile("app/app.deps.json", body)])
    assert (facts, problem.code, problem.loss) == ([], ProblemCode.BAD_RECORD, True)
    assert problem.message.startswith("the packages that it has .NET load are not listed: ")
    assert reason in problem.message


def test_a_target_may_be_a_text_and_a_byte_order_mark_before_all() -> None:
    manifest = json.loads(deps_json({"A/1": A}))
    fact = parse_deps_json(b"\xef\xbb\xbf" + json.dumps(manifest | {"runtimeTarget": manifest["runtimeTarget"]["name"]}).encode())
    assert fact is not None
    assert [library.name for library in fact.libraries] == ["A"]


def test_a_bad_entry_does_not_cost_the_others() -> None:
    view = view_of(deps_json({"A": A, "../B/1": A, "C/1 0": A, "D/1.0.0": [], "E/1.0.0": A}), "A.dll")
    assert names_of(view) == ["E@1.0.0"]
    message = "3 packages without a usable name and version: skipped"
    assert problems_of(view) == [Problem(ProblemCode.BAD_RECORD, "app/app.deps.json", message, loss=True)]


def test_entries_beyond_the_limit_are_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_deps_json, "LIBRARIES_LIMIT", 1)
    monkeypatch.setattr(_deps_json, "FILES_LIMIT", 1)
    monkeypatch.setattr(_deps_json, "REQUIRES_LIMIT", 1)
    entry = {"runtime": {"A.dll": {}, "B.dll": {}}, "dependencies": {"A": "1", "B": "1"}}
    fact = parse_deps_json(deps_json({"A/1": entry, "B/1": entry}).encode())
    assert fact is not None
    assert ([(one.files, one.requires) for one in fact.libraries], fact.beyond) == ([(("A.dll",), ("a",))], 1)
    assert [problem.message for problem in view_of(deps_json({"A/1": A, "B/1": A})).problems] == ["1 entries beyond the limits: skipped"]


def test_a_large_manifest_is_not_read() -> None:
    file = MemoryFile("app/app.deps.json", b"")
    file.size_bytes = MANIFEST_LIMIT_BYTES + 1
    with pytest.raises(EvidenceTooLargeError):
        list(CATALOGER.read(file))


def test_dependencies_beyond_the_limit_are_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dotnet, "STEPS_LIMIT", 1)
    entry = A | {"dependencies": {"B": "1", "C": "1"}}
    view = view_of(deps_json({"A/1": entry, "B/1": A, "C/1": A}), "A.dll")
    assert edges_of(view) == [("nuget|app|a|", "", "nuget|app|b|", "")]
    message = "more than 1 dependencies: the others are left out"
    assert problems_of(view) == [Problem(ProblemCode.LIMIT_REACHED, "app/app.deps.json", message, loss=False)]


def test_only_manifests_are_asked_for() -> None:
    dispatch = Dispatch(CATALOGERS)
    asked = {name: dispatch.chosen(dispatch.by_name(name)) for name in ("a.deps.json", "deps.json", "a.json", "package.json")}
    assert [[one.name for one in chosen] for chosen in asked.values()] == [["dotnet"], [], [], ["npm"]]


def test_no_file_leads_out_of_the_image() -> None:
    manifest = deps_json({"A/1": {"runtimeTargets": {"../../../etc/a.dll": {}}}, "B/1": {"runtimeTargets": {"x" * 5000: {}}}})
    assert names_of(MemoryView({"app/app.deps.json": manifest.encode(), "etc/a.dll": b""})) == ["A@1"]


REAL = {
    "aquasecurity+trivy/pkg/dependency/parser/dotnet/core_deps/testdata/multi-project.deps.json": ["Newtonsoft.Json@13.0.3"],
    "anchore+syft/syft/pkg/cataloger/dotnet/testdata/deps-with-referenceassembly/MyApp.deps.json": ["Newtonsoft.Json@13.0.3"],
    "anchore+syft/cmd/syft/internal/test/integration/testdata/image-pkg-coverage/pkgs/dotnet/TestLibrary.deps.json": [
        "AWSSDK.Core@3.7.10.6", "Microsoft.Extensions.DependencyInjection.Abstractions@6.0.0",
        "Microsoft.Extensions.DependencyInjection@6.0.0", "Microsoft.Extensions.Logging.Abstractions@6.0.0",
        "Microsoft.Extensions.Logging@6.0.0", "Microsoft.Extensions.Options@6.0.0", "Microsoft.Extensions.Primitives@6.0.0",
        "Newtonsoft.Json@13.0.1", "Serilog.Sinks.Console@4.0.1", "Serilog@2.10.0",
    ],
}  # fmt: skip
"""What their tests expect, but for the projects that Syft's list, and two of TestLibrary that bring no file and come of the framework."""


@pytest.mark.parametrize("path", REAL, ids=lambda path: path.rpartition("/")[2])
def test_real_manifests_have_the_packages_that_bring_files(path: str, shared_data: Path) -> None:
    body = (shared_data / "packagedbs" / path).read_text()
    fact = parse_deps_json(body.encode())
    assert fact is not None
    view = view_of(body, *(file for library in fact.libraries for file in library.files))
    assert (names_of(view), problems_of(view)) == (REAL[path], [])
    assert names_of(view_of(body)) == []


def test_a_self_contained_real_application_is_listed_whole(shared_data: Path) -> None:
    path = "anchore+syft/syft/pkg/cataloger/internal/dotnet/pe/testdata/net8-app-single-file.deps.json"
    body = (shared_data / "packagedbs" / path).read_text()
    fact = parse_deps_json(body.encode())
    assert fact is not None
    names = names_of(view_of(body, *(file for library in fact.libraries for file in library.files)))
    assert len(names) == len(fact.libraries) - 2, "without the project, and Humanizer, which has dependencies alone"
    assert {"Microsoft.NETCore.App.Runtime.win-x64@8.0.14", "Humanizer.Core.zh-Hant@2.14.1"} <= {*names}


ENTRIES: dict[str, Any] = {
    "app/1.0.0": {"dependencies": {"A": "1.0.0"}, "runtime": {"app.dll": {}}},
    "A/1.0.0": A,
    "Satellites/1.0.0": {"resources": {"lib/net8.0/de/S.resources.dll": {"locale": "de"}}},
    "Native/1.0.0": {"native": {"runtimes/linux-x64/native/n.so": {}}},
    "Platform/1.0.0": {"runtimeTargets": {"runtimes/unix/lib/p.dll": {"rid": "unix", "assetType": "runtime"}}},
    "Meta/1.0.0": {"dependencies": {"A": "1.0.0"}},
}
FILES = ("app.dll", "A.dll", "de/S.resources.dll", "n.so", "runtimes/unix/lib/p.dll")
FOUND = re.compile(r"deps entry \[(\w+), ([^,]+), [^\n]*\n(?:(?!.*deps entry).*\n)*?\s*Probed deps dir and matched '[^'\n]*/app/")
"""What .NET's own host finds beside the application's manifest, in its trace."""


@pytest.mark.long
def test_packages_and_frameworks_are_those_that_the_host_itself_finds(tmp_path: Path) -> None:
    fetch = [sys.executable, "-m", "pip", "download", "--no-deps", "-q", "-d", str(tmp_path), "dotnetcore2==3.1.23"]
    if subprocess.run(fetch, capture_output=True, check=False).returncode:
        pytest.skip("the wheel that holds .NET's runtime cannot be had")
    (wheel,) = tmp_path.glob("dotnetcore2-*.whl")
    subprocess.run([sys.executable, "-m", "zipfile", "-e", str(wheel), str(tmp_path / "wheel")], check=True)
    home, app = tmp_path / "root" / "usr" / "share" / "dotnet", tmp_path / "root" / "app"
    home.parent.mkdir(parents=True)
    (tmp_path / "wheel" / "dotnetcore2" / "bin").rename(home)
    (home / "dotnet").chmod(0o755)
    for file in FILES:
        (app / file).parent.mkdir(parents=True, exist_ok=True)
        (app / file).touch()
    (app / "app.deps.json").write_text(deps_json(ENTRIES, libraries={"app": {"type": "project"}}))
    framework = {"name": "Microsoft.NETCore.App", "version": "3.1.0"}
    (app / "app.runtimeconfig.json").write_text(json.dumps({"runtimeOptions": {"framework": framework}}))
    listed = subprocess.run([home / "dotnet", "--list-runtimes"], capture_output=True, text=True, check=True).stdout.split()
    environment = os.environ | {"COREHOST_TRACE": "1", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT": "1"}
    # The assembly is empty: the host has found all by the time the runtime refuses it.
    asked = subprocess.run(["./dotnet", "exec", app / "app.dll"], cwd=home, env=environment, capture_output=True, text=True, check=False)
    found = {f"{name}@{version}" for name, version in FOUND.findall(asked.stderr)} - {"app@1.0.0"}
    assert len(found) == 4
    document = run("sbomgen", f"dir:{tmp_path / 'root'}", "-o", "cyclonedx-json").json
    ours = {f"{one['name']}@{one['version']}" for one in document["components"] if one.get("purl", "").startswith("pkg:nuget/")}
    assert ours == found | {f"{listed[0]}.Runtime.linux-x64@{listed[1]}"}
