"""pacman's local database (libalpm: Arch Linux, Manjaro, SteamOS, MSYS2) under any root: a folder `local/NAME-VERSION` for each package.

The folder's name is what pacman lists; the rest stands in files of it, as `%FIELD%` and a value a line up to an empty line: in `desc` what
is said of the package, in `files` what it delivers, folders among the files.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain

from msgspec import Struct

from sbomgen.catalogers._databases import FilesBelow, bounded, depends_on, distro_of_database, no_distribution
from sbomgen.catalogers._fields import is_word, text_of
from sbomgen.evidence import EvidenceFile, Fact, FactType, ImageView, Proof, Wants
from sbomgen.model import Distro, Edge, Package, Problem, ProblemCode, SourcePackage
from sbomgen.versions import compare

DESC_LIMIT_BYTES = 4 << 20
"""The longest of Arch Linux have some 20 KiB, of dependencies and provisions."""

FILES_LIMIT_BYTES = 32 << 20
"""The longest lists (texlive, icon themes) are a few MiB."""

COMPARED_LIMIT_CHARS = 4_000_000
"""Of all versions that dependencies compare, some two seconds: 3,000 packages need less than a million."""

UNKNOWN_PACKAGER = "Unknown Packager"
"""What makepkg writes where nobody set PACKAGER."""

_LOCATION = re.compile(
    r"(?:(?P<root>.+?)/)??(?:var/lib/pacman|usr/lib/sysimage/lib/pacman|usr/lib/holo/pacmandb)/local/(?P<entry>[^/]+)/(?P<file>desc|files)"
)
"""Where Arch Linux and most others have it, bootable containers of it, and SteamOS."""

_ENTRY = re.compile(r"(?P<name>.+)-(?P<version>[^-]+-[^-]+)")
_FIELD = re.compile(r"%[A-Z0-9]+%")
_DEPENDENCY = re.compile(r"(?P<name>[^<>=]+)(?:(?P<operator>[<>]=?|=)(?P<version>.+))?")
_HOLDS = {"<": (-1,), "<=": (-1, 0), "=": (0,), ">=": (0, 1), ">": (1,)}
"""What comparing the provided with the wanted version must give."""


class PacmanDescFact(Fact, frozen=True, tag="desc"):
    """What is said of a package; its name and version are those of the folder."""

    base: str = ""
    """The source package; empty where it is not stated."""
    arch: str = ""
    licences: tuple[str, ...] = ()
    packager: str = ""
    homepage: str = ""
    description: str = ""
    depends: tuple[str, ...] = ()
    """`glibc`, `jre>=11`, `libalpm.so=13-64`."""
    provides: tuple[str, ...] = ()


class PacmanFilesFact(Fact, frozen=True, tag="files"):
    """The files that a package delivers."""

    paths: bytes
    """Relative, one a line: bytes, since file names need not be UTF-8, and a text of their own only when somebody asks."""


class PacmanCataloger:
    """What `pacman -Q` lists; of several folders of one package that of the last layer, and there the highest version."""

    name = "pacman"
    version = 1
    title = "Arch Linux, Manjaro, SteamOS and MSYS2 packages: pacman's var/lib/pacman/local"
    emits = "alpm"
    proof = Proof.MANAGER
    wants = Wants(basenames=frozenset({"desc", "files"}))
    fact_type: FactType = PacmanDescFact | PacmanFilesFact

    def read(self, file: EvidenceFile) -> Iterator[Fact | Problem]:
        """What one of the two files says; a folder whose name is none of a package is a loss."""
        location = _LOCATION.fullmatch(file.path)
        if not location:
            return
        entry = _ENTRY.fullmatch(location["entry"])
        if entry is None or not is_word(location["entry"]):
            if location["file"] == "desc":
                yield Problem(ProblemCode.BAD_RECORD, file.path, "its folder is not named NAME-VERSION-RELEASE: skipped", loss=True)
        elif location["file"] == "files":
            with file.open(FILES_LIMIT_BYTES) as stream:
                yield PacmanFilesFact(_paths(stream.read()))
        else:
            with file.open(DESC_LIMIT_BYTES) as stream:
                fields = _fields(text_of(stream.read()))
            yield from _inconsistent(file.path, fields, entry)
            yield _desc(fields)

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """The packages of every root that has a database, and what they depend on among themselves."""
        roots: dict[str, dict[str, _Entry]] = defaultdict(dict)
        for root, entry in _entries(view, self.name):
            if entry.desc is None:
                yield Problem(ProblemCode.BAD_RECORD, entry.folder, "has no file desc: only name and version are known", loss=True)
            other = roots[root].get(entry.name)
            if other is None or entry.replaces(other):
                roots[root][entry.name] = entry
            if other is not None:
                message = f"a second folder of {entry.name}: {roots[root][entry.name].version} is taken for what is installed"
                yield Problem(ProblemCode.BAD_RECORD, entry.folder, message, loss=False)
        edges: list[Iterator[Edge | Problem]] = []
        comparisons = _Comparisons()
        for root, packages in roots.items():
            path = next(iter(packages.values())).folder
            distro = distro_of_database(view, root, path)
            if distro is None:
                yield no_distribution(root, path)
            assembled = [(_package(root, distro, entry), entry.desc or PacmanDescFact()) for entry in packages.values()]
            yield from (package for package, _ in assembled)
            edges.append(bounded(_edges(assembled, comparisons), path))
        yield from chain.from_iterable(edges)
        if comparisons.left_chars < 0:
            message = f"versions of more than {COMPARED_LIMIT_CHARS:,} characters to compare: the other dependencies are left out"
            yield Problem(ProblemCode.LIMIT_REACHED, path, message, loss=False)


class _Entry(Struct):
    """A folder of a database, on a view."""

    folder: str
    name: str
    version: str
    layer: int
    desc: PacmanDescFact | None = None
    files: PacmanFilesFact | None = None

    def replaces(self, other: "_Entry") -> bool:
        """Where a layer brought one folder of a package without removing the other, or an upgrade broke off."""
        return (self.layer, compare("alpm", self.version, other.version)) > (other.layer, 0)


class _Comparisons:
    """Of provided with wanted versions, for as many characters as the limit leaves."""

    def __init__(self) -> None:
        self.left_chars = COMPARED_LIMIT_CHARS

    def hold(self, version: str, operator: str, wanted: str) -> bool:
        """Whether there is such a version, and it is in that order with the wanted one; a pkgrel counts where both have one."""
        self.left_chars -= len(version) + len(wanted)
        return self.left_chars >= 0 and bool(version) and compare("alpm", version, wanted) in _HOLDS[operator]


def _fields(text: str) -> dict[str, list[str]]:
    """The values of each field, by its name with the percent signs."""
    fields: dict[str, list[str]] = {}
    values: list[str] = []
    for line in text.split("\n"):
        if _FIELD.fullmatch(line):
            values = fields.setdefault(line, [])
        elif line:
            values.append(line)
        else:
            values = []
    return fields


def _paths(body: bytes) -> bytes:
    r"""The files of the field `%FILES%`.

    >>> _paths(b"%FILES%\netc/\netc/a.conf\n\n%BACKUP%\netc/a.conf\td41d8cd98f00b204e9800998ecf8427e\n")
    b'etc/a.conf'
    """
    listed = (b"\n" + body).partition(b"\n%FILES%")[2].partition(b"\n\n")[0]
    return b"\n".join(path for path in listed.split(b"\n") if path and not path.endswith(b"/"))


def _inconsistent(path: str, fields: dict[str, list[str]], entry: re.Match[str]) -> Iterator[Problem]:
    """Pacman goes by the folder and complains where the file differs; one that lacks its first fields was not written to its end."""
    for field, expected in (("%NAME%", entry["name"]), ("%VERSION%", entry["version"])):
        stated = fields.get(field)
        if not stated:
            yield Problem(ProblemCode.BAD_RECORD, path, f"has no {field}: not written to its end", loss=True)
            return
        if stated[0] != expected:
            message = f"{field} is {stated[0]!r}: pacman goes by the folder's name"
            yield Problem(ProblemCode.BAD_RECORD, path, message, loss=False)


def _desc(fields: dict[str, list[str]]) -> PacmanDescFact:
    def first(field: str) -> str:
        return (fields.get(field) or [""])[0].strip()

    return PacmanDescFact(
        base=first("%BASE%"),
        arch=first("%ARCH%"),
        licences=tuple(fields.get("%LICENSE%", ())),
        packager=first("%PACKAGER%"),
        homepage=first("%URL%"),
        description=first("%DESC%"),
        depends=tuple(fields.get("%DEPENDS%", ())),
        provides=tuple(fields.get("%PROVIDES%", ())),
    )


def _entries(view: ImageView, cataloger: str) -> Iterator[tuple[str, _Entry]]:
    """Every folder of a package, with the root whose database it is in."""
    entries: dict[str, tuple[str, _Entry]] = {}
    for visible in view.facts(cataloger):
        location = _LOCATION.fullmatch(visible.path)
        named = location and _ENTRY.fullmatch(location["entry"])
        if not location or not named:
            continue
        folder = visible.path.rpartition("/")[0]
        _, entry = entries.setdefault(folder, (location["root"] or "", _Entry(folder, named["name"], named["version"], visible.layer)))
        if isinstance(visible.fact, PacmanFilesFact):
            entry.files = visible.fact
        else:
            entry.desc, entry.layer = visible.fact, visible.layer
    yield from entries.values()


def _package(root: str, distro: Distro | None, entry: _Entry) -> Package:
    desc = entry.desc or PacmanDescFact()
    return Package(
        type="alpm",
        name=entry.name,
        raw_version=entry.version,
        arch=desc.arch or None,
        root=root,
        distro=distro,
        # makepkg gives all packages of a PKGBUILD its version.
        source=SourcePackage(desc.base or entry.name, entry.version),
        licences=tuple(dict.fromkeys(desc.licences)),
        supplier=desc.packager if desc.packager not in {"", UNKNOWN_PACKAGER} else None,
        homepage=desc.homepage or None,
        description=desc.description or None,
        owned_files=FilesBelow(root, entry.files.paths) if entry.files else (),
        evidence=tuple(f"{entry.folder}/{name}" for name, fact in (("desc", entry.desc), ("files", entry.files)) if fact is not None),
    )


def _edges(packages: list[tuple[Package, PacmanDescFact]], comparisons: _Comparisons) -> Iterator[Edge]:
    """To every package that satisfies a dependency, as libalpm sees it: of several versions of a soname each is for those who want it."""
    providers: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for package, desc in packages:
        provided = ((name, version if operator == "=" else "") for name, operator, version in _dependencies(desc.provides))
        for name, version in dict.fromkeys(((package.name, package.raw_version), *provided)):
            providers[name][version].append(package.slot)
    for package, desc in packages:
        for name, operator, wanted in dict.fromkeys(_dependencies(desc.depends)):
            if comparisons.left_chars < 0:
                return
            for version, slots in providers.get(name, {}).items():
                if not operator or comparisons.hold(version, operator, wanted):
                    yield from depends_on(package.slot, slots)


def _dependencies(stated: tuple[str, ...]) -> Iterator[tuple[str, str, str]]:
    """Name, operator and version, the latter two empty where any version will do.

    >>> list(_dependencies(("glibc", "jre>=11", "libalpm.so=13-64")))
    [('glibc', '', ''), ('jre', '>=', '11'), ('libalpm.so', '=', '13-64')]
    """
    for text in stated:
        dependency = _DEPENDENCY.fullmatch(text)
        if dependency:
            yield dependency["name"], dependency["operator"] or "", dependency["version"] or ""
