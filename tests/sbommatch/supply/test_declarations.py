"""The declared feeds."""

from pathlib import Path

import pytest

from sbommatch.errors import FeedError, UsageError
from sbommatch.formats import FORMAT_BY_NAME
from sbommatch.supply import declarations
from sbommatch.supply.declarations import Completeness, Proof, feeds_folder, named, read_declarations

GOOD = """\
title = "A feed"
urls = ["https://example.org/feed.zip"]
licence = "CC0-1.0"
redistributable = true
cadence = "daily"
format = "osv"
covers = ["pypi", "alpine:*"]
completeness = "full"
proof = "samples"
live_checked = "2026-01-31"
"""


def read(folder: Path, text: str) -> declarations.Declaration:
    folder.joinpath("a-feed.toml").write_text(text)
    return read_declarations(folder)["a-feed"]


def test_every_declaration_of_ours_is_sound() -> None:
    declared = declarations.declarations()
    assert {"alpine-secdb", "osv-crates.io", "osv-go", "osv-pypi"} <= set(declared)
    assert list(declared) == sorted(declared)
    for name, declaration in declared.items():
        assert declaration.name == name
        assert declaration.format in FORMAT_BY_NAME
        assert feeds_folder().joinpath(f"{name}.toml").is_file()


def test_a_feed_of_fixes_says_so() -> None:
    declared = declarations.declarations()
    assert declared["alpine-secdb"].completeness is Completeness.FIXES_ONLY
    assert declared["osv-pypi"].completeness is Completeness.FULL
    assert declared["osv-debian"].proof is Proof.SAMPLES


def test_the_name_is_the_files_stem(tmp_path: Path) -> None:
    assert read(tmp_path, GOOD).name == "a-feed"
    with pytest.raises(FeedError, match=r"a-feed\.toml: name is the file's stem"):
        read(tmp_path, 'name = "other"\n' + GOOD)


def test_osv_stands_for_all_of_its_feeds() -> None:
    assert {feed.name for feed in named("osv")} == {name for name in declarations.declarations() if name.startswith("osv-")}
    assert [feed.name for feed in named("osv-pypi")] == ["osv-pypi"]


def test_an_unknown_feed_is_wrong_usage_and_the_known_ones_are_named() -> None:
    with pytest.raises(UsageError, match=r"no feed is called 'gentoo'; there are osv, .*alpine-secdb, .*osv-pypi"):
        named("gentoo")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("redistributable = true", "redistributable = 1", r"Expected `bool`, got `int` - at `\$\.redistributable`"),
        ('title = "A feed"', "", "missing required field `title`"),
        ('title = "A feed"', 'title = "A feed"\nlicense = "x"', "unknown field `license`"),
        ('cadence = "daily"', 'cadence = "often"', r"Invalid enum value 'often' - at `\$\.cadence`"),
        ('completeness = "full"', 'completeness = "whole"', r"\$\.completeness"),
        ('proof = "samples"', 'proof = "trust"', r"\$\.proof"),
        ('format = "osv"', 'format = "cvrf"', "format must be one of osv, alpine-secdb"),
        ("https://example.org/feed.zip", "http://example.org/feed.zip", "urls must be https"),
        ('["pypi", "alpine:*"]', '["PyPI"]', "covers must be namespaces"),
        ('["pypi", "alpine:*"]', '["*"]', "covers must be namespaces"),
        ('"2026-01-31"', '"yesterday"', "live_checked must be"),
        ('title = "A feed"', "title = ", "cannot be read"),
    ],
)
def test_a_fault_names_file_and_key(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in GOOD
    with pytest.raises(FeedError, match=rf"a-feed\.toml: .*{message}"):
        read(tmp_path, GOOD.replace(old, new))


def test_the_folder_inside_the_package_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = tmp_path / "site-packages" / "sbommatch" / "supply" / "declarations.py"
    (tmp_path / "site-packages" / "feeds").mkdir(parents=True)
    monkeypatch.setattr(declarations, "__file__", str(module))
    assert feeds_folder() == tmp_path / "site-packages" / "feeds"
    installed = tmp_path / "site-packages" / "sbommatch" / "feeds"
    installed.mkdir(parents=True)
    assert feeds_folder() == installed
