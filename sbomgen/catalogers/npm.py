"""Installed packages of Node: folders in a node_modules, whichever manager put them there (npm, yarn, pnpm, bun, deno).

Installed is what Node could load by its name: `node_modules/[@SCOPE/]NAME/package.json` with a name and a version, the packages in the
stores that pnpm, bun, yarn and npm link to (once each, however many links lead there), Debian's in `/usr/share/nodejs`, and a release
unpacked in `/opt/NAME-vVERSION`. A folder may have another name than the package in it: an alias (`npm install a@npm:b`); the package is
the one that its package.json names.

A package.json outside every node_modules is an application or a member of a workspace. It is a package only where a node_modules links to
it: one above it, the global one, or that of another project which requires it.
Lockfiles, package.json files within a package (`rxjs/ajax`) and its test folders are no evidence.

A package's root is the node_modules it stands in, so that each nested copy is a package of its own; a linked project's is its own folder.
In a store all versions of a name share a slot: there an upgrade is another folder.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from msgspec import Struct

from sbomgen.catalogers._node_modules import STEPS_LIMIT, NodeModules, Place, is_project, place_of, release_place
from sbomgen.catalogers._package_json import PackageJsonFact, parse_package_json
from sbomgen.evidence import EvidenceFile, Fact, FactType, ImageView, Proof, VisibleFact, Wants
from sbomgen.model import Edge, EdgeKind, Package, Problem, ProblemCode

PACKAGE_JSON_LIMIT_BYTES = 4 << 20
"""Most have some 2 KiB; npm before version 7 wrote whole READMEs into installed ones."""


class _Copy(Struct):
    """One folder with a package in it."""

    place: Place
    folder: str
    path: str
    """Of its package.json."""
    fact: PackageJsonFact


class NpmCataloger:
    """What Node can load, folder by folder."""

    name = "npm"
    version = 2
    title = "Node packages: node_modules of npm, yarn, pnpm and bun, and Debian's nodejs folders"
    emits = "npm"
    proof = Proof.MANAGER
    wants = Wants(basenames=frozenset({"package.json"}))
    fact_type: FactType = PackageJsonFact

    def read(self, file: EvidenceFile) -> Iterator[Fact | Problem]:
        """What a package.json says: of an installed package (a note where it cannot be one), else of what may turn out to be linked to."""
        installed = place_of(file.path) is not None
        if not installed and (not is_project(file.path) or file.size_bytes > PACKAGE_JSON_LIMIT_BYTES):
            return
        with file.open(PACKAGE_JSON_LIMIT_BYTES) as stream:
            body = stream.read()
        try:
            fact = parse_package_json(body)
        except ValueError as exc:
            if installed:
                yield Problem(ProblemCode.BAD_RECORD, file.path, f"no JSON object: not taken for a package ({exc})", loss=False)
            return
        if (fact.name and fact.version) or (not installed and fact.requires):
            yield fact
        elif installed:
            missing = "version" if fact.name else "name"
            yield Problem(ProblemCode.BAD_RECORD, file.path, f"states no {missing}: not taken for a package", loss=False)

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """A package for each version of a name in a node_modules, and edges for what Node would load for its dependencies."""
        copies, projects = _sorted_out(view.facts(self.name))
        shared = {copy.place.root for copy in copies if copy.place.root.endswith("/nodejs")}
        modules = NodeModules(view, {copy.folder for copy in copies}, shared)
        packages = list(_packages([*copies, *_linked(projects, modules)]))
        yield from (package for package, _ in packages)
        yield from _edges(packages, modules)
        if modules.exhausted:
            message = f"more than {STEPS_LIMIT:,} look-ups of dependencies: the others are left out"
            yield Problem(ProblemCode.LIMIT_REACHED, "node_modules", message, loss=False)


def _sorted_out(facts: Iterable[VisibleFact]) -> tuple[list[_Copy], list[_Copy]]:
    """The installed packages, and the projects, whose place depends on who links to them."""
    copies: list[_Copy] = []
    projects: list[_Copy] = []
    for visible in facts:
        fact: PackageJsonFact = visible.fact
        place = place_of(visible.path) or release_place(visible.path, fact.name, fact.version)
        folder = visible.path.rpartition("/")[0]
        (copies if place else projects).append(_Copy(place or Place(folder, fact.name), folder, visible.path, fact))
    return copies, projects


def _linked(projects: list[_Copy], modules: NodeModules) -> list[_Copy]:
    """The projects that a node_modules links to; those without a name or a version are no packages, but require others."""
    named = [project for project in projects if project.fact.name and project.fact.version]
    names = {project.fact.name for project in named}
    required = {modules.find(project.folder, name) for project in projects for name in project.fact.requires if name in names}
    return [project for project in named if project.folder in required or modules.is_linked(project.folder, project.fact.name)]


def _packages(copies: Iterable[_Copy]) -> Iterator[tuple[Package, list[_Copy]]]:
    """Copies of one version in one slot are one package: in pnpm's store there is one for each set of peers."""
    groups: defaultdict[tuple[str, str, str, str], list[_Copy]] = defaultdict(list)
    for copy in copies:
        folder_name = copy.place.name or copy.fact.name
        groups[copy.place.root, folder_name, copy.fact.name, copy.fact.version].append(copy)
    for (root, folder_name, name, version), found in groups.items():
        fact = found[0].fact
        package = Package(
            type="npm",
            name=name,
            slot_name=folder_name if folder_name != name else None,
            raw_version=version,
            root=root,
            licences=fact.licences,
            supplier=fact.supplier or None,
            homepage=fact.homepage or None,
            description=fact.description or None,
            evidence=tuple(copy.path for copy in found),
        )
        yield package, found


def _edges(packages: list[tuple[Package, list[_Copy]]], modules: NodeModules) -> Iterator[Edge]:
    """An edge to each package that a copy of another would load for one of its dependencies; twice where two copies have the same."""
    ends = _ends(packages)
    for copy in (copy for _, copies in packages for copy in copies):
        if modules.exhausted:
            break
        slot, version = end = ends[copy.folder]
        for target in (modules.find(copy.folder, name) for name in copy.fact.requires):
            if target in ends and ends[target] != end:
                to_slot, to_version = ends[target]
                yield Edge(EdgeKind.DEPENDS_ON, slot, to_slot, version, to_version)


def _ends(packages: list[tuple[Package, list[_Copy]]]) -> dict[str | None, tuple[str, str]]:
    """What an edge says of the package in each folder: its slot, and its version where the slot has several."""
    versions: defaultdict[str, set[str]] = defaultdict(set)
    for package, _ in packages:
        versions[package.slot].add(package.raw_version)
    ends: dict[str | None, tuple[str, str]] = {}
    for package, copies in packages:
        slot = package.slot
        end = slot, package.raw_version if len(versions[slot]) > 1 else ""
        ends.update((copy.folder, end) for copy in copies)
    return ends
