"""The rules of the house: who may import whom, every plugin in its tuple, every public name with words."""

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = ("sbomgen", "sbommatch")

SOCKET_MODULES: frozenset[str] = frozenset(
    {"sbomgen.image.engines.api", "sbomgen.image.registry.transport", "sbommatch.archive.notifications.webhook"}
)
"""The modules that may open a socket."""

NETWORK_LIBRARIES = {"socket", "ssl", "http", "urllib.request", "ftplib", "smtplib", "asyncio", "requests", "httpx", "urllib3"}
NEVER_IMPORTED = {"pickle", "shelve", "marshal"}
"""No record of ours is ever unpickled: input is hostile."""


def modules(package: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((PROJECT / package).rglob("*.py")):
        parts = path.relative_to(PROJECT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, ast.parse(path.read_text("utf-8"), str(path))


def imports(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.add(node.module or "")
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return found


ALL_IMPORTS = {name: imports(tree) for package in PACKAGES for name, tree in modules(package)}


def importers_of(library: str) -> set[str]:
    return {name for name, found in ALL_IMPORTS.items() if any(one == library or one.startswith(library + ".") for one in found)}


def below(name: str, *folders: str) -> bool:
    return any(name == folder or name.startswith(folder + ".") for folder in folders)


def test_the_two_tools_never_import_each_other() -> None:
    assert not {name for name in importers_of("sbommatch") if below(name, "sbomgen")}
    assert not {name for name in importers_of("sbomgen") if below(name, "sbommatch")}


FLOORS = {
    "sbommatch.versions": "versions advisory",
    "sbommatch.ranges": "ranges versions advisory",
    "sbommatch.formats": "formats ranges versions advisory ecosystems purl problem",
    "sbommatch.sbom": "sbom purl problem errors",
    "sbommatch.supply": "supply formats advisory ecosystems problem errors",
    "sbommatch.vex": "vex sbom formats.csaf_tree statement purl problem errors",
    "sbommatch.store": "store supply formats versions advisory ecosystems purl problem errors collector __version__",
    "sbommatch.match": "match store sbom ranges versions advisory statement ecosystems purl problem errors",
    "sbommatch.archive": "archive reports match store supply sbom versions advisory ecosystems purl problem errors collector __version__",
    "sbomgen.decoders": "decoders",
    "sbomgen.rpmdb": "rpmdb",
    "sbomgen.catalogers": "catalogers rpmdb evidence model decoders errors versions",
    "sbomgen.cache": "cache image evidence layerscan model errors",
    "sbomgen.image": "image evidence layerscan model decoders errors __version__",
    "sbomgen.sbom": "sbom errors",
    "sbomgen.validation": "validation sbom errors",
    "sbomgen.check": "check sbom",
    "sbomgen.documents": "documents diff inventory image.manifest image.index purl model errors sbom validation check",
}
"""What the modules of a folder may import of their own tool: themselves, and the floors below."""


@pytest.mark.parametrize("folder", FLOORS)
def test_a_floor_knows_nothing_above_it(folder: str) -> None:
    tool = folder.partition(".")[0]
    allowed = [f"{tool}.{name}" for name in FLOORS[folder].split()]
    for name, found in ALL_IMPORTS.items():
        if below(name, folder):
            assert not {one for one in found if below(one, *PACKAGES) and one != tool and not below(one, *allowed)}, name


@pytest.mark.parametrize(
    ("library", "folders"),
    [
        ("duckdb", ("sbommatch.store", "sbommatch.match", "sbommatch.archive")),
        ("_duckdb", ("sbommatch.store", "sbommatch.match", "sbommatch.archive")),
        ("click", ("sbomgen.cli", "sbommatch.cli")),
    ],
)
def test_a_library_stays_in_its_rooms(library: str, folders: tuple[str, ...]) -> None:
    assert not {name for name in importers_of(library) if not below(name, *folders)}


@pytest.mark.parametrize("library", sorted(NETWORK_LIBRARIES))
def test_sockets_are_opened_in_the_named_modules_only(library: str) -> None:
    assert importers_of(library) <= SOCKET_MODULES


@pytest.mark.parametrize("library", sorted(NEVER_IMPORTED))
def test_nothing_is_unpickled(library: str) -> None:
    assert not importers_of(library)


def test_sql_lives_in_store_and_archive() -> None:
    words = ("SELECT ", "INSERT INTO ", "CREATE TABLE ")
    for name, tree in modules("sbommatch"):
        if below(name, "sbommatch.store", "sbommatch.archive"):
            continue
        texts = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        assert not [text for text in texts if any(word in text for word in words)], name


def test_types_are_decoded_by_decoders_that_threads_may_share() -> None:
    """Of `sbomgen.decoders`, where it is said why."""
    for name, tree in modules("sbomgen"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                assert node.func.attr != "decode" or "type" not in {one.arg for one in node.keywords}, f"{name}:{node.lineno}"
                assert node.func.attr != "Decoder", f"{name}:{node.lineno}"


PLUGINS = [
    ("sbomgen.catalogers", "CATALOGERS"),
    ("sbomgen.documents", "WRITERS"),
    ("sbomgen.image.sources", "SOURCES"),
    ("sbomgen.image.remotes", "REMOTES"),
    ("sbommatch.versions", "SCHEMES"),
    ("sbommatch.ranges", "SYNTAXES"),
    ("sbommatch.formats", "FORMATS"),
    ("sbommatch.sbom", "READERS"),
    ("sbommatch.reports", "REPORTS"),
    ("sbommatch.vex", "VEX_FORMATS"),
]

NO_PLUGINS = {
    "sbomgen.documents": {
        "check",
        "content",
        "conversion",
        "diff",
        "escape",
        "inspect",
        "layers",
        "licences",
        "properties",
        "spdx_licences",
        "validation",
    },
    "sbommatch.formats": {"csaf_tree"},
    "sbommatch.vex": {"read"},
    "sbommatch.versions": {"scheme", "numbers", "intervals"},
    "sbommatch.sbom": {"component", "read", "spellings"},
    "sbommatch.reports": {"explanation", "output", "report", "text", "vex_document", "words"},
}
"""Modules of a plugin folder that others use too; those that only its plugins share begin with an underscore."""


@pytest.mark.parametrize(("package", "tuple_name"), PLUGINS)
def test_every_plugin_stands_in_its_literal_tuple(package: str, tuple_name: str) -> None:
    plugins = getattr(importlib.import_module(package), tuple_name)
    assert isinstance(plugins, tuple)
    listed = {getattr(plugin, "__module__", None) or type(plugin).__module__ for plugin in plugins} | {
        type(plugin).__module__ for plugin in plugins
    }
    here = {module.name for module in pkgutil.iter_modules([str(PROJECT / package.replace(".", "/"))]) if not module.name.startswith("_")}
    unlisted = {name for name in here - NO_PLUGINS.get(package, set()) if f"{package}.{name}" not in listed}
    assert not unlisted, f"not in {package}.{tuple_name}"
    names = [plugin.name for plugin in plugins if hasattr(plugin, "name")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_has_words(package: str) -> None:
    for name, _ in modules(package):
        module = importlib.import_module(name) if not name.endswith("__main__") else None
        if module is None:
            continue
        assert module.__doc__, name
        for member_name, member in vars(module).items():
            ours = getattr(member, "__module__", None) == name
            if ours and not member_name.startswith("_") and (inspect.isclass(member) or inspect.isfunction(member)):
                assert member.__doc__, f"{name}.{member_name}"


def test_no_module_is_longer_than_it_should_be() -> None:
    longest = 450
    data = {"sbomgen/documents/spdx_licences.py"}
    long_modules = {
        str(path.relative_to(PROJECT)): length
        for package in PACKAGES
        for path in (PROJECT / package).rglob("*.py")
        if (length := len(path.read_text("utf-8").splitlines())) > longest
    }
    assert not set(long_modules) - data, long_modules


def test_both_tools_state_the_same_version() -> None:
    assert importlib.import_module("sbomgen").__version__ == importlib.import_module("sbommatch").__version__
