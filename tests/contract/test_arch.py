"""Arch Linux from the image to the finding: pacman's database, the SBOM, the security tracker's groups."""

import json
from pathlib import Path

import pytest

from tests.support.images import ImageSpec, LayerSpec, file, write_docker_archive
from tests.support.run import run

GROUPS = [
    {"name": "AVG-1", "packages": ["openssl", "lib32-openssl"], "status": "Fixed", "fixed": "1:3.2.1-2", "issues": ["CVE-2024-1000"]},
    {"name": "AVG-2", "packages": ["openssl"], "status": "Fixed", "fixed": "1:3.2.0-1", "issues": ["CVE-2024-1001"]},
    {"name": "AVG-3", "packages": ["perl"], "status": "Vulnerable", "affected": "5.38.2-1", "issues": ["CVE-2024-1002"]},
    {"name": "AVG-4", "packages": ["perl-lib"], "status": "Vulnerable", "affected": "5.38.2-1", "issues": ["CVE-2024-1003"]},
]


@pytest.mark.parametrize("release", ["", "VERSION_ID=20240101.0.204074\n"], ids=["rolling", "image of a day"])
@pytest.mark.parametrize("form", ["cyclonedx-json", "spdx-json"])
def test_packages_of_pacman_s_database_meet_the_groups_of_the_tracker(tmp_path: Path, form: str, release: str) -> None:
    entries = [file("etc/os-release", f"ID=arch\nBUILD_ID=rolling\n{release}")]
    for folder, base in (("openssl-1:3.2.1-1", "openssl"), ("perl-5.38.2-1", "perl"), ("perl-docs-5.38.2-1", "perl-lib")):
        name, *version = folder.rsplit("-", 2)
        desc = f"%NAME%\n{name}\n\n%VERSION%\n{'-'.join(version)}\n\n%BASE%\n{base}\n\n%ARCH%\nx86_64\n\n"
        entries.append(file(f"var/lib/pacman/local/{folder}/desc", desc))
    image = write_docker_archive(ImageSpec((LayerSpec(tuple(entries)),)), tmp_path / "arch.tar")
    assert run("sbomgen", image, "-o", f"{form}={tmp_path}/arch.json").code == 0
    (tmp_path / "all.json").write_text(json.dumps(GROUPS))
    assert run("sbommatch", "db", "build", f"arch={tmp_path}/all.json@2026-01-01", "--db", tmp_path / "feeds.json").code == 0
    (target,) = run("sbommatch", tmp_path / "arch.json", "--db", tmp_path / "feeds.json", "-o", "json").json["targets"]
    names = {one["ref"]: (one["name"], one["verdict"]) for one in target["components"]}
    assert sorted(names.values()) == [("openssl", "affected"), ("perl", "affected"), ("perl-docs", "no_match")]
    assert sorted((names[one["ref"]][0], one["record"]) for one in target["findings"]) == [("openssl", "AVG-1"), ("perl", "AVG-3")]
