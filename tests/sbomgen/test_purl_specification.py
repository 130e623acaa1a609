"""The whole test suite of the PURL specification: on packageurl-python each failure has a cause, on ours there is none."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packageurl import PackageURL

from sbomgen.model import Package
from sbomgen.purl import purl_of

JOINED = {"npm": "/", "golang": "/", "composer": "/", "maven": ":"}
"""Types whose packages have a namespace, and what stands before the name in theirs."""

OURS = {*JOINED, "cargo", "gem", "generic", "nuget", "pypi"}
"""Types without a distribution that are built from a name, a version and qualifiers."""


SLASH = "leaves / as it is in qualifiers"
LENIENT = "accepts what a rule of the type forbids"
UNCHANGED = "leaves letters as they are that the type makes small"
CUT = "takes the last segment for the name where the type has the whole path"
LIBRARY: dict[str, dict[str, int]] = {
    SLASH: {
        "bazel": 3,
        "brew": 2,
        "generic": 4,
        "hex": 2,
        "huggingface": 5,
        "julia": 2,
        "luarocks": 2,
        "maven": 8,
        "mlflow": 13,
        "npm": 2,
        "oci": 6,
        "otp": 2,
        "vcpkg": 2,
    },
    LENIENT: {
        "chrome-extension": 4,
        "cpan": 5,
        "gem": 1,
        "julia": 1,
        "otp": 2,
        "rpm": 1,
        "swift": 5,
        "vcpkg": 2,
        "vscode-extension": 2,
    },
    UNCHANGED: {"brew": 4, "git": 1},
    CUT: {"git": 2},
}
"""What packageurl-python 0.17.6 does otherwise, by type: 83 of 586 cases."""


def cases(shared_data: Path) -> Iterator[tuple[str, Any]]:
    folder = shared_data / "purl-spec/package-url+purl-spec/tests"
    for path in sorted(folder.rglob("*.json")):
        yield from ((path.stem.removesuffix("-test"), case) for case in json.loads(path.read_bytes())["tests"])


def asked(case: Any) -> object:
    """What packageurl-python answers; None where it refuses."""
    try:
        if case["test_type"] == "build":
            return PackageURL(**case["input"]).to_string()
        read = PackageURL.from_string(case["input"])
        return {key: value or None for key, value in read.to_dict().items()} if case["test_type"] == "parse" else read.to_string()
    except ValueError:
        return None


def cause(case: Any, answer: object) -> str | None:
    """Why the library's answer is another than the specification's; None where it is the same."""
    expected = None if case["expected_failure"] else case["expected_output"]
    if answer == expected:
        return None
    if expected is None:
        return LENIENT
    if isinstance(answer, str) and isinstance(expected, str) and answer == expected.replace("%2F", "/"):
        return SLASH
    if json.dumps(answer).lower() == json.dumps(expected).lower():
        return UNCHANGED
    assert isinstance(answer, dict), case
    assert answer["name"] == expected["name"].rpartition("/")[2], case
    return CUT


def test_each_failure_of_the_library_has_a_cause(shared_data: Path) -> None:
    causes = {found: Counter[str]() for found in (None, *LIBRARY)}
    for name, case in cases(shared_data):
        causes[cause(case, asked(case))][name] += 1
    assert causes.pop(None).total() == 586 - 83
    assert causes == LIBRARY


@pytest.mark.parametrize("purl_type", sorted(OURS))
def test_ours_are_those_of_the_specification(purl_type: str, shared_data: Path) -> None:
    built = 0
    for name, case in cases(shared_data):
        stated = case["input"]
        if case["test_type"] != "build" or case["expected_failure"] or stated["type"] != purl_type or stated.get("subpath"):
            continue
        parts = filter(None, (stated.get("namespace"), stated["name"]))
        qualifiers = tuple((stated.get("qualifiers") or {}).items())
        package = Package(
            type=purl_type,
            name=JOINED.get(purl_type, "/").join(parts),
            raw_version=stated.get("version") or "",
            qualifiers=qualifiers,
        )
        assert purl_of(package) == case["expected_output"], (name, case["description"])
        built += 1
    assert built
