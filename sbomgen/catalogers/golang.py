"""Go modules in executables, as `go version -m` shows them (runtime/debug's `ParseBuildInfo`), and the standard library they hold.

A replaced module is listed as what it was replaced by; a replacement that is a folder has no identity that anybody could look up, so it
is left out. The main module's version is what Go states; where that is `(devel)`, what the linker's flags set a version to
(`-X main.version=1.2.3`), if it can be one of that module, and the description says so; else the commit that Go states, written as the
pseudo-version of that commit. Other values are texts that the program prints: they stand in the description alone (Prometheus calls
itself 2.45.0, its module is v0.45.0). Executables that were built without modules (Debian's) have no versions: there is their main
package, by its import path, and the standard library.
"""

import re
from collections.abc import Iterator

from msgspec import Struct, structs

from sbomgen.catalogers._buildinfo import BuildInfo, BuildInfoError, build_info
from sbomgen.catalogers._executables import (
    EXECUTABLE_LIMIT_BYTES,
    EXECUTABLE_MAGIC,
    GO_BUILD_INFO,
    bytes_of,
    delivered_executable,
    executable_of,
)
from sbomgen.catalogers._fields import text_of
from sbomgen.evidence import EvidenceFile, Fact, FactType, ImageView, Proof, VisibleFact, Wants
from sbomgen.model import Edge, EdgeKind, Package, Problem, ProblemCode, Technique

MODULES_LIMIT = 20_000
"""Modules of one executable; the largest known have some 2,500."""

STANDARD_LIBRARY = "stdlib"
"""What Go's vulnerability database calls it."""

_SETTINGS = frozenset({"-ldflags", "vcs.revision", "vcs.time", "vcs.modified"})
"""Of the `build` lines, those that bear on the main module's version."""
_UNSTATED = {"", "(devel)"}
"""The version of a module that was built from a folder."""
_FOLDER = re.compile(r"\.{0,2}[/\\].*|\.{1,2}|[A-Za-z]:.*")
"""A replacement that is a folder and no module (`modfile.IsDirectoryPath`, and absolute paths)."""
_RELEASE = re.compile(r"go(?P<release>\d{1,5}(?:\.\d{1,5}){1,2}(?:(?:beta|rc)\d{1,5})?)(?![\w.]|-devel)")
"""A release of Go; what a distributor or an experiment adds is behind it: ` (Red Hat 1.26.5-1.el9)`, `-acme`, ` X:boringcrypto`."""
_MAJOR = re.compile(r".*(?:/|^gopkg\.in/.*\.)v([2-9]|[1-9][0-9]{1,4})")
"""The major version in a module's path."""
_TIME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)Z")
_REVISION = re.compile(r"[0-9a-f]{12,64}")
_QUOTED = re.compile(r"\\(.)")
_LINKED = re.compile(r"""-X[\s=]+['"]?(?P<package>[^\s'"=]+)\.ver(?:sion)?=(?P<version>v?[0-9][^\s'"]*)""", re.IGNORECASE)
_LINKED_MODULE = re.compile(r"v?(?P<release>(?P<major>\d{1,9})\.\d{1,9}\.\d{1,9}(?:-(?:alpha|beta|rc)[.\d]{0,9})?)")
"""A release; not what `git describe` makes of a later commit (`1.2.3-5-gabcdef`), for that counts as earlier than 1.2.3."""
_IMPORT_PATH = re.compile(r"[\w\-]+(?:\.[\w\-]+)+(?:/[\w.~\-]+)+")
"""Of a package that is no part of Go; `command-line-arguments` is none."""


class GoModule(Struct, frozen=True, array_like=True):
    """A module that was compiled in, after replacement."""

    path: str
    version: str
    """`v1.2.3`; empty where Go states none."""


class GoFact(Fact, frozen=True):
    """The build information of one executable."""

    go_version: str
    """As Go states it: `go1.21.3 X:boringcrypto`."""
    main: GoModule | None = None
    """Built without modules the main package; None where it was built from files (`go build main.go`)."""
    dependencies: tuple[GoModule, ...] = ()
    linked_version: str = ""
    """What the linker's flags say where Go states no version; empty too where they say several."""


class GolangCataloger:
    """What `go version -m` lists, and the standard library."""

    name = "golang"
    version = 2
    title = "Go modules: the build information in ELF, PE and Mach-O executables"
    emits = "golang"
    proof = Proof.MANAGER
    wants = Wants(magic=EXECUTABLE_MAGIC)
    fact_type: FactType = GoFact

    def read(self, file: EvidenceFile) -> Iterator[GoFact | Problem]:
        """The build information; damaged it is a loss, a line in it that cannot be read a note, and so is a packed executable."""
        executable = executable_of(file)
        if executable is None:
            return
        if executable.packed:
            yield Problem(
                ProblemCode.EVIDENCE_UNREADABLE, file.path, "packed by UPX: not read, whatever it holds is not listed", loss=False
            )
        elif GO_BUILD_INFO in executable.sections or executable.data:
            with file.open(EXECUTABLE_LIMIT_BYTES) as stream:
                try:
                    found = build_info(executable, bytes_of(file, stream))
                except BuildInfoError as exc:
                    message = f"Go's build information cannot be read, its modules are not listed: {exc}"
                    yield Problem(ProblemCode.BAD_RECORD, file.path, message, loss=True)
                    return
            yield from _facts(file.path, found) if found else ()

    def assemble(self, view: ImageView) -> Iterator[Package | Edge | Problem]:
        """The modules of each executable; it is their root. The main module depends on all others: Go states no more."""
        edges: list[Edge] = []
        for visible in view.facts(self.name):
            fact: GoFact = visible.fact
            library = _library(visible)
            others = [library, *(_package(visible, module) for module in dict.fromkeys(fact.dependencies) if module != fact.main)]
            if fact.main:
                main = _package(visible, fact.main, f"{fact.linked_version} by its linker flags" if fact.linked_version else None)
                main = structs.replace(main, file=delivered_executable(visible.path))
                yield main
                slots = dict.fromkeys(package.slot for package in others)
                edges.extend(Edge(EdgeKind.DEPENDS_ON, main.slot, slot) for slot in slots if slot != main.slot)
            yield from others
        yield from edges


class _Modules:
    """The lines of the module information while they come in."""

    def __init__(self) -> None:
        self.main: GoModule | None = None
        self.package = ""
        self.dependencies: list[GoModule] = []
        self.settings: dict[str, str] = {}
        self._replaceable = False

    def add(self, line: str) -> bool:
        """False where the line breaks the rules of its kind; kinds that nobody knows yet are passed over."""
        kind, _, rest = line.partition("\t")
        if kind == "build":
            key, equals, value = rest.partition("=")
            if key in _SETTINGS:
                self.settings[key] = _unquoted(value)
            return bool(key and equals)
        if kind == "=>":
            return self._replace(rest.split("\t"))
        self._replaceable = False
        if kind == "path" and _IMPORT_PATH.fullmatch(rest):
            self.package = rest
        if kind not in {"mod", "dep"}:
            return True
        module = _module(rest.split("\t"))
        if module is None:
            return False
        if kind == "mod":
            self.main = module
        else:
            self.dependencies.append(module)
            self._replaceable = True
        return True

    def _replace(self, columns: list[str]) -> bool:
        """The module of the line before is not there: what this line says is there instead."""
        replaceable, self._replaceable = self._replaceable, False
        if not replaceable:
            return False
        self.dependencies.pop()
        if _FOLDER.fullmatch(columns[0]):
            return True
        module = _module(columns)
        if module:
            self.dependencies.append(module)
        return module is not None


def release_of(go_version: str) -> str:
    """A release of Go without what a distributor or an experiment adds; empty for one under development.

    >>> release_of("go1.21.3 (Red Hat 1.21.3-4.el9)"), release_of("go1.17-acme X:boringcrypto"), release_of("go1.21rc2")
    ('1.21.3', '1.17', '1.21rc2')
    >>> release_of("devel go1.22-2ee1a1b Tue Nov 7 2023")
    ''
    """
    release = _RELEASE.match(go_version)
    return release["release"] if release else ""


def pseudo_version(path: str, settings: dict[str, str]) -> str:
    """The commit that a main module was built from, as Go names commits without a tag before them; empty where Go states none.

    >>> pseudo_version("a.b/c/v2", {"vcs.revision": "0123456789abcdef", "vcs.time": "2025-02-08T03:01:26Z", "vcs.modified": "true"})
    'v2.0.0-20250208030126-0123456789ab+dirty'
    """
    revision, time = _REVISION.fullmatch(settings.get("vcs.revision", "")), _TIME.fullmatch(settings.get("vcs.time", ""))
    if not revision or not time:
        return ""
    major = _MAJOR.fullmatch(path)
    dirty = "+dirty" if settings.get("vcs.modified") == "true" else ""
    return f"v{major[1] if major else '0'}.0.0-{''.join(time.groups())}-{revision[0][:12]}{dirty}"


def linked_module_version(path: str, linked_version: str) -> str:
    """The version of a module of which the linker's flags speak, as Go writes it; empty where no module of that path can have it.

    >>> linked_module_version("a.b/c", "1.2.3"), linked_module_version("a.b/c", "2.45.0"), linked_module_version("a.b/c/v2", "v2.0.0-rc.1")
    ('v1.2.3', '', 'v2.0.0-rc.1')
    """
    version, major = _LINKED_MODULE.fullmatch(linked_version), _MAJOR.fullmatch(path)
    fits = version and (version["major"] == major[1] if major else version["major"] in {"0", "1"})
    return f"v{version['release']}" if version and fits else ""


def _facts(path: str, info: BuildInfo) -> Iterator[GoFact | Problem]:
    modules = _Modules()
    bad_line = 0
    for number, line in enumerate(text_of(info.modules).split("\n"), start=1):
        if len(modules.dependencies) > MODULES_LIMIT:
            message = f"more than {MODULES_LIMIT:,} modules: the others are left out"
            yield Problem(ProblemCode.LIMIT_REACHED, path, message, loss=True)
            break
        if not modules.add(line):
            bad_line = bad_line or number
    if bad_line:
        where = f"{path}: line {bad_line} of Go's build information"
        yield Problem(ProblemCode.BAD_RECORD, where, "a line that cannot be read: skipped", loss=False)
    main, linked_version = modules.main, ""
    if main and not main.version:
        linked_version = _linked_version(main.path, modules.settings.get("-ldflags", ""))
        main = GoModule(main.path, linked_module_version(main.path, linked_version) or pseudo_version(main.path, modules.settings))
    elif not main and modules.package:
        main = GoModule(modules.package, "")
    yield GoFact(" ".join(text_of(info.go_version).split()), main, tuple(modules.dependencies), linked_version)


def _module(columns: list[str]) -> GoModule | None:
    """Path, version and (unless it was replaced) a checksum."""
    path, version = [*columns, ""][:2]
    if len(columns) not in {2, 3} or path.split() != [path] or (version and version.split() != [version]):
        return None
    return GoModule(path, "" if version in _UNSTATED else version)


def _unquoted(value: str) -> str:
    if value.startswith("`"):
        return value.strip("`")
    return _QUOTED.sub(r"\1", value[1:-1]) if value.startswith('"') else value


def _linked_version(path: str, flags: str) -> str:
    """What `-X` sets a version of the main package to, else those of packages of the main module; nothing where they differ."""
    stated: dict[bool, set[str]] = {True: set(), False: set()}
    for linked in _LINKED.finditer(flags):
        if linked["package"] == "main" or f"{linked['package']}/".startswith(f"{path}/"):
            stated[linked["package"] == "main"].add(linked["version"])
    versions = stated[True] or stated[False]
    return versions.pop() if len(versions) == 1 else ""


def _library(visible: VisibleFact) -> Package:
    stated = visible.fact.go_version
    release = release_of(stated)
    return _package(visible, GoModule(STANDARD_LIBRARY, release), None if stated == f"go{release}" else stated)


def _package(visible: VisibleFact, module: GoModule, description: str | None = None) -> Package:
    return Package(
        type="golang",
        name=module.path,
        raw_version=module.version,
        root=visible.path,
        description=description,
        evidence=(visible.path,),
        technique=Technique.BINARY_ANALYSIS,
    )
