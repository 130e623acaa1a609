"""SemVer and its variations: npm, Cargo, Go."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from sbommatch.versions.cargo import CargoScheme
from sbommatch.versions.go import GoScheme
from sbommatch.versions.npm import NpmScheme
from sbommatch.versions.scheme import InvalidVersion, Scheme
from sbommatch.versions.semver import SemverScheme

from .natives import pairs
from .truths import hold_ascending, hold_same

SEMVER, NPM, CARGO, GO = SemverScheme(), NpmScheme(), CargoScheme(), GoScheme()
ALL: tuple[Scheme, ...] = (SEMVER, NPM, CARGO, GO)

every_variation = pytest.mark.parametrize("scheme", ALL, ids=lambda scheme: scheme.name)

ASCENDING = [
    # Section 11 of SemVer 2.0.0.
    "1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 2.0.0 2.1.0 2.1.1",
    "0.0.0-0 0.0.0 0.0.1-0 0.0.1 0.0.2 0.0.10 0.1.0 1.0.0-0 1.0.0-0.0 1.0.0-1 1.0.0-10 1.0.0-- 1.0.0-A 1.0.0-a",
    "1.0.0-9007199254740993 1.0.0-9007199254740994 1.0.0-0a 1.0.0-1a",
    # Fewer and more components, as OSV's ranges have them.
    "1-rc1 1 1.0.0.1 1.0.1-rc1 1.0.1 1.1 1.1.1.1.1 2",
]


@every_variation
@pytest.mark.parametrize("versions", ASCENDING)
def test_versions_stand_in_the_order_of_the_standard(scheme: Scheme, versions: str) -> None:
    hold_ascending(scheme, versions)


SAME = [
    ("1.0.0", "v1.0.0 =1.0.0 =v1.0.0 1 1.0.0.0 01.0.0 1.0.0+build 1.0.0+a.1-b v1.0.0+1"),
    ("1.0.0-rc.1", "1.0.0-rc.1+build v1.0-rc.1 1.0.0-rc.01"),
    ("0.0.0", "0 v0 0.0"),
]


@every_variation
@pytest.mark.parametrize(("version", "spellings"), SAME)
def test_spellings_of_one_version_are_the_same(scheme: Scheme, version: str, spellings: str) -> None:
    for spelling in (*spellings.split(), f" {version} "):
        hold_same(scheme, version, spelling)


REFUSED = (
    "1.0.0- 1.0.0-a..b 1.0.0-.a 1.0.0-a. 1.0.0+ 1.0.0+a..b 1.0.0-a_b 1.0.0-a~b 1.0.0. .1 1..0 v = vv1 -1 "
    "1.x 1.* ^1.0.0 >=1.0.0 edge-24.6.2 main-gha.27122 RELEASE.2024-06-06T09-36-42Z nightly.2026-03-10.0"
)


@every_variation
@pytest.mark.parametrize("version", [*REFUSED.split(), "1.0.0 - 2.0.0", "1.0.0 1.0.0"])
def test_what_is_no_version_is_refused(scheme: Scheme, version: str) -> None:
    with pytest.raises(InvalidVersion):
        scheme.key(version)
    with pytest.raises(InvalidVersion):
        scheme.compare("1", version)


def test_npm_reads_the_loose_form_of_old_packages() -> None:
    hold_same(NPM, "1.2.3beta", "1.2.3-beta")
    hold_same(NPM, "=v1.2.3rc.1+build", "1.2.3-rc.1")
    hold_ascending(NPM, "1.2.3alpha 1.2.3beta.2 1.2.3")


@pytest.mark.parametrize("scheme", [SEMVER, CARGO], ids=lambda scheme: scheme.name)
def test_nobody_else_reads_the_loose_form(scheme: Scheme) -> None:
    with pytest.raises(InvalidVersion):
        scheme.key("1.2.3beta")


@pytest.mark.parametrize("version", ["1.2beta", "4a5b6c7", "1.2.3.4beta"])
def test_the_loose_form_of_npm_has_three_components(version: str) -> None:
    with pytest.raises(InvalidVersion):
        NPM.key(version)


def test_pseudo_versions_of_go_are_pre_releases() -> None:
    hold_ascending(GO, "v0.0.0-20170116102854-1ef0e047d5a7 v0.0.0-20180116102854-5a71ef0e047d v0.0.0-20180116102854-somehash v0.0.0 v0.0.1")
    hold_ascending(GO, "v1.2.3 v1.2.4-0.20191109021931-daa7c04131f5 v1.2.4-pre v1.2.4-pre.0.20191109021931-daa7c04131f5 v1.2.4")
    hold_same(GO, "v2.0.0+incompatible", "2.0.0")


TAGS = [
    ("1.0.0", "go1 go1.0"),
    ("1.21.0", "go1.21 1.21 go1.21.0"),
    ("1.21.3", "go1.21.3 1.21.3 v1.21.3 go1.21.3-acme go1.21.3+auto"),
    ("1.21.0-rc.1", "go1.21rc1 1.21rc1 go1.21rc1-acme"),
    ("1.18.0-beta.2", "go1.18beta2 1.18beta2"),
    ("1.9.2-rc.2", "go1.9.2rc2 1.9.2rc2"),
    ("1.20.0-pre.6", "go1.20-pre6"),
]


@pytest.mark.parametrize(("semver", "tags"), TAGS)
def test_releases_of_go_are_read_as_its_vulnerability_database_does(semver: str, tags: str) -> None:
    for tag in tags.split():
        hold_same(GO, tag, semver)


def test_what_an_experiment_adds_to_a_release_of_go_does_not_count() -> None:
    hold_same(GO, "go1.21.3 X:boringcrypto", "1.21.3")


def test_releases_of_go_stand_in_order() -> None:
    hold_ascending(GO, "1.21.0-0 go1.21beta1 go1.21rc1 go1.21rc2 go1.21rc10 go1.21 go1.21.1 go1.22rc1 go1.22.0")


@pytest.mark.parametrize(
    "version", ["go", "gov1.2", "go1.21rc", "go1.21x", "1rc1", "1.21rc1.2", "go1.2.3.4", "devel go1.22-abc", "9.6.0b1"]
)
def test_what_is_no_release_of_go_is_refused(version: str) -> None:
    with pytest.raises(InvalidVersion):
        GO.key(version)


def test_only_go_reads_releases_of_go() -> None:
    for scheme in (SEMVER, NPM, CARGO):
        with pytest.raises(InvalidVersion):
            scheme.key("go1.21.3")


NODE = """
const semver = require(process.argv[1]);
for (const line of require('fs').readFileSync(0, 'utf8').split('\\n').slice(0, -1)) {
    const [left, right] = line.split('\\t');
    console.log(semver.valid(left) && semver.valid(right) ? semver.compare(left, right) : 'none');
}
"""

GO_PROGRAM = """package main

import (
    "bufio"
    "fmt"
    "os"
    "strings"

    "golang.org/x/mod/semver"
)

func main() {
    lines := bufio.NewScanner(os.Stdin)
    for lines.Scan() {
        left, right, _ := strings.Cut(lines.Text(), "\\t")
        if semver.IsValid(left) && semver.IsValid(right) {
            fmt.Println(semver.Compare(left, right))
        } else {
            fmt.Println("none")
        }
    }
}
"""

TOKENS = "0 1 2 9 10 225 9007199254740991 . . - + .0 .1 -0 -1 a b A rc alpha beta -alpha -rc.1 .x -- +a 1.0 .1.0-"


def hold_where_accepted(scheme: Scheme, command: Sequence[str], asked: list[tuple[str, str]]) -> None:
    """What the program accepts we order alike; we accept more, as ranges of OSV need."""
    lines = "".join(f"{left}\t{right}\n" for left, right in asked)
    answers = subprocess.run(command, input=lines, capture_output=True, text=True, check=True).stdout.split()
    accepted = [(pair, int(answer)) for pair, answer in zip(asked, answers, strict=True) if answer != "none"]
    for (left, right), answer in accepted:
        left_key, right_key = scheme.key(left), scheme.key(right)
        assert (scheme.compare(left, right), (left_key > right_key) - (left_key < right_key)) == (answer, answer), (left, right)
    assert len(accepted) > len(asked) // 10, "enough of them are versions"


@pytest.mark.long
@pytest.mark.peer
def test_node_semver_orders_versions_alike() -> None:
    """The one of npm, where no other is named; in its strict form, for the loose one takes `0.1.29.x` for 0.1.2 with a pre-release."""
    library = os.environ.get("SBOMPAIR_NODE_SEMVER", "/usr/lib/node_modules/npm/node_modules/semver")
    node = shutil.which("node")
    if node is None or not Path(library).exists():
        pytest.skip(f"node is absent, or {library}")
    made = pairs("1.0.0 0.1.2 1.0.0-a v1.2.3-0 10.0.1+b", TOKENS)
    asked = [pair for pair in made if not re.search("[0-9]{16}", " ".join(pair))]  # beyond 2^53 node rounds, and we do not
    hold_where_accepted(NPM, [node, "-e", NODE, library], asked)


@pytest.mark.long
@pytest.mark.peer
def test_go_orders_versions_alike(tmp_path: Path) -> None:
    """By golang.org/x/mod/semver, of any version that Go has on this machine."""
    go = shutil.which("go")
    cache = subprocess.check_output([go, "env", "GOMODCACHE"], text=True).strip() if go else ""
    modules = sorted(Path(cache, "golang.org", "x").glob("mod@*")) if cache else []
    if not go or not modules:
        pytest.skip("go is absent, or golang.org/x/mod in its module cache")
    (tmp_path / "main.go").write_text(GO_PROGRAM)
    needed = f"require golang.org/x/mod v0.0.0\nreplace golang.org/x/mod => {modules[-1]}\n"
    (tmp_path / "go.mod").write_text(f"module order\n\ngo 1.21\n\n{needed}")
    build = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    subprocess.run([go, "build", "-o", "order", "."], cwd=tmp_path, env=build, check=True, capture_output=True)
    asked = pairs("v1.0.0 v0.1.2 v1.0.0-a v1 v1.2 v0.0.0-20170116102854-1ef0e047d5a7 v2.0.0+incompatible", TOKENS)
    hold_where_accepted(GO, [str(tmp_path / "order")], asked)
