"""Installed Python distributions: `*.dist-info`, `*.egg-info`, eggs (PyPA "Recording installed projects", core metadata).

What counts as installed is what `importlib.metadata` would find in a site folder: the folder or file must end in `.dist-info` or
`.egg-info`, or be the `EGG-INFO` of an `.egg`, a folder or a zip file. A package's root is its site folder, so that the same package in two
virtual environments is two packages. Its slot has the normalised name (PEP 503), so that an upgrade which spells the name anew is an
upgrade; its name stays as the metadata has it. Two versions of one name in one site folder (an image copied over another) are both listed:
both are on the disk. What an SBOM in a dist-info names (PEP 770) is a package within the wheel, which depends on it.
"""

import re
from collections import defaultdict
from collections.abc import Iterator

from msgspec import MsgspecError, Struct

from sbomgen.catalogers._direct_url import Origin, parse_origin
from sbomgen.catalogers._fields import Fields, parse_fields, text_of
from sbomgen.catalogers._requirements import Requirer, normalised, requirement_edges, requirements_of_egg
from sbomgen.catalogers._sites import Sites
from sbomgen.catalogers._wheel_sboms import Component, WheelSbomError, read_components
from sbomgen.catalogers._zip_archive import Archive, ArchiveError
from sbomgen.evidence import EvidenceFile, Fact, FactType, ImageView, Proof, Wants
from sbomgen.model import Edge, EdgeKind, Package, Problem, ProblemCode

METADATA_LIMIT_BYTES = 8 << 20
"""Headers and a README; the longest seen are some 300 KiB."""

SMALL_FILE_LIMIT_BYTES = 1 << 20
"""requires.txt and pyvenv.cfg have a few lines."""

EGG_LIMIT_BYTES = 1 << 30
"""Of a zipped egg: of a time when the largest had some 50 MiB."""

SBOM_LIMIT_BYTES = 32 << 20
"""Of an SBOM in a wheel: the longest seen (uv) has 800 KB."""

LICENCE_NAME_CHARS = 200
"""A `License` that is longer, or of several lines, is the licence's text and not its name."""

_METADATA = re.compile(
    r"(?:(?P<site>.*)/)?(?:(?P<folder>[^/]+\.(?:dist-info|egg-info)|[^/]+\.egg/EGG-INFO)/(?:METADATA|PKG-INFO|requires\.txt)|[^/]+\.egg(?:-info)?)",
    re.IGNORECASE,
)
_INTERPRETER = re.compile(r"(?:.*/)?(?:lib\d*/python\d[\d.]*/[^/]+|Python-\d[^/]*)\.egg-info")
"""What an interpreter says of itself and of the modules in its own library folder (Python 2.7: argparse, wsgiref)."""


_CONDA_PACKAGE = re.compile(r"(?P<package>(?:.*/)?pkgs/[^/]+)/(?:lib/python[\d.]+/)?site-packages")
"""Where conda unpacks a package before it links its files into an environment."""

_COMPANIONS = ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "installed-files.txt")
"""Files that installers leave beside the metadata: they tell whether a distribution's package or pip put it there (`sbomgen.relations`)."""

_SBOM = re.compile(r"(?P<folder>(?:.*/)?[^/]+\.dist-info)/sboms/[^/]+", re.IGNORECASE)
_EGG_MEMBERS = {b"egg-info/pkg-info": METADATA_LIMIT_BYTES, b"egg-info/requires.txt": SMALL_FILE_LIMIT_BYTES}
_ZIP_MAGIC = b"PK"

_LICENCE_CLASSIFIER = re.compile(r"License :: (?:OSI Approved :: )?(?P<licence>(?!OSI Approved$).+)")
_UNSTATED = frozenset({"", "UNKNOWN", "None"})
"""What setuptools and distutils write into a header for want of a value."""


class DistributionFact(Fact, frozen=True, tag="distribution"):
    """What the metadata of one distribution says."""

    name: str
    version: str
    summary: str = ""
    licences: tuple[str, ...] = ()
    supplier: str = ""
    homepage: str = ""
    requires: tuple[str, ...] = ()
    """`Requires-Dist`, as stated."""


class RequiresFact(Fact, frozen=True, tag="requires"):
    """The requires.txt of an egg-info, in the words of `Requires-Dist`."""

    requires: tuple[str, ...]


class EnvironmentFact(Fact, frozen=True, tag="environment"):
    """The pyvenv.cfg of a virtual environment."""

    system_site: bool
    """Whether the environment also sees the packages of the interpreter it was made with."""


class OriginFact(Fact, frozen=True, tag="origin"):
    """The direct_url.json of a distribution that did not come from an index."""

    origin: Origin


class ComponentsFact(Fact, frozen=True, tag="components"):
    """What an SBOM in a wheel names."""

    components: tuple[Component, ...]


class _Installed(Struct):
    """One version of a distribution in a site folder, gathered from all metadata that speaks of it."""

    fact: DistributionFact
    evidence: list[str]
    requires: list[str]
    origin: Origin = Origin()
    components: list[tuple[str, Component]] = []
    """Each with the path of its document."""


class _Companions(Struct, frozen=True):
    """What other files than the metadata say, by the folder (or zipped egg) that they are in."""

    requires: dict[str, tuple[str, ...]]
    origins: dict[str, Origin]
    components: dict[str, list[tuple[str, Component]]]


class PythonCataloger:
    """What `pip list` shows in each site folder."""

    name = "python"
    version = 3
    title = "Python packages: dist-info, egg-info and eggs in site folders, and the SBOMs in wheels"
    emits = "pypi; of what is in wheels cargo, generic and others"
    proof = Proof.MANAGER
    wants = Wants(
        basenames=frozenset({"METADATA", "PKG-INFO", "requires.txt", "pyvenv.cfg", "direct_url.json"}),
        suffixes=frozenset({".egg-info", ".egg"}),
        folders=(r".*\.dist-info/sboms",),
    )
    fact_type: FactType = DistributionFact | RequiresFact | EnvironmentFact | OriginFact | ComponentsFact

    def read(self, file: EvidenceFile) -> Iterator[Fact | Problem]:
        """The distribution that a metadata file describes (a note where it states no name or no version), or what else bears on one."""
        name = file.path.rpartition("/")[2]
        if name == "pyvenv.cfg":
            yield EnvironmentFact(_sees_system_site(_body(file, SMALL_FILE_LIMIT_BYTES)))
        elif _SBOM.fullmatch(file.path):
            yield from _read_sbom(file.path, _body(file, SBOM_LIMIT_BYTES))
        elif name == "direct_url.json":
            yield from _read_origin(file)
        elif _METADATA.fullmatch(file.path) and not _INTERPRETER.fullmatch(file.path):
            if name.endswith(".egg"):
                yield from _read_egg(file)
            else:
                yield _metadata_fact(
                    file.path, name, _body(file, SMALL_FILE_LIMIT_BYTES if name == "requires.txt" else METADATA_LIMIT_BYTES)
                )

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """A package for each version of a name in a site folder, and for what is in it; edges for the requirements that are met there."""
        sites: dict[str, dict[tuple[str, str], _Installed]] = defaultdict(dict)
        beside = _Companions({}, {}, {})
        environments: dict[str, bool] = {}
        for visible in view.facts(self.name):
            if isinstance(visible.fact, EnvironmentFact):
                environments[_parent(visible.path)] = visible.fact.system_site
            elif not isinstance(visible.fact, DistributionFact):
                _lay_beside(beside, visible.path, visible.fact)
            elif not _is_conda_package(site := _site_of(visible.path, view), view):
                _gather(sites[site], visible.path, visible.fact)
        requirers: dict[str, Requirer] = {}
        inside: list[tuple[Package, list[Package]]] = []
        for site, installed in sites.items():
            for distribution in installed.values():
                _complete(distribution, view, beside)
                package = _package(site, distribution)
                yield package
                components = list(_components(package, distribution.components))
                yield from components
                inside.append((package, components))
                requirer = requirers.setdefault(package.slot, Requirer(package.slot, site, package.slot_name or package.name, []))
                requirer.requires.extend(distribution.requires)
        for wheel, components in inside:
            for component in components:
                yield Edge(EdgeKind.CONTAINS, wheel.slot, component.slot, wheel.raw_version, component.raw_version)
        yield from requirement_edges(list(requirers.values()), Sites(sites, environments, view.root_of))


def parse_metadata(body: bytes) -> Fields:
    """The headers of core metadata: all up to the first empty line; what follows is the description."""
    header, _, _ = body.replace(b"\r\n", b"\n").partition(b"\n\n")
    return parse_fields(text_of(header).split("\n"))


def _body(file: EvidenceFile, limit_bytes: int) -> bytes:
    with file.open(limit_bytes) as stream:
        return stream.read()


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _folder(path: str) -> str:
    """The folder of a metadata file, or the zipped egg that it is in."""
    return path if path.endswith(".egg") else _parent(path)


def _metadata_fact(path: str, name: str, body: bytes) -> Fact | Problem:
    if name.lower() == "requires.txt":
        return RequiresFact(tuple(requirements_of_egg(text_of(body))))
    return _distribution(path, parse_metadata(body))


def _read_egg(file: EvidenceFile) -> Iterator[Fact | Problem]:
    """The metadata in a zipped egg; what is no zip file only has the name of one."""
    with file.open(EGG_LIMIT_BYTES) as stream:
        try:
            archive = Archive(stream)
            for member in archive.members(_EGG_MEMBERS.__contains__):
                name = member.name.rpartition("/")[2]
                yield _metadata_fact(file.path, name, archive.read(member, _EGG_MEMBERS[member.name.lower().encode()]))
        except ArchiveError as exc:
            yield Problem(ProblemCode.EVIDENCE_UNREADABLE, file.path, f"the egg {exc}", loss=file.head.startswith(_ZIP_MAGIC))


def _read_origin(file: EvidenceFile) -> Iterator[Fact | Problem]:
    if not _parent(file.path).lower().endswith((".dist-info", ".egg-info")):
        return
    try:
        yield OriginFact(parse_origin(_body(file, SMALL_FILE_LIMIT_BYTES)))
    except (MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        yield Problem(ProblemCode.BAD_RECORD, file.path, f"the origin cannot be read: {exc}", loss=False)


def _read_sbom(path: str, body: bytes) -> Iterator[Fact | Problem]:
    try:
        components, bad = read_components(body)
    except WheelSbomError as exc:
        yield Problem(ProblemCode.BAD_RECORD, path, str(exc), loss=False)
        return
    yield ComponentsFact(components)
    if bad:
        yield Problem(ProblemCode.BAD_RECORD, path, f"{bad:,} components could not be read, or are too many: left out", loss=False)


def _lay_beside(beside: _Companions, path: str, fact: RequiresFact | OriginFact | ComponentsFact) -> None:
    if isinstance(fact, RequiresFact):
        beside.requires[_folder(path)] = fact.requires
    elif isinstance(fact, OriginFact):
        beside.origins[_parent(path)] = fact.origin
    else:
        beside.components.setdefault(_parent(_parent(path)), []).extend((path, component) for component in fact.components)


def _site_of(path: str, view: ImageView) -> str:
    """The site folder of a metadata file, links resolved: one folder that a layer writes by two names is one root."""
    location = _METADATA.fullmatch(path)
    site = location["site"] or "" if location else ""
    return view.resolve(site) or site


def _is_conda_package(site: str, view: ImageView) -> bool:
    location = _CONDA_PACKAGE.fullmatch(site)
    return location is not None and view.exists(f"{location['package']}/info/index.json")


def _sees_system_site(body: bytes) -> bool:
    settings = (line.partition("=") for line in text_of(body).lower().split("\n"))
    return any(key.strip() == "include-system-site-packages" and value.strip() == "true" for key, _, value in settings)


def _stated(value: str) -> str:
    return "" if value in _UNSTATED else value


def _distribution(path: str, fields: Fields) -> DistributionFact | Problem:
    name, version = (_stated(fields.first(field).partition("\n")[0]) for field in ("name", "version"))
    if not name or not version:
        missing = "Version" if name else "Name"
        return Problem(ProblemCode.BAD_RECORD, path, f"metadata without a {missing}: not taken for a package", loss=False)
    return DistributionFact(
        name=name,
        version=version,
        summary=_stated(fields.first("summary")).partition("\n")[0],
        licences=_licences(fields),
        supplier=_supplier(fields),
        homepage=_homepage(fields),
        requires=tuple(fields.get("requires-dist", ())),
    )


def _licences(fields: Fields) -> tuple[str, ...]:
    """`License-Expression`, which makes all else void (PEP 639); else a `License` that is a name, else the licence classifiers."""
    expression, stated = fields.first("license-expression"), _stated(fields.first("license"))
    if expression:
        return (expression,)
    if stated and "\n" not in stated and len(stated) <= LICENCE_NAME_CHARS:
        return (stated,)
    classifiers = filter(None, map(_LICENCE_CLASSIFIER.fullmatch, fields.get("classifier", ())))
    return tuple(dict.fromkeys(match["licence"] for match in classifiers))


def _supplier(fields: Fields) -> str:
    """The author, else the maintainer: by name, else as the e-mail field has them (`Name <mail>`)."""
    names = ("author", "author-email", "maintainer", "maintainer-email")
    return next((value for name in names if (value := _stated(fields.first(name)))), "").partition("\n")[0]


def _homepage(fields: Fields) -> str:
    """`Home-page`, else the project URL with that label (labels are compared as "Well-known project URLs" says)."""
    urls = (url.partition(",") for url in fields.get("project-url", ()))
    labelled = (address.strip() for label, _, address in urls if re.sub(r"[\W_]", "", label).lower() == "homepage")
    return _stated(fields.first("home-page")) or next(labelled, "")


def _gather(installed: dict[tuple[str, str], _Installed], path: str, fact: DistributionFact) -> None:
    """Adds what one file says; of two that speak of the same version the first by path speaks for both (`a-1.dist-info`, `a.egg-info`)."""
    key = (normalised(fact.name), fact.version)
    if key in installed:
        installed[key].evidence.append(path)
    else:
        installed[key] = _Installed(fact, [path], list(fact.requires))


def _complete(distribution: _Installed, view: ImageView, beside: _Companions) -> None:
    """Adds the companions of the metadata, and what they say."""
    for folder in dict.fromkeys(_folder(path) for path in distribution.evidence if not path.lower().endswith(".egg-info")):
        distribution.evidence.extend(path for name in _COMPANIONS if view.exists(path := f"{folder}/{name}"))
        distribution.requires.extend(beside.requires.get(folder, ()))
        distribution.origin = beside.origins.get(folder, distribution.origin)
        distribution.components.extend(beside.components.get(folder, ()))


def _components(wheel: Package, components: list[tuple[str, Component]]) -> Iterator[Package]:
    """What is in a wheel; its root keeps the version out, so that a new wheel with a new component is an upgrade of that."""
    root = f"{wheel.root}/{wheel.slot_name}.dist-info".lstrip("/")
    paths: dict[Component, dict[str, None]] = defaultdict(dict)
    for path, component in components:
        if component.type != "pypi" or normalised(component.name) != wheel.slot_name:
            paths[component][path] = None
    for component, evidence in paths.items():
        yield Package(
            type=component.type,
            name=component.name,
            raw_version=component.version,
            root=root,
            licences=component.licences,
            hashes=component.hashes,
            qualifiers=component.qualifiers,
            evidence=tuple(evidence),
        )


def _package(site: str, distribution: _Installed) -> Package:
    fact = distribution.fact
    return Package(
        type="pypi",
        name=fact.name,
        slot_name=normalised(fact.name),
        raw_version=fact.version,
        root=site,
        licences=fact.licences,
        hashes=distribution.origin.hashes,
        qualifiers=distribution.origin.qualifiers,
        supplier=fact.supplier or None,
        homepage=fact.homepage or None,
        description=fact.summary or None,
        evidence=tuple(distribution.evidence),
    )
