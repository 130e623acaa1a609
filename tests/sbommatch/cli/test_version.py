"""`sbommatch version`."""

from io import BytesIO, TextIOWrapper
from pathlib import Path

import pytest

from sbommatch.cli import base
from sbommatch.cli.version import VersionGroup, version
from sbommatch.ranges import SYNTAX_BY_NAME
from sbommatch.versions import SCHEMES
from tests.sbommatch.reports.schemas import check as checked
from tests.support.run import Ran

Capture = pytest.CaptureFixture[bytes]


def asked(capsysbinary: Capture, *arguments: str | Path) -> Ran:
    code = base.run(version, [str(argument) for argument in arguments])
    out, err = capsysbinary.readouterr()
    return Ran(code, out, err.decode())


@pytest.mark.parametrize(
    ("scheme", "left", "right", "sign"),
    [
        ("pypi", "1.0rc1", "1.0", "<"),
        ("PyPI", "1.0", "1.0.0", "="),
        ("deb", "1:1.0", "2.0", ">"),
        ("Debian:12", "1.0", "1.0-0", "="),
        ("crates.io", "1.0.0-rc.1", "1.0.0", "<"),
        ("golang", "v1.0.0+incompatible", "1.0.0", "="),
        ("Rocky Linux", "1.0~rc1", "1.0", "<"),
        ("maven", "1.foo.1", "1", ">"),
    ],
)
def test_compare_says_how_two_versions_stand(capsysbinary: Capture, scheme: str, left: str, right: str, sign: str) -> None:
    ran = asked(capsysbinary, "compare", scheme, left, right)
    assert (ran.code, ran.text, ran.stderr) == (0, f"{sign}\n", "")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("compare", "cobol", "1", "2"), "cobol: no version scheme is called so; `sbommatch version schemes` lists them"),
        (("compare", "pypi", "0.1-bulbasaur", "2"), "'0.1-bulbasaur' is no PEP 440 version"),
        (("compare", "deb", "1.0", "\x1b[31m1"), "is no Debian version"),
        (("compare", "pypi", "1"), "Missing argument 'B'"),
        (("range", "npm", "^1.2.3", "glorp"), "'glorp' is no"),
        (("range", "npm", ">>1", "1.0.0"), "'>>1' is no npm range: no comparator stands at character 1"),
        (("range", "pypi", ">= 2.6.0-NA", "1.0", "--syntax", "comparators"), "'2.6.0-NA' is no PEP 440 version"),
        (("range", "npm", "vers:deb/>=1.0", "1.0.0"), "vers:deb/>=1.0: is a range of deb, not of npm"),
        (
            ("range", "npm", "1", "1.0.0", "--syntax", "gem"),
            "gem: ranges of npm are not written so, but in npm, comparators, cpe, osv, vers",
        ),
        (("range", "npm", "^1.2.3"), "Missing argument 'VERSION...'"),
        (("check", "x.txt"), "Missing option '--scheme'"),
        (("range", "pypi", "introduced 0 fixed x", "1.0", "--syntax", "osv"), "'x' is no PEP 440 version"),
    ],
)
def test_what_is_none_is_wrong_usage(capsysbinary: Capture, arguments: tuple[str, ...], reason: str) -> None:
    ran = asked(capsysbinary, *arguments)
    assert (ran.code, ran.stdout) == (2, b"")
    assert reason in ran.stderr
    assert "\x1b" not in ran.stderr


def vectors(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def test_check_says_nothing_of_what_agrees(tmp_path: Path, capsysbinary: Capture) -> None:
    file = vectors(tmp_path / "good.txt", "# vectors\n\n1.0 < 1.1\n1.0 = 1.0.0\r\n1.1 >= 1.0\n 1.0 != 2\n1 == 1.0\n1 <= 1\n2 > 1\n")
    ran = asked(capsysbinary, "check", file, "--scheme", "pypi")
    assert (ran.code, ran.stdout) == (0, b"")
    assert ran.stderr == f"{file}: 7 comparisons, 0 disagreements, 0 with a refused version\n"
    assert asked(capsysbinary, "check", file, "--scheme", "pypi", "-q").stderr == ""


def test_check_names_the_lines_that_disagree(tmp_path: Path, capsysbinary: Capture) -> None:
    file = vectors(tmp_path / "bad.txt", "1.0 < 1.1\n# a comment\n1.0a1 > 1.0\n1.0 = 1.0.post1\n")
    ran = asked(capsysbinary, "check", file, "--scheme", "pypi")
    assert ran.code == 1
    assert ran.text.splitlines() == [f"{file}:3: 1.0a1 > 1.0, but 1.0a1 < 1.0", f"{file}:4: 1.0 = 1.0.post1, but 1.0 < 1.0.post1"]
    assert "3 comparisons, 2 disagreements, 0 with a refused version" in ran.stderr


def test_a_refused_version_is_counted_apart_unless_it_must_not_be(tmp_path: Path, capsysbinary: Capture) -> None:
    file = vectors(tmp_path / "refused.txt", "1.0 < 1.1\n0.1-bulbasaur < 1.0\n")
    ran = asked(capsysbinary, "check", file, "--scheme", "pypi")
    assert (ran.code, ran.stdout) == (0, b"")
    assert f"{file}:2: not compared: '0.1-bulbasaur' is no PEP 440 version" in ran.stderr
    assert "2 comparisons, 0 disagreements, 1 with a refused version" in ran.stderr
    strict = asked(capsysbinary, "check", file, "--scheme", "pypi", "--strict")
    assert strict.code == 1
    assert strict.text.startswith(f"{file}:2: 0.1-bulbasaur < 1.0, but '0.1-bulbasaur' is no PEP 440 version")


def test_check_reads_stdin(monkeypatch: pytest.MonkeyPatch, capsysbinary: Capture) -> None:
    with TextIOWrapper(BytesIO(b"1.0.Final = 1.0\n1 a < 2\n")) as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        ran = asked(capsysbinary, "check", "-", "--scheme", "maven")
    assert (ran.code, ran.stderr) == (0, "-: 2 comparisons, 0 disagreements, 0 with a refused version\n")


@pytest.mark.parametrize("line", ["1.0 1.1", "1.0 <", "< 1.0", "1 < 2 < 3", "1.0 ~ 1.1"])
def test_what_is_no_comparison_is_unreadable(tmp_path: Path, capsysbinary: Capture, line: str) -> None:
    file = vectors(tmp_path / "vectors.txt", f"1 < 2\n{line}\n")
    ran = asked(capsysbinary, "check", file, "--scheme", "pypi")
    assert (ran.code, ran.stdout) == (3, b"")
    assert f"{file}: line 2 is no comparison: `A OP B` makes one" in ran.stderr


def test_a_file_that_cannot_be_read_is_unreadable(tmp_path: Path, capsysbinary: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = asked(capsysbinary, "check", tmp_path / "missing.txt", "--scheme", "pypi")
    assert (ran.code, ran.stdout) == (3, b"")
    assert "missing.txt: cannot be read: No such file or directory" in ran.stderr
    file = vectors(tmp_path / "long.txt", "1 < 2\n" * 3)
    monkeypatch.setattr("sbommatch.cli.version.CHECK_BYTES", 17)
    assert asked(capsysbinary, "check", file, "--scheme", "pypi").code == 3


def test_bytes_that_are_no_text_are_shown_safely(tmp_path: Path, capsysbinary: Capture) -> None:
    file = tmp_path / "bytes.txt"
    file.write_bytes(b"1.0 < 1.1\xff\x1b[31m\n")
    ran = asked(capsysbinary, "check", file, "--scheme", "pypi", "--strict")
    assert ran.code == 1
    assert b"1.1\\xff\\x1b[31m" in ran.stdout


def test_the_published_vectors_hold(shared_data: Path, capsysbinary: Capture) -> None:
    ran = asked(capsysbinary, "check", shared_data / "versions" / "deb.txt", "--scheme", "deb", "-q")
    assert (ran.code, ran.stdout) == (0, b"")


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        (
            ("npm", "^1.2.3 || >=3.0.0-rc.1", "1.9.0", "3.1.0-rc.1"),
            [
                "1.9.0       yes  >=1.2.3, <2.0.0-0 (no pre-releases) or >=3.0.0-rc.1 (no pre-releases but those of 3.0.0)",
                "3.1.0-rc.1  no   >=1.2.3, <2.0.0-0 (no pre-releases) or >=3.0.0-rc.1 (no pre-releases but those of 3.0.0)",
            ],
        ),
        (("pypi", ">=1.0,!=1.3.*,<2", "1.3.1"), ["1.3.1  no  >=1.0, <1.3.dev0 or >=1.4.dev0, <2.dev0"]),
        (("maven", "[1.0,2.0)", "1.5", "2.0"), ["1.5  yes  >=1.0, <2.0", "2.0  no   >=1.0, <2.0"]),
        (("maven", "1.0", "0.1"), ["0.1  yes  every version (1.0 is a wish only)"]),
        (("maven", "[1.foo.1,2)", "1.5"), ["1.5  yes  >=1.foo.1, <2"]),
        (("gem", "~> 1.4", "1.9"), ["1.9  yes  >=1.4, <2.A"]),
        (("hackage", ">= 1.0, < 1.2", "1.1"), ["1.1  yes  >=1.0, <1.2"]),
        (("npm", "<x", "1.0.0"), ["1.0.0  no  no version"]),
        (("npm", ">=2 <1", "1.0.0"), ["1.0.0  no  no version (no pre-releases)"]),
        (("npm", "vers:npm/1.2.3|>=2.0.0", "1.2.3"), ["1.2.3  yes  =1.2.3 or >=2.0.0"]),
        (("PyPI", "introduced: 0, fixed: 1.2", "1.1", "--syntax", "osv"), ["1.1  yes  <1.2"]),
        (("npm", "versionEndExcluding=1.2", "1.1.0-rc.1", "--syntax", "cpe"), ["1.1.0-rc.1  yes  <1.2"]),
    ],
)
def test_range_says_which_versions_are_inside(capsysbinary: Capture, arguments: tuple[str, ...], lines: list[str]) -> None:
    ran = asked(capsysbinary, "range", *arguments)
    assert (ran.code, ran.text.splitlines(), ran.stderr) == (0, lines, "")


def test_range_as_json(capsysbinary: Capture) -> None:
    ran = asked(capsysbinary, "range", "crates.io", "^1.2.3-rc.1", "1.2.3-rc.2", "2.0.0", "-o", "json")
    assert ran.code == 0
    assert checked(ran.stdout, "range-1.schema.json") == {
        "schema": "sbommatch.range/1",
        "scheme": "cargo",
        "syntax": "cargo",
        "range": "^1.2.3-rc.1",
        "alternatives": [{"intervals": [">=1.2.3-rc.1, <2.0.0-0"], "rules": ["no pre-releases but those of 1.2.3"]}],
        "versions": [{"version": "1.2.3-rc.2", "inside": True}, {"version": "2.0.0", "inside": False}],
    }


def test_schemes_are_listed(capsysbinary: Capture) -> None:
    ran = asked(capsysbinary, "schemes")
    header, *rows = ran.text.splitlines()
    assert header.split() == ["SCHEME", "RANGES", "ORDER", "ALSO", "CALLED"]
    assert [row.split()[0] for row in rows] == sorted(scheme.name for scheme in SCHEMES)
    assert any(row.startswith("deb ") and "as dpkg" in row and "Debian, Echo, Ubuntu" in row for row in rows)


def test_schemes_as_json(capsysbinary: Capture) -> None:
    shown = checked(asked(capsysbinary, "schemes", "-o", "json").stdout, "schemes-1.schema.json")["schemes"]
    assert [scheme["name"] for scheme in shown] == sorted(scheme.name for scheme in SCHEMES)
    for scheme in shown:
        assert scheme["synonyms"] == sorted(scheme["synonyms"])
        assert set(scheme["syntaxes"]) <= set(SYNTAX_BY_NAME)
    assert {scheme["name"]: scheme["syntaxes"][0] for scheme in shown}["rpm"] == "comparators"


def test_each_command_has_the_words_of_its_entry(capsysbinary: Capture) -> None:
    listed = asked(capsysbinary, "--help").text
    for entry in VersionGroup.entries:
        assert entry.help in listed
        assert entry.help.rstrip(".") in " ".join(asked(capsysbinary, entry.name, "--help").text.split())
