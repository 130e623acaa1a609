"""NuGet packages that .NET loads: what an application's `NAME.deps.json` names and has beside it, and the shared frameworks.

The host reads that manifest to find the assemblies that an application may use; it does not start one whose files are missing. Installed
is a package that brings at least one file for the manifest's own target, where that file lies where the host looks: in the manifest's
folder by its base name, satellite assemblies in the folder of their language, what is for one platform alone under its whole path. Packages
of reference assemblies, of analyzers or of nothing but dependencies ship nothing. Projects are the application itself. Single-file programs
have their manifest within, and are not read; nor are package folders that only a developer's machine has the host look in.

A shared framework (`shared/Microsoft.NETCore.App/8.0.1`) is the runtime pack of its platform, which advisories name
(`Microsoft.NETCore.App.Runtime.linux-x64`); before .NET Core 3 it was a package of its own name. Its version is its folder's, as for
`dotnet --list-runtimes`: in the manifest stand packages of Microsoft's build, with versions that nobody publishes.

A package's root is the manifest's folder, a framework's the folder above it, since an upgrade of a framework is another folder.
"""

import re
from base64 import b64decode
from collections import defaultdict
from collections.abc import Iterable, Iterator
from posixpath import normpath

from msgspec import Struct
from msgspec.structs import replace

from sbomgen.catalogers._deps_json import DotnetFact, Library, parse_deps_json
from sbomgen.evidence import EvidenceFile, Fact, FactType, ImageView, Proof, VisibleFact, Wants
from sbomgen.model import Edge, EdgeKind, Hash, Package, Problem, ProblemCode

MANIFEST_LIMIT_BYTES = 16 << 20
"""A framework's has 30 KiB, that of an application of 400 packages 0.5 MiB."""

STEPS_LIMIT = 200_000
"""Dependencies of one manifest that are followed, those of packages without files too, once for each package that leads to them."""

_SHARED = re.compile(r"(?P<root>(?:.*/)?shared/(?P<name>[^/]+))/(?P<version>[0-9][^/]*)/(?P=name)\.deps\.json", re.DOTALL)
_PACKS_SINCE = 3
"""The version of .NET Core whose frameworks are runtime packs."""


class _Manifest(Struct):
    """A manifest on a view."""

    path: str
    libraries: tuple[Library, ...]
    packages: dict[int, Package]
    """By the position of the library."""


class DotnetCataloger:
    """What .NET's host finds for an application, and the frameworks."""

    name = "dotnet"
    version = 1
    title = ".NET: the packages of applications (*.deps.json), and the shared frameworks"
    emits = "nuget"
    proof = Proof.MANAGER
    wants = Wants(suffixes=frozenset({".deps.json"}))
    fact_type: FactType = DotnetFact

    def read(self, file: EvidenceFile) -> Iterator[Fact | Problem]:
        """What a manifest says; nothing of another JSON file of such a name."""
        with file.open(MANIFEST_LIMIT_BYTES) as stream:
            body = stream.read()
        try:
            fact = parse_deps_json(body)
        except (RecursionError, ValueError) as exc:
            if b'"runtimeTarget"' in body:
                message = f"the packages that it has .NET load are not listed: {exc}"
                yield Problem(ProblemCode.BAD_RECORD, file.path, message, loss=True)
            return
        if fact is None:
            return
        for count, what in ((fact.unnamed, "packages without a usable name and version"), (fact.beyond, "entries beyond the limits")):
            if count:
                yield Problem(ProblemCode.BAD_RECORD, file.path, f"{count:,} {what}: skipped", loss=True)
        yield fact

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """A package for each version of a name in a folder, and edges for what a manifest says that each needs."""
        found: dict[tuple[str, str], Package] = {}
        manifests: list[_Manifest] = []
        for visible in view.facts(self.name):
            shared = _SHARED.fullmatch(visible.path)
            if shared:
                manifest = _framework(visible, shared, view)
            else:
                manifest = _Manifest(visible.path, visible.fact.libraries, dict(_packages(visible, view)))
                yield from _missing(visible, manifest)
            manifests.append(manifest)
            for package in manifest.packages.values():
                known = found.setdefault((package.slot, package.raw_version), package)
                if known.evidence != package.evidence:
                    found[package.slot, package.raw_version] = _with_evidence(known, package.evidence)
        yield from found.values()
        several = _several(found)
        for manifest in manifests:
            yield from _edges(manifest, several)


def _framework(visible: VisibleFact, shared: re.Match[str], view: ImageView) -> _Manifest:
    """A shared framework as one package; none where its folder holds nothing of it."""
    fact: DotnetFact = visible.fact
    major = shared["version"].partition(".")[0]
    packed = fact.platform and not (major.isdecimal() and len(major) == 1 and int(major) < _PACKS_SINCE)
    package = Package(
        type="nuget",
        name=f"{shared['name']}.Runtime.{fact.platform}" if packed else shared["name"],
        slot_name=f"{shared['name']}.{fact.platform}".lower(),
        raw_version=shared["version"],
        root=shared["root"],
        evidence=(visible.path,),
    )
    ships = any(_ships(visible.path, library, view) for library in fact.libraries)
    return _Manifest(visible.path, (), {0: package} if ships else {})


def _packages(visible: VisibleFact, view: ImageView) -> Iterator[tuple[int, Package]]:
    for position, library in enumerate(visible.fact.libraries):
        if library.installable and _ships(visible.path, library, view):
            package = Package(
                type="nuget",
                name=library.name,
                slot_name=library.name.lower(),  # NuGet knows no letter case
                raw_version=library.version,
                root=visible.path.rpartition("/")[0],
                hashes=(Hash("SHA-512", b64decode(library.sha512).hex()),) if library.sha512 else (),
                evidence=(visible.path,),
            )
            yield position, package


def _ships(path: str, library: Library, view: ImageView) -> bool:
    folder = path.rpartition("/")[0]
    return any(view.exists(normpath(f"/{folder}/{file}").lstrip("/")) for file in library.files)


def _missing(visible: VisibleFact, manifest: _Manifest) -> Iterator[Problem]:
    """One note for all packages whose files are not there: without them the host does not start the application."""
    absent = [one for position, one in enumerate(manifest.libraries) if one.installable and one.files and position not in manifest.packages]
    if absent:
        first = min(absent, key=lambda library: library.name)
        message = f"{len(absent):,} packages whose files are not beside it are not installed: {first.name} has no {first.files[0]}"
        yield Problem(ProblemCode.BAD_RECORD, visible.path, message, loss=False)


def _with_evidence(package: Package, evidence: tuple[str, ...]) -> Package:
    return replace(package, evidence=tuple(dict.fromkeys((*package.evidence, *evidence))))


def _several(found: Iterable[tuple[str, str]]) -> set[str]:
    """The slots with several versions: frameworks side by side, or applications that were published into one folder."""
    versions: defaultdict[str, set[str]] = defaultdict(set)
    for slot, version in found:
        versions[slot].add(version)
    return {slot for slot, known in versions.items() if len(known) > 1}


def _edges(manifest: _Manifest, several: set[str]) -> Iterator[Edge | Problem]:
    """An edge to each package that another needs, itself or by way of what ships nothing: packages without files, and projects."""
    positions = {library.key: position for position, library in enumerate(manifest.libraries)}
    left = STEPS_LIMIT
    for start, package in manifest.packages.items() if manifest.libraries else ():
        seen, todo = {start}, [start]
        while todo:
            for key in manifest.libraries[todo.pop()].requires:
                left -= 1
                position = positions.get(key)
                if left < 0 or position is None or position in seen:
                    continue
                seen.add(position)
                target = manifest.packages.get(position)
                if target is None:
                    todo.append(position)
                else:
                    ends = [(one.slot, one.raw_version if one.slot in several else "") for one in (package, target)]
                    (slot, version), (to_slot, to_version) = ends
                    yield Edge(EdgeKind.DEPENDS_ON, slot, to_slot, version, to_version)
    if left < 0:
        message = f"more than {STEPS_LIMIT:,} dependencies: the others are left out"
        yield Problem(ProblemCode.LIMIT_REACHED, manifest.path, message, loss=False)
