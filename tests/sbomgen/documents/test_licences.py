import doctest

import pytest
from cyclonedx.spdx import is_supported_id
from hypothesis import given
from hypothesis import strategies as st

from sbomgen.documents import licences
from sbomgen.documents.licences import EXPRESSION_LIMIT_CHARACTERS, licence_expression, licence_id
from sbomgen.documents.spdx_licences import EXCEPTIONS, LICENCES


def test_examples_in_docstrings_are_true() -> None:
    assert doctest.testmod(licences).failed == 0


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("MIT", "MIT"),
        (" apache-2.0 ", "Apache-2.0"),
        ("GPL-2.0+", "GPL-2.0+"),
        ("Apache-2.0+", "Apache-2.0+"),
        ("MIT AND BSD-2-Clause AND Zlib", "MIT AND BSD-2-Clause AND Zlib"),
        ("(MIT OR (ISC AND Zlib))", "(MIT OR (ISC AND Zlib))"),
        ("GPL-2.0-or-later WITH Linux-syscall-note", "GPL-2.0-or-later WITH Linux-syscall-note"),
        ("", None),
        ("BSD", None),
        ("GPL-2+", None),
        ("Apache License, Version 2.0", None),
        ("MIT/X11", None),
        ("MIT BSD-2-Clause", None),
        ("MIT AND", None),
        ("AND MIT", None),
        ("MIT OR OR ISC", None),
        ("(MIT", None),
        ("MIT)", None),
        ("()", None),
        ("MIT WITH ISC", None),
        ("(MIT) WITH Linux-syscall-note", None),
        ("Linux-syscall-note", None),
        ("LicenseRef-Proprietary", None),
    ],
)
def test_expressions_are_told_from_other_texts(text: str, expression: str | None) -> None:
    assert licence_expression(text) == expression


@pytest.mark.parametrize(("text", "identifier"), [("mit", "MIT"), ("MIT OR ISC", None), ("GPL-2.0+", "GPL-2.0+"), ("MIT+", None)])
def test_identifiers_are_spelt_as_in_the_list(text: str, identifier: str | None) -> None:
    assert licence_id(text) == identifier


def test_texts_over_the_limit_are_no_expressions() -> None:
    terms = " AND ".join(["MIT"] * (EXPRESSION_LIMIT_CHARACTERS // 8))
    assert licence_expression(terms) == terms
    assert licence_expression(" AND ".join([terms, terms])) is None


def test_deep_brackets_are_read() -> None:
    depth = EXPRESSION_LIMIT_CHARACTERS // 2 - 2
    assert licence_expression("(" * depth + "MIT" + ")" * depth) == "(" * depth + "MIT" + ")" * depth
    assert licence_expression("(" * depth + "MIT") is None


def test_cyclonedx_allows_every_identifier_of_the_list() -> None:
    assert not {name for name in LICENCES if not is_supported_id(name)}


def test_the_list_holds_together() -> None:
    assert not LICENCES & EXCEPTIONS
    assert len({name.lower() for name in LICENCES}) == len(LICENCES) > 700
    assert len({name.lower() for name in EXCEPTIONS}) == len(EXCEPTIONS) > 80


@given(st.recursive(st.sampled_from(["MIT", "Zlib", "ISC+", "GPL-2.0-only WITH LLVM-exception"]), lambda inner: st.one_of(
    st.builds("({})".format, inner), st.builds("{} AND {}".format, inner, inner), st.builds("{} OR {}".format, inner, inner),
)))  # fmt: skip
def test_what_is_built_by_the_grammar_is_an_expression(text: str) -> None:
    assert licence_expression(text) == (text if len(text) <= EXPRESSION_LIMIT_CHARACTERS else None)


@given(st.text(st.sampled_from("MITISC()+ WANDOR"), max_size=30))
def test_an_expression_stays_one_in_its_usual_spelling(text: str) -> None:
    expression = licence_expression(text)
    assert expression is None or licence_expression(expression) == expression
