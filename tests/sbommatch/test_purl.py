"""Package URLs: the specification's own cases, and the reference library on every PURL of the real documents."""

import contextlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packageurl import PackageURL

from sbommatch.purl import InvalidPurl, Purl, parse_purl
from tests.sbommatch.sbom.real import archived_bytes, indexed

NOT_NORMALISED = {"bitbucket", "brew", "composer", "git", "github", "huggingface", "mlflow", "pypi"}
"""Types whose names the specification changes (lower case, `_` to `-`) or cuts elsewhere (git). Ours are normalised where compared."""

TYPE_RULES = {"chrome-extension", "cpan", "julia", "otp", "swift", "vcpkg", "vscode-extension"}
"""Types whose own rules (a namespace is required or forbidden, permitted characters) refuse what can be parsed all the same."""


def spec_cases(shared_data: Path) -> Iterator[dict[str, object]]:
    for path in sorted((shared_data / "purl-spec/package-url+purl-spec/tests").rglob("*.json")):
        yield from (case for case in json.loads(path.read_bytes())["tests"] if case["test_type"] == "parse")


def as_spec(purl: Purl) -> dict[str, object]:
    return {
        "type": purl.type,
        "namespace": purl.namespace,
        "name": purl.name,
        "version": purl.version,
        "qualifiers": purl.qualifiers or None,
        "subpath": purl.subpath,
    }


def test_the_cases_of_the_specification(shared_data: Path) -> None:
    exact = folded = 0
    for case in spec_cases(shared_data):
        if case["expected_failure"]:
            continue
        purl, expected = parse_purl(str(case["input"])), case["expected_output"]
        if as_spec(purl) == expected:
            exact += 1
        else:
            assert purl.type in NOT_NORMALISED, case
            folded += 1
    assert (exact, folded) == (161, 10)


def test_what_the_specification_refuses_is_refused_or_one_types_rule(shared_data: Path) -> None:
    refused = 0
    for case in spec_cases(shared_data):
        if not case["expected_failure"]:
            continue
        text = str(case["input"])
        try:
            purl = parse_purl(text)
        except InvalidPurl:
            refused += 1
        else:
            upper_case_key = re.search(r"[?&][a-z]*[A-Z]", text)
            assert purl.type in TYPE_RULES or upper_case_key, case
    assert refused == 18


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pkg:deb/debian/libstdc++6@12.2.0-14+deb12u1?arch=amd64", ("debian", "libstdc++6", "12.2.0-14+deb12u1")),
        ("pkg:deb/debian/libstdc%2B%2B6@12.2.0-14%2Bdeb12u1", ("debian", "libstdc++6", "12.2.0-14+deb12u1")),
        ("pkg:deb/debian/passwd@1:4.13+dfsg1-1%2Bb1", ("debian", "passwd", "1:4.13+dfsg1-1+b1")),
        ("pkg:deb/debian/passwd@1%3A4.13", ("debian", "passwd", "1:4.13")),
        ("pkg:npm/%40angular/core@1.0.0", ("@angular", "core", "1.0.0")),
        ("pkg:npm/@angular/core@1.0.0", ("@angular", "core", "1.0.0")),
        ("pkg:npm/@angular/core", ("@angular", "core", None)),
        ("pkg:npm/core", (None, "core", None)),
        ("pkg:golang/github.com/BurntSushi/toml@v1.2.0", ("github.com/BurntSushi", "toml", "v1.2.0")),
        ("pkg:golang/./api", (".", "api", None)),
        ("pkg:golang/x@v0.0.0-20220101%2Bincompatible", (None, "x", "v0.0.0-20220101+incompatible")),
        ("pkg:github/a/b@feature/x", ("a", "b", "feature/x")),
        ("pkg:oci/app@sha256:abc?repository_url=r.io/a", (None, "app", "sha256:abc")),
        ("pkg:oci//work/app.tar@sha256:abc?arch=", ("work", "app.tar", "sha256:abc")),
        ("pkg://maven/a.b///c/@1", ("a.b", "c", "1")),
        ("PKG:Maven/A/B@", ("A", "B", None)),
        ("pkg:pypi/a%zz@1%", (None, "a%zz", "1%")),
        ("pkg:generic/b%C3%BCcher@1", (None, "bücher", "1")),
    ],
)
def test_how_producers_write(text: str, expected: tuple[str | None, str, str | None]) -> None:
    purl = parse_purl(text)
    assert (purl.namespace, purl.name, purl.version) == expected


def test_qualifiers_are_decoded_and_empty_ones_dropped() -> None:
    purl = parse_purl("pkg:rpm/a/b@1?Arch=x86_64&upstream=pam%401.1&epoch=&url=http://a?b=c&flag#/sub//./dir/../x")
    assert purl.qualifiers == {"arch": "x86_64", "upstream": "pam@1.1", "url": "http://a?b=c"}
    assert purl.subpath == "sub/dir/x"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "pkg:"),
        ("package-lock.json", "pkg:"),
        ("pkg:", "type"),
        ("pkg:3com/a", "type"),
        ("pkg:maven", "no name"),
        ("pkg:maven/@1.3.4", "no name"),
        ("pkg:maven/a/@1", None),
        ("pkg:npm/a?in%20x=1", "key"),
        ("pkg:npm/a%ff@1", "UTF-8"),
    ],
)
def test_what_is_no_purl_says_why(text: str, reason: str | None) -> None:
    if reason is None:
        assert parse_purl(text).name == "a"
        return
    with pytest.raises(InvalidPurl, match=reason):
        parse_purl(text)


def test_a_message_is_one_bounded_line() -> None:
    with pytest.raises(InvalidPurl) as caught:
        parse_purl("\x1b[31m\n" + "x" * 10_000)
    assert len(str(caught.value)) < 200
    assert str(caught.value).isprintable()


@settings(max_examples=300)
@given(st.text(alphabet="pkg:/@?#%&=.+-aA09é\x00", max_size=40).map("pkg:npm/".__add__) | st.text(max_size=40))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidPurl):
        assert parse_purl(text).name


def real_purls(shared_data: Path) -> set[str]:
    found: set[bytes] = set()
    for document in (*(row.path.read_bytes() for row in indexed(shared_data)), *(data for _, data in archived_bytes(shared_data))):
        found.update(re.findall(rb'"(pkg:[^"\\\x00-\x1f]+)"', document))
    return {text.decode() for text in found}


DIFFERENCES = {
    "pkg:npm/JSONStream@1.3.5": "packageurl-python lowers npm names; this one is from before npm did",
    "pkg:pypi/PyGObject@3.20.0": "PEP 503 is applied where names are compared",
    "pkg:pypi/Pygments@2.6.1": "PEP 503",
    "pkg:pypi/rapid_client@0.0.0": "PEP 503",
}


def test_the_reference_library_reads_every_real_purl_alike(shared_data: Path) -> None:
    purls = real_purls(shared_data)
    assert len(purls) > 15_000
    differing = set()
    for text in purls:
        try:
            reference = PackageURL.from_string(text)
        except ValueError:
            reference = None
        try:
            purl = parse_purl(text)
        except InvalidPurl:
            purl = None
        if reference is None or purl is None:
            assert (reference, purl) == (None, None), text
            continue
        expected = reference.to_dict()
        if as_spec(purl) != {**expected, "qualifiers": reference.qualifiers or None}:
            differing.add(text)
    assert differing == DIFFERENCES.keys() & purls
