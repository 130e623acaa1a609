import doctest

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbomgen.documents import escape
from sbomgen.documents.escape import clean, clean_lines, terminal_text

ANY_TEXT = st.text(st.characters(codec=None))
"""All code points, lone surrogates among them."""


def test_examples_in_docstrings_are_true() -> None:
    assert doctest.testmod(escape).failed == 0


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("plain name", "plain name"),
        ("Grüße 日本", "Grüße 日本"),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), "caf\\xe9"),
        ("\ud800", "\\xed\\xa0\\x80"),
        ("a\0b\tc\nd\x7f", "a\\x00b\\x09c\\x0ad\\x7f"),
        ("\x85", "\\xc2\\x85"),
        ("\ufffe\uffff", "\\xef\\xbf\\xbe\\xef\\xbf\\xbf"),
        ("zero\u200bwidth", "zero\u200bwidth"),
    ],
)
def test_documents_get_control_characters_and_stray_bytes_as_hexadecimal(text: str, fit: str) -> None:
    assert clean(text) == fit


def test_line_ends_of_a_licence_text_are_kept() -> None:
    assert clean_lines("one\r\ntwo\t2\x1b") == "one\ntwo\t2\\x1b"


@given(ANY_TEXT)
def test_whatever_the_text_json_takes_it(text: str) -> None:
    assert msgspec.json.decode(msgspec.json.encode([clean(text), clean_lines(text)]))


@given(ANY_TEXT)
def test_whatever_the_text_a_terminal_shows_it_on_one_line(text: str) -> None:
    assert terminal_text(text).isprintable()
