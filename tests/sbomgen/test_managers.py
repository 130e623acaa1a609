"""Package managers run for real, with their caches left where they are: what they installed is found, once, and nothing of the caches."""

import base64
import hashlib
import io
import json
import os
import shutil
import stat
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sbomgen.catalogers._executables import GO_BUILD_INFO
from sbomgen.image.caches import is_cached
from tests.sbomgen.test_scan import scan
from tests.support.executables import elf, go_inline
from tests.support.images import Entry, LayerSpec, file, hardlink, symlink
from tests.support.jars import jar, pom

PROGRAM = elf({GO_BUILD_INFO: go_inline("go1.21.3", "path\ta.b/app\nmod\ta.b/app\tv1.0.0\th1:x\n")})
ARCHIVE = jar(pom("org.x:y:3"))
EXPECTED = {("a", "1.0.0"), ("b", "2.0.0"), ("a.b/app", "v1.0.0"), ("stdlib", "1.21.3"), ("org.x:y", "3")}

Install = Callable[[Path, Path], list[list[str]]]
"""The commands that install in an `app` what lies in a folder beside it."""


def npm_packages(folder: Path) -> list[str]:
    """Two packages, one with a program and a jar; the files to install."""
    for name, version, more in (("a", "1.0.0", {"bin/app": PROGRAM, "lib/y.jar": ARCHIVE}), ("b", "2.0.0", {})):
        bodies = {"package.json": json.dumps({"name": name, "version": version}).encode(), **more}
        with tarfile.open(folder / f"{name}.tgz", "w:gz") as archive:
            for path, body in bodies.items():
                entry = tarfile.TarInfo(f"package/{path}")
                entry.size, entry.mode = len(body), 0o755 if path == "bin/app" else 0o644
                archive.addfile(entry, io.BytesIO(body))
    return [f"file:{folder}/{name}.tgz" for name in "ab"]


def wheels(folder: Path) -> list[str]:
    """The same as wheels; the names to install."""
    for name, version, more in (("a", "1.0.0", {"a/app": PROGRAM, "a/y.jar": ARCHIVE}), ("b", "2.0.0", {})):
        about = f"{name}-{version}.dist-info"
        bodies = {
            f"{about}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode(),
            f"{about}/WHEEL": b"Wheel-Version: 1.0\nGenerator: a\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
            **more,
        }
        record = "".join(f"{path},sha256={_hash(body)},{len(body)}\n" for path, body in bodies.items())
        with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
            for path, body in {**bodies, f"{about}/RECORD": f"{record}{about}/RECORD,,\n".encode()}.items():
                archive.writestr(path, body)
    return [f"{name}=={version}" for name, version in (("a", "1.0.0"), ("b", "2.0.0"))]


def _hash(body: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip("=")


def uv(app: Path, given: Path) -> list[list[str]]:
    install = ["uv", "pip", "install", "--python", str(app / ".venv"), "--no-index", "--find-links", str(given), *wheels(given)]
    return [["uv", "venv", "--python", sys.executable, str(app / ".venv")], [*install, "--link-mode=hardlink"]]


def pip(app: Path, given: Path) -> list[list[str]]:
    return [[sys.executable, "-m", "pip", "install", "--target", str(app), "--no-index", "--find-links", str(given), *wheels(given)]]


MANAGERS: dict[str, tuple[Install, bool]] = {
    "uv": (uv, True),
    "pip": (pip, False),
    "pnpm": (lambda _, given: [["pnpm", "add", "--offline", "--package-import-method=hardlink", *npm_packages(given)]], True),
    "bun": (lambda _, given: [["bun", "add", "--backend=hardlink", *npm_packages(given)]], True),
    "npm": (lambda _, given: [["npm", "install", "--offline", "--no-audit", *npm_packages(given)]], False),
    "yarn": (lambda _, given: [["yarn", "add", "--offline", "--non-interactive", *npm_packages(given)]], False),
}
"""What they do, and whether they install by hard links."""


def entries_of(root: Path) -> Iterator[Entry]:
    """A folder as a tar has it: what comes first of several names of a file has the body."""
    first: dict[int, str] = {}
    for found in sorted(root.rglob("*")):
        path, status = found.relative_to(root).as_posix(), found.lstat()
        if stat.S_ISLNK(status.st_mode):
            yield symlink(path, str(found.readlink()))
        elif stat.S_ISREG(status.st_mode):
            earlier = first.setdefault(status.st_ino, path)
            yield file(path, found.read_bytes()) if earlier == path else hardlink(path, earlier)


@pytest.mark.peer
@pytest.mark.long
@pytest.mark.parametrize("manager", MANAGERS)
@pytest.mark.parametrize("home", ["a-home", "root"])
def test_what_managers_installed_is_found_once_and_nothing_of_their_caches(tmp_path: Path, manager: str, home: str) -> None:
    """The home sorts before the app, or after it: then the body has the name in the cache, or that outside of it."""
    if manager != "pip" and shutil.which(manager) is None:
        pytest.skip(f"{manager} is absent")
    install, links = MANAGERS[manager]
    root, given = tmp_path / "root", tmp_path / "given"
    for folder in (root / "app", root / home, given):
        folder.mkdir(parents=True)
    (root / "app/package.json").write_text('{"name": "app", "private": true}')
    environment = {"HOME": str(root / home), "PATH": os.environ["PATH"], "NO_UPDATE_NOTIFIER": "1"}
    for command in install(root / "app", given):
        ran = subprocess.run(command, cwd=root / "app", env=environment, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
    entries = tuple(entries_of(root))
    linked = {entry.path for entry in entries if entry.link} | {entry.link for entry in entries}
    assert any(is_cached(path) for path in linked) is links
    packages = [found.package for found in scan(tmp_path, LayerSpec(entries)).packages]
    ours = [package for package in packages if (package.name, package.raw_version) in EXPECTED]
    assert {(package.name, package.raw_version) for package in ours} == EXPECTED
    assert len(ours) == len(EXPECTED)
    assert {package.name for package in packages} - {name for name, _ in EXPECTED} == set()
    assert all(path.startswith("app/") for package in packages for path in package.evidence)


@pytest.mark.peer
@pytest.mark.long
@pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed")
def test_what_go_built_is_found_and_nothing_of_its_module_cache(tmp_path: Path) -> None:
    """The module brings a program, a jar and a distribution in its test data."""
    root, proxy = tmp_path / "root", tmp_path / "proxy/a.b/dep/@v"
    proxy.mkdir(parents=True)
    (root / "app").mkdir(parents=True)
    (proxy / "v1.2.0.info").write_text('{"Version": "v1.2.0"}')
    (proxy / "v1.2.0.mod").write_text("module a.b/dep\n")
    metadata = b"Metadata-Version: 2.1\nName: c\nVersion: 1\n"
    bodies = {"go.mod": b"module a.b/dep\n", "dep.go": b"package dep\nfunc Say() { println(1) }\n", "testdata/y.jar": ARCHIVE}
    with zipfile.ZipFile(proxy / "v1.2.0.zip", "w") as archive:
        for path, body in {**bodies, "testdata/bin": PROGRAM, "testdata/c-1.dist-info/METADATA": metadata}.items():
            archive.writestr(f"a.b/dep@v1.2.0/{path}", body)
    (root / "app/go.mod").write_text("module a.b/made\n\ngo 1.20\n\nrequire a.b/dep v1.2.0\n")
    (root / "app/main.go").write_text('package main\nimport "a.b/dep"\nfunc main() { dep.Say() }\n')
    places = {"HOME": str(root / "root"), "GOPROXY": f"file://{tmp_path}/proxy", "PATH": os.environ["PATH"]}
    options = {"GOFLAGS": "-mod=mod -modcacherw", "GONOSUMDB": "*", "GOSUMDB": "off", "GOTOOLCHAIN": "local"}
    subprocess.run(["go", "build", "-o", "made", "."], cwd=root / "app", env=places | options, check=True, capture_output=True)
    assert (root / "root/go/pkg/mod/a.b/dep@v1.2.0/testdata/y.jar").exists()
    said = subprocess.run(["go", "version", "-m", root / "app/made"], capture_output=True, text=True, check=True).stdout
    modules = {tuple(line.split("\t")[2:4]) for line in said.splitlines() if line.startswith(("\tmod\t", "\tdep\t"))}
    release = said.splitlines()[0].rpartition(": go")[2].split()[0]
    packages = [found.package for found in scan(tmp_path, LayerSpec(tuple(entries_of(root)))).packages]
    assert {(package.name, package.raw_version) for package in packages} == {
        *((name, version.replace("(devel)", "")) for name, version in modules),
        ("stdlib", release),
    }
    assert ("a.b/dep", "v1.2.0") in modules
    assert {package.evidence for package in packages} == {("app/made",)}


@pytest.mark.peer
@pytest.mark.long
@pytest.mark.skipif(shutil.which("cargo-auditable") is None, reason="cargo-auditable is not installed")
def test_what_cargo_auditable_built_is_found(tmp_path: Path) -> None:
    """What a program was built from, but not what built it, as its own lock file lists it."""
    root = tmp_path / "root"
    for name, needs in (
        ("app", '\n[dependencies]\ndep = {path = "../dep"}\n[build-dependencies]\nmaker = {path = "../maker"}'),
        ("dep", ""),
        ("maker", ""),
    ):
        source = root / name / "src"
        source.mkdir(parents=True)
        (source.parent / "Cargo.toml").write_text(f'[package]\nname = "{name}"\nversion = "0.{len(name)}.0"\nedition = "2021"\n{needs}')
        (source / ("main.rs" if name == "app" else "lib.rs")).write_text("fn main() {}" if name == "app" else "")
    (root / "app/build.rs").write_text("fn main() {}")
    subprocess.run(["cargo", "auditable", "build", "--offline"], cwd=root / "app", check=True, capture_output=True)
    program = (root / "app/target/debug/app").read_bytes()
    packages = [found.package for found in scan(tmp_path, LayerSpec((file("usr/bin/app", program),))).packages]
    assert {(package.name, package.raw_version) for package in packages} == {("app", "0.3.0"), ("dep", "0.3.0")}
