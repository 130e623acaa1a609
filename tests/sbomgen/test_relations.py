import pytest

from sbomgen.catalogers.dpkg import DpkgCataloger
from sbomgen.catalogers.python import PythonCataloger
from sbomgen.model import EdgeKind, Package
from sbomgen.relations import owned_by_edges
from tests.support.evidence import MemoryView, packages_of

SITE = "usr/lib/python3/dist-packages"
INFO = f"{SITE}/requests-2.28.1.dist-info"


def python(*evidence: str) -> Package:
    return Package(type="pypi", name="requests", raw_version="2.28.1", root=SITE, evidence=evidence)


def deb(name: str, *owned_files: str) -> Package:
    return Package(type="deb", name=name, raw_version="1", owned_files=owned_files)


def owners(packages: list[Package], links: dict[str, str] | None = None) -> list[str]:
    files = {path: b"" for package in packages for path in package.evidence}
    edges = owned_by_edges(packages, MemoryView(files, links).resolve)
    assert all(edge.kind is EdgeKind.OWNED_BY for edge in edges)
    return [edge.to_slot for edge in edges]


@pytest.mark.parametrize(
    ("listed", "owned"),
    [
        ([f"{INFO}/METADATA", f"{INFO}/INSTALLER"], ["deb||python3-requests|"]),
        ([f"{INFO}/METADATA"], []),
        ([f"{SITE}/requests-2.25.1.dist-info/METADATA", f"{SITE}/requests-2.25.1.dist-info/INSTALLER"], []),
        ([], []),
    ],
)
def test_a_package_is_owned_when_all_of_its_evidence_is_listed(listed: list[str], owned: list[str]) -> None:
    assert owners([python(f"{INFO}/METADATA", f"{INFO}/INSTALLER"), deb("python3-requests", *listed)]) == owned


def test_no_package_owns_what_two_lists_have_in_part() -> None:
    packages = [python(f"{INFO}/METADATA", f"{INFO}/RECORD"), deb("a", f"{INFO}/METADATA"), deb("b", f"{INFO}/RECORD")]
    assert owners(packages) == []


def test_every_package_that_lists_it_owns_it() -> None:
    assert owners([python(f"{INFO}/METADATA"), deb("b", f"{INFO}/METADATA"), deb("a", f"{INFO}/METADATA")]) == ["deb||a|", "deb||b|"]


def test_lists_from_before_the_merged_usr_still_fit() -> None:
    assert owners([python(f"{INFO}/METADATA"), deb("a", f"{INFO.removeprefix('usr/')}/METADATA")], {"lib": "usr/lib"}) == ["deb||a|"]


def test_without_language_packages_nothing_is_resolved() -> None:
    def resolve(path: str) -> str | None:
        raise AssertionError(path)

    assert owned_by_edges([deb("a", "usr/bin/a")], resolve) == ()


def test_folders_are_resolved_once_and_only_for_wanted_names() -> None:
    asked: list[str] = []

    def resolve(path: str) -> str | None:
        asked.append(path)
        return path

    others = [deb(f"p{number}", *(f"usr/share/{number}/{name}" for name in ("a", "METADATA", "METADATA.gz"))) for number in range(20)]
    owned_by_edges([python(f"{INFO}/METADATA"), deb("a", f"{INFO}/METADATA", f"{INFO}/top_level.txt"), *others], resolve)
    assert sorted(asked) == sorted([INFO, *(f"usr/share/{number}" for number in range(20))])


@pytest.mark.parametrize("record", [True, False])
def test_pip_over_a_distribution_s_package_of_the_same_version_is_told_by_its_record(record: bool) -> None:
    files = {
        "var/lib/dpkg/status": b"Package: python3-requests\nStatus: install ok installed\nVersion: 2.28.1+dfsg-1\nArchitecture: all\n",
        "var/lib/dpkg/info/python3-requests.list": f"/usr\n/{INFO}\n/{INFO}/METADATA\n/{INFO}/INSTALLER\n".encode(),
        f"{INFO}/METADATA": b"Name: requests\nVersion: 2.28.1\n",
        f"{INFO}/INSTALLER": b"pip\n" if record else b"debian\n",
        **({f"{INFO}/RECORD": b""} if record else {}),
    }
    view = MemoryView(files)
    packages = [*packages_of(DpkgCataloger(), view), *packages_of(PythonCataloger(), view)]
    assert len(owned_by_edges(packages, view.resolve)) == (0 if record else 1)
