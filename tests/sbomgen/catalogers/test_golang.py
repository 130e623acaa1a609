import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from sbomgen.catalogers import _buildinfo, golang
from sbomgen.catalogers._buildinfo import MODULES_LIMIT_BYTES, VERSION_LIMIT_BYTES
from sbomgen.catalogers._executables import GO_BUILD_INFO
from sbomgen.catalogers.golang import GolangCataloger, pseudo_version
from sbomgen.model import DeliveredFile, Package, Problem, ProblemCode
from tests.support.evidence import MemoryFile, MemoryView, edges_of, packages_of, read_all
from tests.support.executables import BASE, FIRST_SECTION, elf, fat, go_inline, go_pointers, macho, pe
from tests.support.run import run

CATALOGER = GolangCataloger()
PATH = "usr/bin/app"
REVISION = "build\tvcs.revision=0123456789abcdef0123456789abcdef01234567\n"
TIME = "build\tvcs.time=2025-02-08T03:01:26Z\n"
SETTINGS = {"vcs.revision": "0123456789abcdef0123456789abcdef01234567", "vcs.time": "2025-02-08T03:01:26Z"}
LINKED = 'build\t-ldflags="-s -w -X main.version=v1.2.3"\n'
MODULES = """\
path\texample.com/app/cmd/app
mod\texample.com/app\tv1.4.0\th1:main
dep\tgithub.com/BurntSushi/toml\tv1.3.2\th1:sum
dep\tgithub.com/pkg/errors\tv0.9.1
=>\tgithub.com/fork/errors\tv0.9.2\th1:sum
dep\texample.com/local\tv0.0.0
=>\t../local\t(devel)\t
dep\tgithub.com/docker/docker\tv20.10.24+incompatible\th1:sum
build\t-compiler=gc
build\tGOOS=linux
"""


def executable(modules: str = MODULES, go_version: str = "go1.21.3") -> bytes:
    return elf({GO_BUILD_INFO: go_inline(go_version, modules)})


def packages_in(body: bytes) -> list[Package]:
    return packages_of(CATALOGER, MemoryView({PATH: body}))


def listed(body: bytes) -> list[tuple[str, str]]:
    return [(package.name, package.raw_version) for package in packages_in(body)]


def main_of(*lines: str, path: str = "example.com/app") -> Package:
    body = executable(f"path\t{path}\nmod\t{path}\t(devel)\t\n" + "".join(lines))
    (package,) = [package for package in packages_in(body) if package.name == path]
    return package


def problems_of(body: bytes) -> list[Problem]:
    return read_all(CATALOGER, [MemoryFile(PATH, body)])[1]


def test_the_modules_of_an_executable_are_packages_with_it_as_their_root() -> None:
    found = packages_in(executable())
    assert [(package.name, package.raw_version) for package in found] == [
        ("example.com/app", "v1.4.0"),
        ("stdlib", "1.21.3"),
        ("github.com/BurntSushi/toml", "v1.3.2"),
        ("github.com/fork/errors", "v0.9.2"),
        ("github.com/docker/docker", "v20.10.24+incompatible"),
    ]
    assert {(package.type, package.root, package.evidence, package.description) for package in found} == {("golang", PATH, (PATH,), None)}
    name = PATH.rpartition("/")[2]
    assert [package.file for package in found] == [DeliveredFile(name, executable=True, archive=False), *[None] * 4]


FORMS = {
    "inline": executable(),
    "inline, 32 bits, big-endian": elf({GO_BUILD_INFO: go_inline("go1.21.3", MODULES)}, ">", wide=False),
    "pointers": elf({GO_BUILD_INFO: go_pointers("go1.21.3", MODULES)}),
    "pointers, big-endian": elf({GO_BUILD_INFO: go_pointers("go1.21.3", MODULES, ">")}, ">"),
    "pointers of 32 bits": elf({GO_BUILD_INFO: go_pointers("go1.21.3", MODULES, size=4)}, wide=False),
    "pointers of 32 bits, big-endian": elf({GO_BUILD_INFO: go_pointers("go1.21.3", MODULES, ">", 4)}, ">", wide=False),
    "without section headers": elf({GO_BUILD_INFO: go_inline("go1.21.3", MODULES)}, headers=False),
    "pointers, without section headers": elf({GO_BUILD_INFO: go_pointers("go1.21.3", MODULES)}, headers=False),
    "pe": pe({".data": go_inline("go1.21.3", MODULES)}),
    "pe, pointers of 32 bits": pe({".data": go_pointers("go1.21.3", MODULES, size=4)}, wide=False),
    "mach-o": macho({"__go_buildinfo": go_inline("go1.21.3", MODULES)}),
    "mach-o, no section of that name": macho({"__data": go_inline("go1.21.3", MODULES)}),
    "mach-o, pointers": macho({"__go_buildinfo": go_pointers("go1.21.3", MODULES)}),
    "fat": fat(macho({"__go_buildinfo": go_inline("go1.21.3", MODULES)}), macho({})),
    "behind other data": pe({".data": bytes(3 << 20) + b"-\xff Go buildinf:-".ljust(32) + go_inline("go1.21.3", MODULES)}),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_says_the_same(form: str) -> None:
    assert listed(FORMS[form]) == listed(executable())
    assert problems_of(FORMS[form]) == []


def test_two_executables_are_two_places() -> None:
    view = MemoryView({PATH: executable(), "opt/app": executable()})
    assert {package.root for package in packages_of(CATALOGER, view)} == {PATH, "opt/app"}


def test_the_slot_outlives_an_upgrade() -> None:
    older, newer = (packages_in(executable(MODULES, version))[1] for version in ("go1.21.3", "go1.22.0"))
    assert older.slot == newer.slot == f"golang|{PATH}|stdlib|"


def test_the_main_module_depends_on_all_others() -> None:
    names = ["github.com/BurntSushi/toml", "github.com/docker/docker", "github.com/fork/errors", "stdlib"]
    assert edges_of(CATALOGER, MemoryView({PATH: executable()})) == [("example.com/app", name) for name in names]


@pytest.mark.parametrize(
    ("stated", "release", "description"),
    [
        ("go1.21.3", "1.21.3", None),
        ("go1.19", "1.19", None),
        ("go1.21rc2", "1.21rc2", None),
        ("go1.9.2rc2", "1.9.2rc2", None),
        ("go1.26.5 (Red Hat 1.26.5-1.el9)", "1.26.5", "go1.26.5 (Red Hat 1.26.5-1.el9)"),
        ("go1.22.1 X:loopvar", "1.22.1", "go1.22.1 X:loopvar"),
        ("go1.26.1-X:nodwarf5", "1.26.1", "go1.26.1-X:nodwarf5"),
        ("go1.21.3-acme", "1.21.3", "go1.21.3-acme"),
        ("devel go1.22-2ee1a1b Tue Nov 7 2023", "", "devel go1.22-2ee1a1b Tue Nov 7 2023"),
        ("go1.25-devel_2ee1a1b Tue Nov 7 2023", "", "go1.25-devel_2ee1a1b Tue Nov 7 2023"),
        ("go1.21alpha1", "", "go1.21alpha1"),
        ("go1.21.3\nX:a", "1.21.3", "go1.21.3 X:a"),
    ],
)
def test_the_standard_library_has_the_release_of_go(stated: str, release: str, description: str | None) -> None:
    (library,) = packages_in(executable("", stated))
    assert (library.name, library.raw_version, library.description) == ("stdlib", release, description)


@pytest.mark.parametrize("path", ["", "command-line-arguments", "cmd/go", "a b.c/d", "a.b", "../a.b/c"])
def test_built_from_files_or_a_part_of_go_there_is_the_standard_library_alone(path: str) -> None:
    assert listed(executable(f"path\t{path}\nbuild\tGOOS=linux\n")) == [("stdlib", "1.21.3")]
    assert listed(executable("")) == [("stdlib", "1.21.3")]


def test_built_without_modules_there_is_the_main_package_without_a_version() -> None:
    body = executable(f"path\tgithub.com/cli/cli/v2/cmd/gh\n{LINKED}{REVISION}{TIME}")
    assert listed(body) == [("github.com/cli/cli/v2/cmd/gh", ""), ("stdlib", "1.21.3")]
    assert edges_of(CATALOGER, MemoryView({PATH: body})) == [("github.com/cli/cli/v2/cmd/gh", "stdlib")]


def test_built_from_files_there_is_no_main_module() -> None:
    body = executable("path\tcommand-line-arguments\ndep\ta.b/c\tv1.0.0\th1:x\n")
    assert listed(body) == [("stdlib", "1.21.3"), ("a.b/c", "v1.0.0")]
    assert edges_of(CATALOGER, MemoryView({PATH: body})) == []


@pytest.mark.parametrize(
    ("path", "lines", "version"),
    [
        ("example.com/app", (REVISION, TIME), "v0.0.0-20250208030126-0123456789ab"),
        ("example.com/app", (REVISION, TIME, "build\tvcs.modified=true\n"), "v0.0.0-20250208030126-0123456789ab+dirty"),
        ("example.com/app", (REVISION, TIME, "build\tvcs.modified=false\n"), "v0.0.0-20250208030126-0123456789ab"),
        ("example.com/app/v3", (REVISION, TIME), "v3.0.0-20250208030126-0123456789ab"),
        ("gopkg.in/app.v2", (REVISION, TIME), "v2.0.0-20250208030126-0123456789ab"),
        ("example.com/app.v2", (REVISION, TIME), "v0.0.0-20250208030126-0123456789ab"),
        ("example.com/app", (REVISION,), ""),
        ("example.com/app", (TIME,), ""),
        ("example.com/app", (REVISION, "build\tvcs.time=yesterday\n"), ""),
        ("example.com/app", ("build\tvcs.revision=main\n", TIME), ""),
        ("example.com/app", (), ""),
    ],
)
def test_a_main_module_without_a_version_has_that_of_its_commit(path: str, lines: tuple[str, ...], version: str) -> None:
    assert main_of(*lines, path=path).raw_version == version


@pytest.mark.parametrize(
    ("flags", "version"),
    [
        ('"-s -w -X main.version=v1.2.3"', "v1.2.3"),
        ("\"-X 'main.Version=1.2.3' -s\"", "1.2.3"),
        ('"-X \\"main.version=1.2.3\\""', "1.2.3"),
        ('`-X "main.version=1.2.3"`', "1.2.3"),
        ("-X=main.version=1.2.3", "1.2.3"),
        ('"-X example.com/app/internal.Version=1.2.3"', "1.2.3"),
        ('"-X example.com/app.Version=1.2.3"', "1.2.3"),
        ('"-X example.com/app/pkg/version/app.ver=1.2.3"', "1.2.3"),
        ('"-X example.com/apple.Version=1.2.3"', None),
        ('"-X main.version=dev"', None),
        ('"-X main.goversion=1.2.3"', None),
        ('"-X main.commit=1234567"', None),
    ],
)
def test_a_version_of_the_linker_s_flags_is_that_of_the_module_and_told(flags: str, version: str | None) -> None:
    main = main_of(f"build\t-ldflags={flags}\n", REVISION, TIME)
    assert main.raw_version == ("v1.2.3" if version else "v0.0.0-20250208030126-0123456789ab")
    assert main.description == (f"{version} by its linker flags" if version else None)


@pytest.mark.parametrize(
    ("path", "linked", "version"),
    [
        ("example.com/app/v3", "3.0.1", "v3.0.1"),
        ("example.com/app", "1.0.0-rc.1", "v1.0.0-rc.1"),
        ("github.com/prometheus/prometheus", "2.45.0", ""),
        ("example.com/app/v3", "v1.2.3", ""),
        ("example.com/app", "1.2", ""),
        ("example.com/app", "1.2.3-5-gabcdef0", ""),
        ("example.com/app", "1.2.3-SNAPSHOT-abcdef0", ""),
        ("example.com/app", "20260101", ""),
    ],
)
def test_a_text_that_is_no_version_of_the_module_is_told_and_not_believed(path: str, linked: str, version: str) -> None:
    flags = f'build\t-ldflags="-X main.version={linked}"\n'
    main = main_of(flags, path=path)
    assert (main.raw_version, main.description) == (version, f"{linked} by its linker flags")
    assert main_of(flags, REVISION, TIME, path=path).raw_version == (version or pseudo_version(path, SETTINGS))


def test_of_versions_that_differ_the_main_package_s_counts_else_none() -> None:
    others = "-X example.com/app/api.Version=1.0.0 -X example.com/app/app.ver=1.2.3"
    assert main_of(f'build\t-ldflags="{others} -X main.version=1.2.3"\n').raw_version == "v1.2.3"
    none = main_of(f'build\t-ldflags="{others}"\n')
    assert (none.raw_version, none.description) == ("", None)


def test_a_stated_version_needs_no_flags() -> None:
    assert packages_in(executable(MODULES + LINKED + REVISION + TIME))[0].raw_version == "v1.4.0"
    assert packages_in(executable(MODULES + LINKED))[0].description is None


@pytest.mark.parametrize("replacement", ["./local", "../local", ".", "..", "/src/local", "./my folder", "C:\\src", "..\\local"])
def test_a_module_that_a_folder_replaces_is_left_out(replacement: str) -> None:
    body = executable(f"dep\ta.b/c\tv1.0.0\n=>\t{replacement}\t(devel)\t\ndep\td.e/f\tv1.0.0\th1:x\n")
    assert listed(body) == [("stdlib", "1.21.3"), ("d.e/f", "v1.0.0")]
    assert problems_of(body) == []


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("dep\ta.b/c", []),
        ("dep\ta.b/c\tv1\th1:x\tmore", []),
        ("dep\t\tv1\th1:x", []),
        ("dep\ta b\tv1\th1:x", []),
        ("dep\ta.b/c\tv1 \th1:x", []),
        ("=>\ta.b/c\tv1\th1:x", []),
        ("dep\ta.b/c\tv1\n=>\td.e f\tv1\th1:x", []),
        ("dep\ta.b/c\tv1\n=>\td.e/f\tv1\th1:x\n=>\tg.h/i\tv1\th1:x", [("d.e/f", "v1")]),
        ("build\tnothing", []),
    ],
)
def test_a_line_that_cannot_be_read_is_a_note_and_the_rest_is_read(line: str, left: list[tuple[str, str]]) -> None:
    body = executable(f"path\tx\n{line}\ndep\ty.z/a\tv2\th1:x\n")
    assert listed(body) == [("stdlib", "1.21.3"), *left, ("y.z/a", "v2")]
    (problem,) = problems_of(body)
    assert problem.where.startswith(f"{PATH}: line ")
    assert not problem.loss


def test_lines_of_another_kind_are_passed_over() -> None:
    assert problems_of(executable("path\tx\nnovelty\tof\tGo\t2\n")) == []


def test_bytes_that_are_no_text_show_as_such() -> None:
    body = elf({GO_BUILD_INFO: go_inline("go1.21", "dep\ta.b/c\tv1\th1:x\n").replace(b"a.b/c", b"a.b/\xff")})
    assert listed(body) == [("stdlib", "1.21"), ("a.b/\\xff", "v1")]


VALID = go_inline("go1.21.3", MODULES)
SHIFTED = BASE + FIRST_SECTION + (1 << 40)


@pytest.mark.parametrize(
    "section",
    [
        b"",
        b"nothing of the kind",
        b"-" + VALID,
        go_inline(""),
        VALID[:32] + b"\xff" * 12,
        VALID[:32] + b"\xff\xff\xff\x07" + VALID[33:],
        go_inline("go" + "1" * VERSION_LIMIT_BYTES),
        VALID[:14] + b"\3\0" + VALID[16:],
        go_pointers("go1.17", MODULES, address=SHIFTED),
        go_pointers(""),
    ],
)
def test_damaged_build_information_is_a_loss(section: bytes) -> None:
    (problem,) = problems_of(elf({GO_BUILD_INFO: section}))
    assert (problem.code, problem.where, problem.loss) == (ProblemCode.BAD_RECORD, PATH, True)
    assert listed(elf({GO_BUILD_INFO: section})) == []


def test_a_file_that_ends_in_its_build_information_is_a_loss() -> None:
    body = pe({".data": VALID})
    for end in (FIRST_SECTION + 20, FIRST_SECTION + 40, FIRST_SECTION + 100):
        assert [problem.loss for problem in problems_of(body[:end])] == [True]


def test_modules_over_the_limit_are_a_loss() -> None:
    (problem,) = problems_of(elf({GO_BUILD_INFO: go_inline("go1.21.3", "x" * MODULES_LIMIT_BYTES)}))
    assert f"{MODULES_LIMIT_BYTES:,}" in problem.message


def test_data_is_searched_as_far_as_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    body = pe({".data": bytes(4096) + VALID})
    assert len(listed(body)) == 5
    monkeypatch.setattr(_buildinfo, "SEARCH_LIMIT_BYTES", 4096)
    assert (listed(body), problems_of(body)) == ([], [])


def test_more_modules_than_the_limit_are_a_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(golang, "MODULES_LIMIT", 1)
    (problem,) = problems_of(executable())
    assert (problem.code, problem.loss) == (ProblemCode.LIMIT_REACHED, True)


def test_a_packed_executable_is_a_note() -> None:
    body = elf({".text": b"x"}, headers=False)
    (problem,) = problems_of(body[:236] + b"UPX!" + body[240:])
    assert "UPX" in problem.message
    assert not problem.loss


@pytest.mark.parametrize("body", [elf({".text": b"x"}), elf({}, headers=False), pe({".data": bytes(64)}), macho({}), b"MZ", b"\x7fELF"])
def test_other_executables_say_nothing(body: bytes) -> None:
    assert read_all(CATALOGER, [MemoryFile(PATH, body)]) == ([], [])


def executables_below(folder: Path) -> list[Path]:
    magic = CATALOGER.wants.magic
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as stream:
                if stream.read(4).startswith(magic):
                    found.append(path)
    return found


def test_real_executables_have_the_modules_that_their_makers_put_in(shared_data: Path) -> None:
    """Of Syft (Mach-O, Go 1.17), osv-scalibr (a replacement) and Trivy (flags, a commit, an experiment); nothing in all others."""
    folder = shared_data / "packagedbs"
    files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in executables_below(folder)}
    found: dict[str, list[tuple[str, str]]] = {}
    view = MemoryView(files)
    for package in packages_of(CATALOGER, view):
        found.setdefault(package.root.rpartition("/")[2], []).append((package.name, package.raw_version))
    assert not [problem for problem in view.problems if problem.loss]
    assert found == {
        "test": [
            ("github.com/anchore/test", ""),
            ("stdlib", "1.17"),
            ("golang.org/x/net", "v0.0.0-20211006190231-62292e806868"),
            ("golang.org/x/sys", "v0.0.0-20211006194710-c8a6f5223071"),
            ("golang.org/x/term", "v0.0.0-20210916214954-140adaaadfaf"),
        ],
        "binary_with_module_replacement-linux-amd64": [
            ("binary_with_module_replacement", ""),
            ("stdlib", "1.22.0"),
            ("github.com/golang/xerrors", "v0.0.0-20220907171357-04be3eba64a2"),
        ],
        "main-version-via-ldflags.elf": [
            ("github.com/aquasecurity/test", "v1.0.0"),
            ("stdlib", "1.22.1"),
        ],
        "goexperiment": [("stdlib", "1.22.1")],
    }


@pytest.mark.peer
@pytest.mark.skipif(which("go") is None, reason="go is not installed")
def test_go_itself_lists_the_same(shared_data: Path) -> None:
    for path in executables_below(shared_data / "packagedbs"):
        said = subprocess.run(["go", "version", "-m", path], capture_output=True, text=True, check=False).stdout
        facts, _ = read_all(CATALOGER, [MemoryFile(PATH, path.read_bytes())])
        listing = [(module.path, module.version) for _, fact in facts if isinstance(fact, golang.GoFact) for module in fact.dependencies]
        assert listing == list(dependencies_in(said)), path


def dependencies_in(listing: str) -> Iterator[tuple[str, str]]:
    """What `go version -m` prints of dependencies, each with what replaced it."""
    rows = [line.split("\t")[1:] for line in listing.splitlines()[1:]]
    for row, following in zip(rows, [*rows, [""]][1:], strict=False):
        if row[0] == "dep":
            _, path, version, *_ = following if following[0] == "=>" else row
            yield path, version


WITHOUT_MODULES = (
    "github.com/cli/cli/v2/cmd/gh",
    "github.com/containerd/containerd/cmd/containerd",
    "github.com/containerd/containerd/cmd/containerd-shim",
    "github.com/containerd/containerd/cmd/containerd-shim-runc-v1",
    "github.com/containerd/containerd/cmd/containerd-shim-runc-v2",
    "github.com/containerd/containerd/cmd/ctr",
    "github.com/docker/cli/cmd/docker",
    "github.com/docker/docker/cmd/dockerd",
    "github.com/docker/libnetwork/cmd/dnet",
    "github.com/docker/libnetwork/cmd/ovrouter",
    "github.com/docker/libnetwork/cmd/proxy",
    "github.com/opencontainers/runc",
    "github.com/restic/restic/cmd/restic",
)
"""The `path` of Debian's programs, which `go version -m` shows without a `mod`."""


@pytest.fixture(scope="module")
def truth(corpus: Path) -> Any:
    path = corpus / "truth" / "bins.json"
    if not path.exists():
        pytest.skip("truth/bins.json is absent: build the corpus with TRUTH=1")
    return json.loads(path.read_text())


@pytest.mark.corpus
@pytest.mark.long
def test_an_image_of_binaries_is_what_go_says_of_it(corpus: Path, truth: Any) -> None:
    """Modules, their layers, what was removed; main modules that are `(devel)` for `go version`, and main packages without a module."""
    ran = run("sbomgen", "layers", corpus / "oci" / "bins", "-o", "json")
    assert ran.code == 0, ran.stderr
    packages = [package for package in ran.json["packages"] if package["slot"].startswith("golang|")]
    ours = {(*package["slot"].split("|")[1:3], package["version"]): package["layer"] for package in packages if package["visible"]}
    theirs = {
        (row["location"].lstrip("/"), row["name"], row["version"].replace("(devel)", "")): row["layer"]
        for row in truth["packages"]
        if row["ecosystem"] == "golang"
    }
    more = {key: ours.pop(key) for key in ours.keys() - theirs.keys()}
    assert ours.items() <= theirs.items()
    unversioned = theirs.keys() - ours.keys()
    assert {(*key[:2], ""): layer for key, layer in more.items() if key[2]} == {key: theirs[key] for key in unversioned}
    assert {key[1:] for key in more if not key[1].endswith("esbuild")} == {
        ("github.com/anchore/syft", "v1.18.1"),
        ("github.com/aquasecurity/trivy", "v0.59.1"),
        *((package, "") for package in WITHOUT_MODULES),
    }
    assert len(packages) - len(ours) - len(more) == sum(row["ecosystem"] == "golang" for row in truth["gone"])
