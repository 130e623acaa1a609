import pytest

from sbomgen.catalogers._sites import SITES_LIMIT, Sites, parse_site

DEBIAN = "usr/lib/python3/dist-packages"
DEBIAN_LOCAL = "usr/local/lib/python3.11/dist-packages"
OFFICIAL = "usr/local/lib/python3.11/site-packages"
USER = "root/.local/lib/python3.11/site-packages"
VENV = "opt/venv/lib/python3.11/site-packages"
OPEN_VENV = "opt/open/lib/python3.11/site-packages"
OTHER_MINOR = "usr/local/lib/python3.12/site-packages"
PYPY = "opt/pypy/lib/pypy3.11/site-packages"
CHROOT = "srv/c/usr/lib/python3/dist-packages"
TARGET = "app/vendor"
ALL = (DEBIAN, DEBIAN_LOCAL, OFFICIAL, USER, VENV, OPEN_VENV, OTHER_MINOR, PYPY, CHROOT, TARGET)


@pytest.mark.parametrize(
    ("site", "expected"),
    [
        (DEBIAN, (USER, DEBIAN_LOCAL, DEBIAN)),
        (DEBIAN_LOCAL, (USER, DEBIAN_LOCAL, DEBIAN)),
        (OFFICIAL, (USER, OFFICIAL)),
        (VENV, (VENV,)),
        (OPEN_VENV, (OPEN_VENV, USER, DEBIAN_LOCAL, OFFICIAL, DEBIAN)),
        (OTHER_MINOR, (OTHER_MINOR,)),
        (PYPY, (PYPY,)),
        (CHROOT, (CHROOT,)),
        (TARGET, (TARGET,)),
    ],
)
def test_a_module_finds_others_where_its_interpreter_looks(site: str, expected: tuple[str, ...]) -> None:
    sites = Sites(ALL, {"opt/venv": False, "opt/open": True}, lambda path: "srv/c" if path.startswith("srv/c/") else "")
    assert sites.search_path(site) == expected


@pytest.mark.parametrize("path", ["app/vendor", "usr/lib/python3.11", "lib/site-packages", "usr/share/python/site-packages"])
def test_folders_that_no_interpreter_looks_into_are_none(path: str) -> None:
    assert parse_site(path) is None


def test_with_very_many_site_folders_each_sees_itself_alone() -> None:
    crowd = [f"home/u{number}/.local/lib/python3.11/site-packages" for number in range(SITES_LIMIT + 1)]
    assert len(Sites(crowd[:-1], {}, lambda _: "").search_path(crowd[0])) == SITES_LIMIT
    assert Sites(crowd, {}, lambda _: "").search_path(crowd[0]) == (crowd[0],)


def test_the_64_bit_folder_belongs_to_the_same_prefix() -> None:
    sites = Sites(("usr/lib/python3.9/site-packages", "usr/lib64/python3.9/site-packages"), {}, lambda _: "")
    assert len(sites.search_path("usr/lib/python3.9/site-packages")) == 2
