"""Every package that Syft or Trivy reports in an image of the corpus is found, or an exception that the image itself proves."""

import json
import os
import posixpath
import re
import sqlite3
import subprocess
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.run import run

IMAGES = (
    *("alpine-3.9", "alpine-3.18", "alpine-3.20", "debian12-slim", "edge"),
    *("rpm-bdb", "rpm-mariner2", "rpm-self-sqlite", "rpm-sle15"),
)
MORE_IMAGES = ("big", "bins", "java-app", "node-app", "py-modern", "python-app")

SYFT_TYPES = {
    "apk": "os",
    "deb": "os",
    "rpm": "os",
    "go-module": "golang",
    "java-archive": "maven",
    "jenkins-plugin": "maven",
    "npm": "npm",
    "python": "pypi",
    "rust-crate": "cargo",
}
TRIVY_TYPES = {"python-pkg": "pypi", "node-pkg": "npm", "gobinary": "golang", "jar": "maven", "rustbinary": "cargo"}
PURL_TYPES = {"deb": "os", "rpm": "os", "apk": "os"}
NOT_READ = {"binary", "dotnet", "apple-app-bundle"}
"""Types of Syft's that no cataloger reads: programs of Windows and macOS, which lie in packages of Python and npm here."""

PRIVATE = r'"private": ?true'
"""Of a package.json: npm refuses to publish it, so nobody can have installed it."""

UNVERSIONED = r'\A(?!(?s:.*)"version")'
"""Of a package.json: npm installs nothing that has no version."""

NO_MODULE = r"path\t{}\nbuild\t"
"""Of an executable: the module, which would have the version, is not stated between the two (`go version -m`)."""

UNNAMED = r'\A(?!(?s:.*)"{}")'
"""Of npm's own package.json, which names all that npm brings with it (`bundleDependencies`), but for what those need."""

RESOLVER, POLYFILL = "app/node_modules/resolve/test/resolver", "usr/share/nodejs/web-streams-polyfill"

EXCEPTIONS: dict[tuple[str, str, str], tuple[str, str]] = {
    ("edge", "escape", "1.0"): ("../../escape/node_modules/escape/package.json", '"escape"'),
    ("big", "cmake-data", "3.25.1-1"): (
        "var/lib/dpkg/status",
        r"\nPackage: cmake-data\nStatus: deinstall ok config-files\n(?:.+\n)*Version: 3\.25\.1-1\n",
    ),
    ("big", "bin", "1.0.0"): ("usr/share/nodejs/terser/bin/package.json", PRIVATE),
    ("big", "web-streams-polyfill-es2018", ""): (f"{POLYFILL}/es2018/package.json", UNVERSIONED),
    ("big", "web-streams-polyfill-es6", ""): (f"{POLYFILL}/es6/package.json", UNVERSIONED),
    ("big", "web-streams-ponyfill", ""): (f"{POLYFILL}/ponyfill/package.json", UNVERSIONED),
    ("big", "web-streams-ponyfill-es2018", ""): (f"{POLYFILL}/ponyfill/es2018/package.json", UNVERSIONED),
    ("big", "web-streams-ponyfill-es6", ""): (f"{POLYFILL}/ponyfill/es6/package.json", UNVERSIONED),
    ("bins", "github.com/cli/cli/v2/cmd/gh", "2.23.0"): ("usr/bin/gh", NO_MODULE),
    ("bins", "github.com/docker/cli/cmd/docker", "20.10.24+dfsg1"): ("usr/bin/docker", NO_MODULE),
    ("bins", "github.com/docker/docker/cmd/dockerd", "20.10.24+dfsg1"): ("usr/sbin/dockerd", NO_MODULE),
    ("bins", "github.com/opencontainers/runc", "1.1.5+ds1"): ("usr/sbin/runc", NO_MODULE),
    ("java-app", "fat", "0.4.2"): ("app/fat.jar", r"META-INF/maven/com\.example/shop/pom\.properties"),
    ("node-app", "@my-scope/package-a", "0.0.0"): (f"{RESOLVER}/multirepo/packages/package-a/package.json", PRIVATE),
    ("node-app", "@my-scope/package-b", "0.0.0"): (f"{RESOLVER}/multirepo/packages/package-b/package.json", PRIVATE),
    ("node-app", "ljharb-monorepo-symlink-test", "0.0.0"): (f"{RESOLVER}/multirepo/package.json", PRIVATE),
    ("node-app", "mylib", "0.0.0"): (f"{RESOLVER}/nested_symlinks/mylib/package.json", PRIVATE),
    ("node-app", "baz", ""): (f"{RESOLVER}/baz/package.json", UNVERSIONED),
    ("node-app", "browser_field", ""): (f"{RESOLVER}/browser_field/package.json", UNVERSIONED),
    ("node-app", "false_main", ""): (f"{RESOLVER}/false_main/package.json", UNVERSIONED),
    ("node-app", "invalid_main", ""): (f"{RESOLVER}/invalid_main/package.json", UNVERSIONED),
    ("node-app", "benchmark", "1.0.0"): ("app/node_modules/fast-uri/benchmark/package.json", PRIVATE),
    ("node-app", "node-app", "1.2.3"): ("app/package.json", PRIVATE),
    ("node-app", "npm-init", "0.0.0"): ("usr/local/lib/node_modules/npm/package.json", UNNAMED),
}
"""What is not found, with a file of the image and what it says: a path that leads out of the root; a package that was removed but for its
configuration; parts and fixtures of packages; a version that stands somewhere in a program; the pom of a jar of another name."""


class Row(NamedTuple):
    """A package as a tool names it; of a Maven artifact without its group, which Syft makes up where it knows none."""

    ecosystem: str
    name: str
    version: str


Located = tuple[Row, str]
"""A package and the file that shows it."""


def row(ecosystem: str, name: str, version: str) -> Row:
    """In the spelling that all share: Syft writes Go's releases with `go`, Trivy Go's versions without `v` and rpm's without epoch."""
    if ecosystem == "pypi":
        name = re.sub(r"[-_.]+", "-", name.lower())
    if ecosystem == "maven":
        name = name.rpartition(":")[2].rpartition("/")[2]
    if ecosystem == "golang":
        name, version = name.lower(), re.sub(r"^(?:v|go)(?=\d)", "", version)
    if ecosystem == "os":
        version = re.sub(r"^\d+:", "", version)
    return Row(ecosystem, name, "" if version in {"UNKNOWN", "(devel)"} else version)


def listed_by_syft(program: Path, archive: Path, home: Path) -> Iterator[Located]:
    environment = {"SYFT_CHECK_FOR_APP_UPDATE": "false", "HOME": str(home), "PATH": os.defpath}
    command = [str(program), "scan", f"docker-archive:{archive}", "-q", "-o", "syft-json"]
    for found in json.loads(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)["artifacts"]:
        if found["type"] not in NOT_READ:
            path = found["locations"][0]["path"].lstrip("/") if found["locations"] else ""
            yield row(SYFT_TYPES[found["type"]], found["name"], found["version"]), path


def listed_by_trivy(program: Path, archive: Path, home: Path) -> Iterator[Located]:
    java_index(home / "java-db")
    offline = ("--offline-scan", "--skip-db-update", "--skip-java-db-update")
    options = ("--format", "json", "--list-all-pkgs", "--scanners", "license")
    command = [str(program), "--cache-dir", str(home), "-q", "image", "--input", str(archive), *offline, *options]
    for result in json.loads(subprocess.run(command, capture_output=True, check=True).stdout)["Results"]:
        for found in result.get("Packages", ()):
            ecosystem = "os" if result["Class"] == "os-pkgs" else TRIVY_TYPES[result["Type"]]
            version = "-".join(filter(None, (found.get("Version"), found.get("Release"))))
            yield row(ecosystem, found["Name"], version), found.get("FilePath", result["Target"]).lstrip("/")


def java_index(folder: Path) -> None:
    """An index of no jars: without any Trivy reads none."""
    folder.mkdir()
    (folder / "metadata.json").write_text('{"Version": 1, "NextUpdate": "2099-01-01T00:00:00Z"}')
    connection = sqlite3.connect(folder / "trivy-java.db")
    connection.execute("CREATE TABLE artifacts (id INTEGER PRIMARY KEY, group_id TEXT, artifact_id TEXT)")
    connection.execute("CREATE TABLE indices (artifact_id INTEGER, version TEXT, sha1 BLOB, archive_type TEXT)")
    connection.close()


def listed_by_us(archive: Path) -> list[Any]:
    ran = run("sbomgen", archive, "-q", "-o", "cyclonedx-json")
    assert ran.code == 0, ran.stderr
    return [component for component in ran.json["components"] if "purl" in component]


def our_row(component: Any) -> Row:
    ecosystem = component["purl"].removeprefix("pkg:").partition("/")[0]
    with_group = ecosystem in {"npm", "golang"} and component.get("group")
    name = f"{component['group']}/{component['name']}" if with_group else component["name"]
    return row(PURL_TYPES.get(ecosystem, ecosystem), name, component.get("version", ""))


class Files:
    """The files of a docker-archive by the names in its layers; of several of one name the last."""

    def __init__(self, archive: Path) -> None:
        self._archive = archive
        self._found: dict[str, tuple[str, tarfile.TarInfo]] = {}
        with tarfile.open(archive) as outer:
            for layer in json.load(self._opened(outer, "manifest.json"))[0]["Layers"]:
                with tarfile.open(fileobj=self._opened(outer, layer)) as inner:
                    self._found.update((entry.name.removeprefix("./"), (layer, entry)) for entry in inner)

    def body(self, path: str) -> bytes:
        layer, entry = self._found[path]
        with tarfile.open(self._archive) as outer, tarfile.open(fileobj=self._opened(outer, layer)) as inner:
            stream = inner.extractfile(entry)
            assert stream is not None
            return stream.read()

    def resolve(self, path: str) -> str:
        """Where the links lead from a path whose folders are none."""
        for _ in range(8):
            _, entry = self._found.get(path, ("", None))
            if entry is None or not entry.issym():
                break
            path = posixpath.normpath(posixpath.join("/", posixpath.dirname(path), entry.linkname)).lstrip("/")
        return path

    def published(self) -> dict[str, set[str]]:
        """What Debian's Maven repository says of each archive that it links to: `GROUP/ARTIFACT/VERSION`, the group with slashes."""
        found = defaultdict(set)
        for path in self._found:
            if path.startswith("usr/share/maven-repo/") and path.endswith(".jar"):
                found[self.resolve(path)].add(posixpath.dirname(path).removeprefix("usr/share/maven-repo/"))
        return found

    @staticmethod
    def _opened(outer: tarfile.TarFile, name: str) -> Any:
        return outer.extractfile(name)


def missing_from(components: list[Any], theirs: Iterable[Located], files: Files) -> dict[Row, str]:
    """What is not found, nor, if it is an archive, found under the coordinates by which Debian itself publishes it.

    Of a package that they name without a version any version is it.
    """
    ours = {our_row(component) for component in components}
    ours |= {found._replace(version="") for found in ours}
    missing = {found: path for found, path in theirs if found not in ours}
    if not any(found.ecosystem == "maven" for found in missing):
        return missing
    published = files.published()
    renamed = {
        occurrence["location"]
        for component in components
        for occurrence in component["evidence"]["occurrences"]
        if coordinates(component) in published.get(files.resolve(occurrence["location"]), ())
    }
    return {found: path for found, path in missing.items() if not (found.ecosystem == "maven" and path in renamed)}


def coordinates(component: Any) -> str:
    return "/".join((component.get("group", "").replace(".", "/"), component["name"], component.get("version", "")))


@pytest.mark.peer
@pytest.mark.corpus
@pytest.mark.parametrize("name", [*IMAGES, *(pytest.param(name, marks=pytest.mark.long) for name in MORE_IMAGES)])
def test_every_package_of_a_peer_is_found_or_proved_to_be_none(name: str, corpus: Path, peers: Path, tmp_path: Path) -> None:
    archive = corpus / "archives" / f"{name}.tar"
    if not archive.exists():
        pytest.skip(f"archives/{name}.tar is absent")
    components, files = listed_by_us(archive), Files(archive)
    for peer in ("syft", "syft-1.18", "trivy"):
        if not (peers / "bin" / peer).exists():
            pytest.skip(f"{peer} is absent")
        home = tmp_path / peer
        home.mkdir()
        theirs = list((listed_by_trivy if peer == "trivy" else listed_by_syft)(peers / "bin" / peer, archive, home))
        missing = missing_from(components, theirs, files)
        assert theirs
        assert {found for found in missing if (name, *found[1:]) not in EXCEPTIONS} == set(), peer
        assert len(missing) <= max(1, len(set(theirs)) // 100), peer
        for found in missing:
            path, evidence = EXCEPTIONS[name, *found[1:]]
            assert re.search(evidence.replace("{}", re.escape(found.name)), files.body(path).decode("latin-1")), found
