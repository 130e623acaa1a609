"""The ranges of other tools' test suites, and the table of rows where we answer otherwise.

A row of `deviations.tsv` says what the native tool answers: node-semver 7.8, packaging 26.3, Gem::Requirement of RubyGems 3.3,
composer/semver 3.4, VersionRange of Maven 3.9.12, rpm 4.18. `none` stands for what it, or we, do not accept. A row whose range or version
the native tool does not accept passes as it stands, too.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from msgspec import Struct

from sbommatch.ranges import SYNTAX_BY_NAME, InvalidRange, NativeRange, contains, spans_of, syntaxes_of
from sbommatch.versions import SCHEME_BY_NAME
from sbommatch.versions.scheme import InvalidVersion, Scheme

DEVIATIONS = Path(__file__).with_name("deviations.tsv")

KINDS = ("apk", "bitnami", "composer", "deb", "gem", "gentoo", "go", "maven", "npm", "pypi", "rpm", "semver")


class Deviation(Struct, frozen=True):
    """A row of the vectors that we do not answer as it stands."""

    kind: str
    text: str
    version: str
    """Or the VERS that the suite wants of the range."""
    vector: str
    native: str
    ours: str
    reason: str


def deviations() -> list[Deviation]:
    rows = [line.split("\t") for line in DEVIATIONS.read_text("utf-8").splitlines() if not line.startswith("#")]
    return [Deviation(*row) for row in rows]


def answer(kind: str, text: str, version: str) -> str:
    """`true`, `false`, or `none` of what is no range or no version."""
    try:
        return str(contains(syntaxes_of(kind)[0].parse(text), SCHEME_BY_NAME[kind], version)).lower()
    except (InvalidRange, InvalidVersion):
        return "none"


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_answered_as_they_stand_or_as_the_table_of_deviations_says(shared_data: Path, kind: str) -> None:
    expected = {(row.text, row.version): row for row in deviations() if row.kind == kind}
    wrong, met = [], set()
    for line in (shared_data / "versions" / "ranges" / f"{kind}.tsv").read_text("utf-8").splitlines():
        if line.startswith("#"):
            continue
        text, version, wanted = line.replace("\\t", "\x00").split("\t")
        text = text.replace("\x00", "\t")
        if row := expected.get((text, version)):
            met.add((text, version))
            assert row.vector == wanted
            wanted = row.ours
        if (ours := answer(kind, text, version)) != wanted:
            wrong.append(f"{text!r} {version!r}: {ours}, not {wanted}")
    assert not wrong
    assert met == set(expected), "the table holds no row that is not in the vectors"


def test_we_deviate_with_the_native_tool() -> None:
    """No range that the native tool reads is read otherwise, but for VERS that is not sorted."""
    for row in deviations():
        assert row.ours == row.native or row.kind == "vers"


def is_vulnerable(advisory: dict[str, Any]) -> bool:
    """As Trivy decides it: in what is vulnerable, if anything is said to be, and in nothing that is patched or unaffected."""
    kind = {"rubygems": "gem", "pep440": "pypi"}.get(advisory["scheme"], advisory["scheme"])
    parse, scheme, version = syntaxes_of(kind)[0].parse, SCHEME_BY_NAME[kind], advisory["version"]

    def lies_in(ranges: list[str]) -> bool:
        ranges_of = [parse(text).without_rules() for text in ranges]
        return any(contains(native, scheme, version) for native in ranges_of)

    listed = bool(advisory["vulnerable"] or advisory["patched"] or advisory["unaffected"])
    safe = lies_in([*advisory["patched"], *advisory["unaffected"]])
    return listed and (lies_in(advisory["vulnerable"]) or not advisory["vulnerable"]) and not safe


def test_advisories_of_trivy_are_decided_as_there(shared_data: Path) -> None:
    """Without rules, as advisories mean ranges. Where Trivy logs what it cannot read, and says no, we raise."""
    refused = []
    for line in (shared_data / "versions" / "ranges" / "trivy_advisory_ranges.jsonl").read_text("utf-8").splitlines():
        advisory = json.loads(line)
        try:
            assert is_vulnerable(advisory) is advisory["is_vulnerable"], line
        except (InvalidRange, InvalidVersion) as exc:
            refused.append((advisory["is_vulnerable"], str(exc)[:10]))
    assert sorted(refused) == [(False, "'!1.0.0' i"), (False, "'!1.0.0' i"), (False, "'!1.2.0' i"), (False, "'1.2..4' i")]


VERS_FOLDER = "versions/vers_ranges_json"
UNKNOWN_TYPES = {"nginx", "openssl", "datetime"}
"""Of VERS, for which there is no scheme; conan's ranges are a language of their own."""


def suite(shared_data: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The cases of one kind, with the file that each stands in."""
    for path in sorted((shared_data / VERS_FOLDER).rglob("*.json")):
        cases = json.loads(path.read_bytes())
        for case in cases.get("tests", cases) if isinstance(cases, dict) else cases:
            if case["test_type"] == kind:
                yield str(path), case


def probes(*ranges: NativeRange) -> list[str]:
    """Releases at the bounds, right below and right above."""
    found: dict[str, None] = {}
    for native in ranges:
        for clause in native.clauses:
            for bound in [*clause.comparators, *(one for row in clause.excluded for one in row)]:
                head, dot, last = bound.version.rpartition(".")
                if re.fullmatch(r"[0-9.]+", bound.version):
                    around = [bound.version, *(f"{head}{dot}{int(last) + step}" for step in (-1, 1) if int(last) + step >= 0)]
                    found.update(dict.fromkeys(around))
    return list(found)


def differences(native: NativeRange, wanted: NativeRange, scheme: Scheme) -> list[str]:
    """Releases that only one of the two takes in."""
    native = native.without_rules()
    return [version for version in probes(native, wanted) if contains(native, scheme, version) is not contains(wanted, scheme, version)]


def test_native_ranges_mean_what_the_suites_of_vers_say(shared_data: Path) -> None:
    """By the releases around their bounds: that suite leaves out what node-semver and Composer say of pre-releases there."""
    expected = {(row.kind, row.text): row for row in deviations() if row.kind.startswith("vers:")}
    wrong, met, checked = [], set(), 0
    for path, case in suite(shared_data, "from_native"):
        name, text = case["input"]["scheme"], case["input"]["native_range"]
        if name in UNKNOWN_TYPES or name == "conan":
            continue
        gitlab = "gitlab" in path and name != "npm"
        native = (SYNTAX_BY_NAME["comparators"] if gitlab else syntaxes_of(name)[0]).parse(text)
        # univers takes the fourth component of a version of Composer for build metadata.
        wanted = re.sub(r"\+([0-9]+)", r".\1", case["expected_output"]) if name == "composer" else case["expected_output"]
        found = differences(native, SYNTAX_BY_NAME["vers"].parse(wanted), SCHEME_BY_NAME[name])
        checked += 1
        if found and (row := expected.get((f"vers:{name}", text))):
            met.add((f"vers:{name}", text))
            assert row.version in found
            assert contains(native.without_rules(), SCHEME_BY_NAME[name], row.version) is (row.ours == "true")
        elif found:
            wrong.append(f"{name} {text!r} is not {wanted}: {found[:5]}")
    assert not wrong
    assert met == set(expected)
    assert checked > 4000


def test_vers_contains_what_its_suite_says(shared_data: Path) -> None:
    checked = 0
    for _, case in suite(shared_data, "containment"):
        native = SYNTAX_BY_NAME["vers"].parse(case["input"]["vers"])
        scheme = SCHEME_BY_NAME.get(native.scheme or "", SCHEME_BY_NAME["semver"])
        assert contains(native, scheme, case["input"]["version"]) is case["expected_output"], case
        checked += 1
    assert checked == 22


def test_vers_is_the_same_sorted_and_simplified(shared_data: Path) -> None:
    parse = SYNTAX_BY_NAME["vers"].parse
    for kind in ("roundtrip", "validate"):
        for _, case in suite(shared_data, kind):
            given = case["input"] if isinstance(case["input"], str) else case["input"]["vers"]
            scheme = SCHEME_BY_NAME[parse(given).scheme or ""]
            assert spans_of(parse(given), scheme) == spans_of(parse(case["expected_output"]), scheme), case


def test_vers_is_parsed_as_its_suite_says(shared_data: Path) -> None:
    """What is not sorted is sorted, not refused: the same suite has unsorted ones to be answered."""
    expected = {row.text: row for row in deviations() if row.kind == "vers"}
    met = set()
    for _, case in suite(shared_data, "parse"):
        text = case["input"]
        try:
            native = SYNTAX_BY_NAME["vers"].parse(text)
            ours = [[str(one.op), one.version] for clause in native.clauses for one in clause.comparators]
        except InvalidRange:
            ours = None
        if text in expected and case.get("expected_failure"):
            met.add(text)
        elif not any(f"vers:{unknown}/" in text for unknown in UNKNOWN_TYPES):
            assert ours == (None if case.get("expected_failure") else case["expected_output"]["version_constraints"]), case
    assert met == set(expected)
