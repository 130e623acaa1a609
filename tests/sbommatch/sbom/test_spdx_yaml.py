"""SPDX YAML: what differs from JSON."""

import pytest

from sbommatch.errors import UnreadableError
from sbommatch.sbom import _reader, _yaml
from sbommatch.sbom.component import Document
from sbommatch.sbom.read import read_document


def spdx_yaml(text: str) -> Document:
    """A document with these members, read."""
    return read_document(f"spdxVersion: SPDX-2.3\n{text}".encode(), "made")


def test_a_document_in_blocks_and_in_flows() -> None:
    document = spdx_yaml(
        """
creationInfo: {creators: ["Tool: t-1"]}
documentDescribes: [SPDXRef-a]
packages:
- SPDXID: SPDXRef-a
  name: 'it''s a'
  versionInfo: 1.10
  comment: |
    several
    lines
  externalRefs:
    - {referenceCategory: PACKAGE_MANAGER, referenceType: purl, referenceLocator: "pkg:npm/a@1.10"}
- {SPDXID: SPDXRef-b, name: b, versionInfo: ~, hasFiles: [x, [y]], checksums: null}
relationships: []
"""
    )
    assert (document.format, document.producer, document.subject.name) == ("spdx-yaml", "t 1", "it's a")
    assert [(each.name, each.version, each.purl) for each in document.components] == [
        ("it's a", "1.10", "pkg:npm/a@1.10"),
        ("b", None, None),
    ]
    assert not document.problems


def test_quoted_members_and_a_document_mark() -> None:
    document = read_document(b'---\n"SPDXID": "SPDXRef-DOCUMENT"\n"spdxVersion": "SPDX-2.2"\n"packages": [{"name": "a"}]\n...\n', "made")
    assert [each.name for each in document.components] == ["a"]


def test_an_alias_says_again_what_its_anchor_says() -> None:
    document = spdx_yaml(
        "packages:\n- {name: a, externalRefs: &r [{referenceType: purl, referenceLocator: pkg:npm/a@1}]}\n- {name: b, externalRefs: *r}"
    )
    assert [each.purl for each in document.components] == ["pkg:npm/a@1"] * 2


def test_values_of_another_kind_cost_themselves() -> None:
    document = spdx_yaml(
        "x: &n {y: 1}\n? [key]\n: value\ndocumentDescribes: {}\n"
        "packages:\n- {name: [a], versionInfo: 1}\n- text\n- {name: b, versionInfo: *n}"
    )
    assert [(each.name, each.version) for each in document.components] == [("", "1"), ("b", None)]
    assert [(each.where, each.loss) for each in document.problems] == [
        ("made: documentDescribes", False),
        ("made: packages[0].name", True),
        ("made: packages[1]", True),
        ("made: packages[2].versionInfo", True),
        ("made: packages[0]", False),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("packages: [", r"malformed YAML, perhaps cut short: .+ \(line 3, column 1\)"),
        ("packages:\n\t- x", "malformed YAML"),
        ("name: \x07", "malformed YAML: unacceptable character|malformed YAML: .*control characters"),
        ("name: *nowhere\npackages: [}", "malformed YAML"),
    ],
)
def test_malformed_yaml_says_where(text: str, words: str) -> None:
    with pytest.raises(UnreadableError, match=words):
        spdx_yaml(text)


def test_nothing_is_constructed_but_texts() -> None:
    document = spdx_yaml(
        "packages:\n- name: !!python/object/apply:os.system [echo]\n  versionInfo: !!python/name:os.system 1\n- !!python/object:x {name: a}"
    )
    assert [(each.name, each.version) for each in document.components] == [("", "1"), ("a", None)]


def test_aliases_of_aliases_are_counted_and_not_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_reader, "MAX_RECORDS", 1000)
    anchored = f"packages:\n- externalRefs: &r [{', '.join(['{}'] * 20)}]\n"
    few, many = (anchored + "- externalRefs: *r\n" * aliases for aliases in (10, 100))
    assert len(spdx_yaml(few).components) == 11
    with pytest.raises(UnreadableError, match="more than 1000 records"):
        spdx_yaml(many)


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ("{x: ", "}"), ("[{packages: ", "}]")])
def test_deep_nesting_is_refused(opening: str, closing: str) -> None:
    for member in ("unknown", "packages"):
        with pytest.raises(UnreadableError, match="nested more deeply"):
            spdx_yaml(f"{member}: {opening * _reader.MAX_DEPTH}1{closing * _reader.MAX_DEPTH}")


def test_a_document_over_the_size_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_yaml, "MAX_YAML_BYTES", 40)
    assert spdx_yaml("packages: []").format == "spdx-yaml"
    with pytest.raises(UnreadableError, match="YAML larger than 40 bytes"):
        spdx_yaml("packages: []             ")
