"""pacman of this machine in a root of its own: small packages that are built, installed, upgraded and removed, and what it then lists."""

import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.images import Entry, file, whiteout

DATABASE = "var/lib/pacman"


class Pacman:
    """Needs Debian's pacman-package-manager (or Arch Linux) and root's rights: without either the test is skipped."""

    def __init__(self, folder: Path) -> None:
        if shutil.which("pacman") is None:
            pytest.skip("pacman is absent: install Debian's pacman-package-manager")
        if os.geteuid() != 0:
            pytest.skip("pacman installs for root alone")
        self.root = folder / "root"
        self._given = folder / "given"
        self._given.mkdir()
        (self.root / DATABASE).mkdir(parents=True)

    def install(self, *packages: Path) -> None:
        """Or upgrade, or downgrade."""
        self._run("-U", *map(str, packages))

    def remove(self, *names: str) -> None:
        self._run("-R", *names)

    def package(self, name: str, version: str, *paths: str, **fields: tuple[str, ...]) -> Path:
        """A package of these files; the fields are those of .PKGINFO: `depend`, `provides`, `license`, …"""
        stated = {"pkgname": (name,), "pkgver": (version,), "arch": ("x86_64",), **fields}
        about = "".join(f"{field} = {value}\n" for field, values in stated.items() for value in values)
        bodies = {".PKGINFO": about, **dict.fromkeys(paths, f"{name} {version}")}
        built = self._given / f"{name}-{version}.pkg.tar"
        with tarfile.open(built, "w") as archive:
            for path, body in bodies.items():
                entry = tarfile.TarInfo(path)
                entry.size = len(body)
                archive.addfile(entry, io.BytesIO(body.encode()))
        return built

    def versions(self) -> dict[str, str]:
        """What `pacman -Q` lists."""
        return dict(line.split(" ") for line in self._run("-Q").splitlines())

    def files(self) -> set[tuple[str, str]]:
        """Package and path of each file that `pacman -Ql` lists."""
        listed = (line.split(" ", 1) for line in self._run("-Ql").splitlines())
        return {(name, path.removeprefix(f"{self.root}/")) for name, path in listed if not path.endswith("/")}

    def required(self) -> set[tuple[str, str]]:
        """Package and dependency, as `pacman -Qi` has them under `Required By`."""
        found = re.findall(r"^Name +: (\S+)$.*?^Required By +: (.*?)$", self._run("-Qi"), re.MULTILINE | re.DOTALL)
        return {(user, name) for name, users in found for user in users.split() if users != "None"}

    def _run(self, *arguments: str) -> str:
        places = ("--root", str(self.root), "--dbpath", str(self.root / DATABASE), "--logfile", os.devnull)
        command = ("pacman", "--config", os.devnull, "--noconfirm", *places, *arguments)
        return subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout


def snapshot(root: Path) -> dict[str, bytes]:
    """The bodies of all files below a folder, by path."""
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def changes(before: dict[str, bytes], after: dict[str, bytes]) -> Iterator[Entry]:
    """What a layer has to hold to make one snapshot of the other."""
    yield from (whiteout(path) for path in before if path not in after)
    yield from (file(path, body) for path, body in after.items() if before.get(path) != body)
