"""The package databases of dpkg (deb-status, dpkg(1)) and of its small sibling opkg, under any root.

`var/lib/dpkg/status` has one stanza a package; distroless images have a file a package in `var/lib/dpkg/status.d` instead, with
NAME.md5sums beside it. What a package delivers stands in `info/NAME[:ARCH].list`, folders among the files; under which licences, in
`usr/share/doc/NAME/copyright` (the folder may be a link to another package's).
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from msgspec import Struct

from sbomgen.catalogers._copyright import declared_licences
from sbomgen.catalogers._databases import FilesBelow, bounded, depends_on, distro_of_database, no_distribution
from sbomgen.catalogers._fields import Fields, is_word, stanzas
from sbomgen.evidence import EvidenceFile, Fact, FactType, ImageView, Proof, VisibleFact, Wants
from sbomgen.model import Distro, Edge, Package, Problem, ProblemCode, SourcePackage

DATABASE_LIMIT_BYTES = 128 << 20
"""All of Debian installed would be some 100 MiB."""

LIST_LIMIT_BYTES = 32 << 20
"""The longest lists (kernel headers, texlive) are a few MiB."""

COPYRIGHT_LIMIT_BYTES = 4 << 20
"""The longest of Debian (chromium, libreoffice) are some 1 MiB; a longer one names no licence, which is no loss."""

_DATABASE = re.compile(r"(?:(?P<root>.*)/)?(?:(?P<dpkg>var/lib/dpkg/)(?:status|status\.d/[^/]+)|(?P<opkg>(?:usr|var)/lib/opkg/)status)")
_LIST = re.compile(r"(?:.*/)?(?:var/lib/dpkg/(?:info|status\.d)|(?:usr|var)/lib/opkg/info)/[^/]+\.(?:list|md5sums)")
_COPYRIGHT = re.compile(r"(?:.*/)?usr/share/doc/[^/]+/copyright")
_SOURCE = re.compile(r"(?P<name>[^\s(]+)\s*(?:\(\s*(?P<version>[^\s)]+)\s*\))?")
_RELATION = re.compile(r"(?P<name>[^\s:(<\[]+)(?::(?P<arch>[^\s(<\[]+))?")
_MD5SUM_PATH = re.compile(rb"^[0-9A-Fa-f]{32} [ *](?:\./)*/*(.*[^\r\n])\r*$", re.MULTILINE)

ABSENT_STATES = frozenset({"not-installed", "config-files"})
"""States (third word of Status) in which nothing but settings is on the disk; in all others, half-installed too, the package is there."""

NO_ARCH = "all"


class DpkgPackageFact(Fact, frozen=True, tag="package"):
    """One stanza of a package that is on the disk."""

    name: str
    version: str
    arch: str = ""
    source: str = ""
    """As stated: empty where it is the package itself, `NAME` or `NAME (VERSION)`."""
    maintainer: str = ""
    homepage: str = ""
    description: str = ""
    depends: str = ""
    """Pre-Depends and Depends, as stated."""
    provides: str = ""


class DpkgFilesFact(Fact, frozen=True, tag="files"):
    """The files that one package delivers."""

    paths: bytes
    """Relative, one a line: bytes, since file names need not be UTF-8, and a text of their own only when somebody asks."""


class DpkgLicencesFact(Fact, frozen=True, tag="licences"):
    """What a copyright file declares."""

    licences: tuple[str, ...]


class _Companions(Struct, frozen=True):
    """What stands in files of its own beside the databases, by path."""

    lists: dict[str, DpkgFilesFact]
    licences: dict[str, tuple[str, ...]]
    resolve: Callable[[str], str | None]

    def licences_of(self, root: str, name: str) -> tuple[str, ...]:
        """Those of the package's copyright file; many packages have their folder, or the file, as a link to that of their source."""
        path = f"{root}/usr/share/doc/{name}/copyright".lstrip("/")
        if not self.licences or path in self.licences:
            return self.licences.get(path, ())
        return self.licences.get(self.resolve(path) or "", ())


class DpkgCataloger:
    """What `dpkg-query -W` lists, and what is unpacked but not configured; every architecture of a package is a package."""

    name = "dpkg"
    version = 2
    title = "Debian packages: var/lib/dpkg/status and status.d, opkg's status"
    emits = "deb, opkg"
    proof = Proof.MANAGER
    wants = Wants(
        basenames=frozenset({"status", "copyright"}),
        suffixes=frozenset({".list", ".md5sums"}),
        folders=(r"(?:.*/)?var/lib/dpkg/status\.d",),
    )
    fact_type: FactType = DpkgPackageFact | DpkgFilesFact | DpkgLicencesFact

    def read(self, file: EvidenceFile) -> Iterator[Fact | Problem]:
        """The stanzas of a status file (one without name or version is a loss), the files of a list, or declared licences."""
        if _LIST.fullmatch(file.path):
            with file.open(LIST_LIMIT_BYTES) as stream:
                read = _paths_of_md5sums if file.path.endswith(".md5sums") else _paths_of_list
                yield DpkgFilesFact(b"\n".join(read(stream.read())))
        elif _COPYRIGHT.fullmatch(file.path):
            if file.size_bytes <= COPYRIGHT_LIMIT_BYTES:
                with file.open(COPYRIGHT_LIMIT_BYTES) as stream:
                    licences = declared_licences(stream.read())
                yield from (DpkgLicencesFact(licences),) if licences else ()
        elif _DATABASE.fullmatch(file.path):
            with file.open(DATABASE_LIMIT_BYTES) as stream:
                body = stream.read()
            for line, fields in stanzas(body):
                yield from _read_stanza(f"{file.path}: line {line}", fields)

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """The packages of every database with the files they deliver, and what they depend on among themselves."""
        beside = _Companions({}, {}, view.resolve)
        databases: dict[tuple[str, str], dict[tuple[str, str], VisibleFact]] = defaultdict(dict)
        for visible in view.facts(self.name):
            if isinstance(visible.fact, DpkgFilesFact):
                beside.lists[visible.path] = visible.fact
            elif isinstance(visible.fact, DpkgLicencesFact):
                beside.licences[visible.path] = visible.fact.licences
            elif (database := _database_of(visible.path)) is not None:
                packages, key = databases[database], (visible.fact.name, visible.fact.arch)
                if key not in packages or visible.layer >= packages[key].layer:
                    packages[key] = visible
        edges: list[Iterator[Edge | Problem]] = []
        for (purl_type, root), packages in databases.items():
            path = next(iter(packages.values())).path
            distro = distro_of_database(view, root, path)
            if distro is None:
                yield no_distribution(root, path)
            assembled = [(_package(found, purl_type, root, distro, beside), found.fact) for found in packages.values()]
            yield from (package for package, _ in assembled)
            edges.append(bounded(_edges(assembled), path))
        yield from chain.from_iterable(edges)


def _read_stanza(where: str, fields: Fields) -> Iterator[DpkgPackageFact | Problem]:
    status = fields.first("status").split()
    if len(status) > 2 and status[2] in ABSENT_STATES:
        return
    name, version = fields.first("package"), fields.first("version")
    if not is_word(name) or not is_word(version):
        missing = f"Version of {name}" if is_word(name) else "Package"
        yield Problem(ProblemCode.BAD_RECORD, where, f"stanza without a usable {missing}: skipped", loss=True)
        return
    yield DpkgPackageFact(
        name=name,
        version=version,
        arch=fields.first("architecture"),
        source=fields.first("source"),
        maintainer=fields.first("maintainer"),
        homepage=fields.first("homepage"),
        description=fields.first("description").partition("\n")[0],
        depends=", ".join(filter(None, (fields.first("pre-depends"), fields.first("depends")))),
        provides=fields.first("provides"),
    )


def _paths_of_list(body: bytes) -> Iterable[bytes]:
    """The files of an `info/NAME.list`, which names each folder on the way too; of opkg's lines only the first column is a path.

    An empty folder cannot be told from a file and stays.
    """
    lines = [line.partition(b"\t")[0].strip(b"/\r") for line in body.split(b"\n")]
    folders = {path.rpartition(b"/")[0] for path in lines}
    return (path for path in lines if path not in folders and path != b".")


def _paths_of_md5sums(body: bytes) -> Iterable[bytes]:
    """The files of a md5sums file: no links, no settings files."""
    return _MD5SUM_PATH.findall(body)


def _database_of(path: str) -> tuple[str, str] | None:
    """PURL type and root of a status file."""
    location = _DATABASE.fullmatch(path)
    return ("deb" if location["dpkg"] else "opkg", location["root"] or "") if location else None


def _package(visible: VisibleFact, purl_type: str, root: str, distro: Distro | None, beside: _Companions) -> Package:
    fact: DpkgPackageFact = visible.fact
    found = [path for path in _list_paths(visible.path, fact) if path in beside.lists]
    return Package(
        type=purl_type,
        name=fact.name,
        raw_version=fact.version,
        arch=fact.arch or None,
        root=root,
        distro=distro,
        source=_source(fact),
        licences=beside.licences_of(root, fact.name),
        supplier=fact.maintainer or None,
        homepage=fact.homepage or None,
        description=fact.description or None,
        owned_files=FilesBelow(root, beside.lists[found[0]].paths) if found else (),
        evidence=(visible.path, *found),
    )


def _list_paths(database: str, fact: DpkgPackageFact) -> Iterator[str]:
    """Where the package's lists may stand, the fullest first; only what is `Multi-Arch: same` has the architecture in the name."""
    folder, _, _file = database.rpartition("/")
    if folder.endswith("status.d"):
        yield f"{database}.md5sums"
        folder = folder.rpartition("/")[0]
    for ending in (".list", ".md5sums"):
        for package in (f"{fact.name}:{fact.arch}", fact.name):
            yield f"{folder}/info/{package}{ending}"


def _source(fact: DpkgPackageFact) -> SourcePackage:
    """The source package; name and version are the binary's where the database does not say otherwise (Debian Policy 5.6.1).

    A rebuild's `+b1` is on the binary only: then the database states the version, and no suffix has to be guessed away.
    """
    stated = _SOURCE.match(fact.source)
    if not stated:
        return SourcePackage(fact.name, fact.version)
    return SourcePackage(stated["name"], stated["version"] or fact.version)


def _edges(packages: list[tuple[Package, DpkgPackageFact]]) -> Iterator[Edge]:
    """Every installed alternative of every dependency; versions are not compared, since dpkg has seen to them."""
    providers: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for package, fact in packages:
        for name in dict.fromkeys((fact.name, *(name for name, _ in _relations(fact.provides)))):
            providers[name][fact.arch].append(package.slot)
    native = _native_arch(fact.arch for _, fact in packages)
    for package, fact in packages:
        own_arch = native if fact.arch == NO_ARCH else fact.arch
        for name, stated in dict.fromkeys(_relations(fact.depends)):
            by_arch = providers.get(name, {})
            arches = {own_arch if stated in {"", "any", "native"} else stated, NO_ARCH} & by_arch.keys() or by_arch.keys()
            yield from depends_on(package.slot, (slot for arch in sorted(arches) for slot in by_arch[arch]))


def _native_arch(arches: Iterable[str]) -> str:
    """The architecture of most packages: the one that the dependencies of `all` packages mean."""
    counted = Counter(arch for arch in arches if arch != NO_ARCH).most_common(1)
    return counted[0][0] if counted else ""


def _relations(text: str) -> Iterator[tuple[str, str]]:
    """Name and architecture qualifier of every package in a relationship field.

    >>> list(_relations("libc6 (>= 2.34), python3:any | python2, foo [amd64] <!nocheck>"))
    [('libc6', ''), ('python3', 'any'), ('python2', ''), ('foo', '')]
    """
    for alternative in re.split(r"[,|]", text):
        relation = _RELATION.match(alternative.strip())
        if relation:
            yield relation["name"], relation["arch"] or ""
