import email.parser
import json
import re
from pathlib import Path

import pytest

from sbomgen.catalogers.python import LICENCE_NAME_CHARS, METADATA_LIMIT_BYTES, PythonCataloger, parse_metadata
from sbomgen.evidence import EvidenceTooLargeError
from sbomgen.model import Edge, EdgeKind, Package
from sbomgen.purl import purl_of
from tests.support.evidence import MemoryFile, MemoryView, edges_of, packages_of
from tests.support.jars import jar

CATALOGER = PythonCataloger()
SITE = "usr/local/lib/python3.11/site-packages"
FLASK = b"""\
Metadata-Version: 2.1
Name: Flask
Version: 2.0.0
Summary: A simple framework for building complex web applications.
Home-page: https://palletsprojects.com/p/flask
Author: Armin Ronacher
Author-email: armin.ronacher@active-4.com
License: BSD-3-Clause
Classifier: License :: OSI Approved :: BSD License
Requires-Dist: Werkzeug (>=2.0)
Requires-Dist: asgiref>=3.2; extra == "async"

Name: not a header any more
Version: 9
"""


def metadata(name: str, version: str = "1", *lines: str) -> bytes:
    return "\n".join([f"Name: {name}", f"Version: {version}", *lines, ""]).encode()


def dist(name: str, version: str = "1", *lines: str, site: str = SITE) -> dict[str, bytes]:
    return {f"{site}/{name}-{version}.dist-info/METADATA": metadata(name, version, *lines)}


def view_of(*files: dict[str, bytes]) -> MemoryView:
    return MemoryView({path: body for group in files for path, body in group.items()})


def package_of(*lines: str) -> Package:
    (package,) = packages_of(CATALOGER, view_of(dist("a", "1", *lines)))
    return package


def test_a_dist_info_becomes_a_package() -> None:
    files = {f"{SITE}/Flask-2.0.0.dist-info/METADATA": FLASK, f"{SITE}/Flask-2.0.0.dist-info/INSTALLER": b"pip\n"}
    assert packages_of(CATALOGER, MemoryView(files)) == [
        Package(
            type="pypi",
            name="Flask",
            slot_name="flask",
            raw_version="2.0.0",
            root=SITE,
            licences=("BSD-3-Clause",),
            supplier="Armin Ronacher",
            homepage="https://palletsprojects.com/p/flask",
            description="A simple framework for building complex web applications.",
            evidence=(f"{SITE}/Flask-2.0.0.dist-info/METADATA", f"{SITE}/Flask-2.0.0.dist-info/INSTALLER"),
        )
    ]


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("a-1.dist-info/METADATA", ""),
        ("lib/a-1.dist-info/PKG-INFO", "lib"),
        ("lib/a.egg-info/PKG-INFO", "lib"),
        ("lib/a-1-py3.8.egg-info", "lib"),
        ("lib/a-1-py3.8.egg/EGG-INFO/PKG-INFO", "lib"),
        ("lib/A-1.DIST-INFO/METADATA", "lib"),
        ("home/u/.cache/pypoetry/virtualenvs/x/lib/python3.11/site-packages/a-1.dist-info/METADATA", None),
    ],
)
def test_every_form_of_installation_belongs_to_its_site_folder(path: str, root: str | None) -> None:
    (package,) = packages_of(CATALOGER, MemoryView({path: metadata("a")}))
    assert package.root == (path.rpartition("/a-1")[0] if root is None else root)


@pytest.mark.parametrize(
    "path",
    [
        "METADATA",
        "src/a-1/PKG-INFO",
        "lib/dist-info/METADATA",
        "lib/EGG-INFO/PKG-INFO",
        "lib/a-1.dist-info/sub/METADATA",
        "usr/lib/python2.7/Python-2.7.egg-info",
        "usr/lib/python3.11/lib-dynload/Python-3.11.egg-info",
        "usr/lib/python2.7/argparse.egg-info",
    ],
)
def test_what_is_no_installation_is_not_listed(path: str) -> None:
    view = MemoryView({path: metadata("a")})
    assert packages_of(CATALOGER, view) == []
    assert not view.problems


def test_a_package_of_conda_s_cache_is_no_installation() -> None:
    path = "opt/conda/pkgs/a-1-py311_0/lib/python3.11/site-packages/a-1.dist-info/METADATA"
    assert packages_of(CATALOGER, MemoryView({path: metadata("a"), "opt/conda/pkgs/a-1-py311_0/info/index.json": b"{}"})) == []
    assert len(packages_of(CATALOGER, MemoryView({path: metadata("a")}))) == 1


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        (b"Name: a\n", "Version"),
        (b"Version: 1\n", "Name"),
        (b"Name: UNKNOWN\nVersion: 0.0.0\n", "Name"),
        (b"", "Name"),
        (b"\n\nName: a", "Name"),
    ],
)
def test_metadata_without_name_or_version_is_a_note(body: bytes, missing: str) -> None:
    view = MemoryView({f"{SITE}/a-1.dist-info/METADATA": body})
    assert packages_of(CATALOGER, view) == []
    (problem,) = view.problems
    assert missing in problem.message
    assert not problem.loss


def test_a_body_over_the_limit_is_refused() -> None:
    with pytest.raises(EvidenceTooLargeError):
        list(CATALOGER.read(MemoryFile(f"{SITE}/a.dist-info/METADATA", b" " * (METADATA_LIMIT_BYTES + 1))))


@pytest.mark.parametrize("spelling", ["zope.interface", "Zope_Interface", "ZOPE--interface"])
def test_the_slot_does_not_depend_on_the_spelling(spelling: str) -> None:
    (package,) = packages_of(CATALOGER, view_of(dist(spelling)))
    assert (package.name, package.slot) == (spelling, f"pypi|{SITE}|zope-interface|")


def test_two_virtual_environments_have_two_slots() -> None:
    view = view_of(dist("a", site="opt/x/lib/python3.11/site-packages"), dist("a", site="opt/y/lib/python3.11/site-packages"))
    assert len({package.slot for package in packages_of(CATALOGER, view)}) == 2


def test_a_site_folder_that_is_reached_by_two_names_is_one_root() -> None:
    files = {**dist("a", site="usr/lib/python3/dist-packages"), **dist("b", site="lib/python3/dist-packages")}
    view = MemoryView(files, links={"lib": "usr/lib"})
    assert {package.root for package in packages_of(CATALOGER, view)} == {"usr/lib/python3/dist-packages"}


def test_both_of_two_versions_in_one_site_folder_are_listed() -> None:
    packages = packages_of(CATALOGER, view_of(dist("pip", "23.0"), dist("pip", "24.0")))
    assert [package.raw_version for package in packages] == ["23.0", "24.0"]


def test_one_version_that_two_files_describe_is_one_package() -> None:
    egg = {f"{SITE}/a.egg-info/PKG-INFO": metadata("A"), f"{SITE}/a.egg-info/installed-files.txt": b""}
    (package,) = packages_of(CATALOGER, view_of(egg, dist("a")))
    assert package.evidence == (
        f"{SITE}/a-1.dist-info/METADATA",
        f"{SITE}/a.egg-info/PKG-INFO",
        f"{SITE}/a.egg-info/installed-files.txt",
    )


@pytest.mark.parametrize(
    ("lines", "licences"),
    [
        (["License-Expression: MIT OR Apache-2.0", "License: BSD"], ("MIT OR Apache-2.0",)),
        (["License: BSD", "Classifier: License :: OSI Approved :: MIT License"], ("BSD",)),
        (["License: UNKNOWN", "Classifier: License :: OSI Approved :: MIT License"], ("MIT License",)),
        (["License: Copyright (c)", "        ", "        Permission is", "Classifier: License :: Public Domain"], ("Public Domain",)),
        (["License: " + "x" * (LICENCE_NAME_CHARS + 1)], ()),
        (["Classifier: License :: OSI Approved", "Classifier: Topic :: License"], ()),
        (["Classifier: License :: OSI Approved :: A", "Classifier: License :: B", "Classifier: License :: OSI Approved :: A"], ("A", "B")),
        ([], ()),
    ],
)
def test_licences_are_the_declared_ones(lines: list[str], licences: tuple[str, ...]) -> None:
    assert package_of(*lines).licences == licences


@pytest.mark.parametrize(
    ("lines", "supplier"),
    [
        (["Author: A", "Maintainer: M"], "A"),
        (["Author: UNKNOWN", "Author-email: A <a@example.org>"], "A <a@example.org>"),
        (["Maintainer: M", "Maintainer-email: m@example.org"], "M"),
        (["Author: UNKNOWN"], None),
    ],
)
def test_the_supplier_is_the_author_else_the_maintainer(lines: list[str], supplier: str | None) -> None:
    assert package_of(*lines).supplier == supplier


@pytest.mark.parametrize(
    ("lines", "homepage"),
    [
        (["Home-page: https://a"], "https://a"),
        (["Home-page: UNKNOWN", "Project-URL: Home Page, https://b"], "https://b"),
        (["Project-URL: Source, https://c", "Project-URL: homepage,https://d"], "https://d"),
        (["Project-URL: Source, https://c"], None),
    ],
)
def test_the_homepage_may_stand_among_the_project_urls(lines: list[str], homepage: str | None) -> None:
    assert package_of(*lines).homepage == homepage


def test_headers_of_another_encoding_do_not_hide_a_package() -> None:
    (package,) = packages_of(CATALOGER, MemoryView({f"{SITE}/a.egg-info": b"Name: a\r\nVersion: 1\r\nAuthor: Jos\xe9\r\n\r\nName: b"}))
    assert (package.name, package.supplier) == ("a", "Jos\\xe9")


def test_requirements_become_edges_within_a_site_folder() -> None:
    flask = {f"{SITE}/Flask-2.0.0.dist-info/METADATA": FLASK}
    view = view_of(flask, dist("werkzeug"), dist("asgiref"), dist("werkzeug", site="opt/other"))
    assert edges_of(CATALOGER, view) == [("Flask", "werkzeug")]


def test_requirements_of_an_egg_info_stand_in_a_file_of_their_own() -> None:
    egg = {f"{SITE}/a.egg-info/PKG-INFO": metadata("a"), f"{SITE}/a.egg-info/requires.txt": b"b>=1\n\n[tls]\nc\n\n[:os_name=='nt']\nd\n"}
    view = view_of(egg, dist("b"), dist("c"), dist("d"))
    assert edges_of(CATALOGER, view) == [("a", "b")]


@pytest.mark.parametrize(("setting", "edges"), [(b"true", [("a", "b")]), (b"false", []), (None, [])])
def test_a_virtual_environment_sees_its_interpreter_only_when_it_says_so(setting: bytes | None, edges: list[tuple[str, str]]) -> None:
    files = {**dist("a", "1", "Requires-Dist: b", site="opt/v/lib/python3.11/site-packages"), **dist("b")}
    files["opt/v/pyvenv.cfg"] = b"home = /usr/local/bin\n" + (b"include-system-site-packages = " + setting + b"\n" if setting else b"")
    assert edges_of(CATALOGER, MemoryView(files)) == edges


def metadata_files(folder: Path) -> list[Path]:
    named = [path for pattern in ("METADATA", "PKG-INFO", "*.METADATA", "*.PKG-INFO", "*.egg-info") for path in folder.rglob(pattern)]
    return sorted(path for path in named if path.is_file())


def test_real_metadata_agrees_with_the_email_parser(shared_data: Path) -> None:
    paths = metadata_files(shared_data / "packagedbs")
    assert len(paths) > 35
    for path in paths:
        message = email.parser.BytesParser().parsebytes(path.read_bytes(), headersonly=True)
        fields = parse_metadata(path.read_bytes())
        for name in ("Name", "Version", "Summary", "License", "Author", "Home-page"):
            assert re.sub(r"\s+", " ", fields.first(name.lower())) == re.sub(r"\s+", " ", str(message.get(name, ""))).strip(), path
        for name in ("Classifier", "Requires-Dist"):
            assert fields.get(name.lower(), []) == [str(value).strip() for value in message.get_all(name, [])], path


def test_real_folders_hold_the_packages_that_their_metadata_names(shared_data: Path) -> None:
    """An independent look: every installation by its folder's name, name and version by the email parser."""
    folder = shared_data / "packagedbs"
    wanted = re.compile(r".*(\.(dist|egg)-info/(METADATA|PKG-INFO)|\.egg-info)")
    paths = [path for path in metadata_files(folder) if wanted.fullmatch(str(path)) and not path.name.startswith("Python-")]
    stated = set()
    for path in paths:
        message = email.parser.BytesParser().parsebytes(path.read_bytes(), headersonly=True)
        if message["Name"] and message["Version"]:
            stated.add((str(path.relative_to(folder)), message["Name"], message["Version"]))
    view = MemoryView({str(path.relative_to(folder)): path.read_bytes() for path in metadata_files(folder)})
    found = {(path, package.name, package.raw_version) for package in packages_of(CATALOGER, view) for path in package.evidence}
    assert found == stated
    assert len(found) > 15


DIST = f"{SITE}/a-1.dist-info"


def sbom(*components: dict[str, str]) -> bytes:
    return json.dumps({"bomFormat": "CycloneDX", "components": components}).encode()


def test_a_direct_url_goes_into_the_purl() -> None:
    origin = b'{"url": "https://h/a.git", "vcs_info": {"vcs": "git", "commit_id": "c"}}'
    (package,) = packages_of(CATALOGER, view_of(dist("a"), {f"{DIST}/direct_url.json": origin, "app/direct_url.json": b"?"}))
    assert purl_of(package) == "pkg:pypi/a@1?vcs_url=git%2Bhttps:%2F%2Fh%2Fa.git%40c"


def test_a_bad_direct_url_is_a_note_and_the_package_stands() -> None:
    view = view_of(dist("a"), {f"{DIST}/direct_url.json": b"?"})
    assert [package.name for package in packages_of(CATALOGER, view)] == ["a"]
    assert [(problem.where, problem.loss) for problem in view.problems] == [(f"{DIST}/direct_url.json", False)]


def test_what_an_sbom_in_a_wheel_names_is_a_package_that_the_wheel_contains() -> None:
    crate, own = {"name": "c", "version": "2", "purl": "pkg:cargo/c@2"}, {"name": "A", "version": "1", "purl": "pkg:pypi/A@1"}
    view = view_of(dist("a"), {f"{DIST}/sboms/a.cyclonedx.json": sbom(crate, own), f"{DIST}/sboms/more.cdx.json": sbom(crate)})
    wheel, component = packages_of(CATALOGER, view)
    assert component == Package(
        type="cargo",
        name="c",
        raw_version="2",
        root=f"{SITE}/a.dist-info",
        evidence=(f"{DIST}/sboms/a.cyclonedx.json", f"{DIST}/sboms/more.cdx.json"),
    )
    (edge,) = (found for found in CATALOGER.assemble(view) if isinstance(found, Edge))
    assert edge == Edge(EdgeKind.CONTAINS, wheel.slot, component.slot, "1", "2")


def test_a_wheel_contains_each_of_its_components() -> None:
    components = [{"name": name, "version": "2", "purl": f"pkg:cargo/{name}@2"} for name in "cd"]
    view = view_of(dist("a"), {f"{DIST}/sboms/a.cyclonedx.json": sbom(*components)})
    assert [package.name for package in packages_of(CATALOGER, view)] == ["a", "c", "d"]
    assert edges_of(CATALOGER, view) == [("a", "c"), ("a", "d")]


def test_an_sbom_without_its_wheel_shows_nothing_and_a_bad_one_is_a_note() -> None:
    view = view_of({f"{DIST}/sboms/a.cdx.json": sbom({"name": "c", "version": "2"}), f"{DIST}/sboms/b.cdx.json": b"?"})
    assert packages_of(CATALOGER, view) == []
    assert [(problem.where, problem.loss) for problem in view.problems] == [(f"{DIST}/sboms/b.cdx.json", False)]
    bad = view_of(dist("a"), {f"{DIST}/sboms/a.cdx.json": json.dumps({"bomFormat": "CycloneDX", "components": [1]}).encode()})
    assert [problem.message for problem in bad.problems] == ["1 components could not be read, or are too many: left out"]


def egg(**members: str) -> bytes:
    return jar({name.replace("__", "/").replace("PKG_INFO", "PKG-INFO").replace("EGG_", "EGG-"): body for name, body in members.items()})


def test_a_zipped_egg_is_installed() -> None:
    body = egg(EGG_INFO__PKG_INFO="Name: e\nVersion: 3\n", **{"EGG_INFO__requires.txt": "a\n"}, e__PKG_INFO="Name: other\nVersion: 1\n")
    view = view_of(dist("a"), {f"{SITE}/e-3-py3.11.egg": body})
    assert [(package.name, package.raw_version, package.root, package.evidence) for package in packages_of(CATALOGER, view)] == [
        ("a", "1", SITE, (f"{DIST}/METADATA",)),
        ("e", "3", SITE, (f"{SITE}/e-3-py3.11.egg",)),
    ]
    assert edges_of(CATALOGER, view) == [("e", "a")]


def test_a_damaged_egg_is_a_loss_and_a_file_that_is_only_called_so_a_note() -> None:
    view = view_of({f"{SITE}/e.egg": egg(EGG_INFO__PKG_INFO="Name: e\n")[:-30], f"{SITE}/shell.egg": b"#!/bin/sh\n"})
    assert packages_of(CATALOGER, view) == []
    assert [(problem.where, problem.loss) for problem in view.problems] == [(f"{SITE}/e.egg", True), (f"{SITE}/shell.egg", False)]
