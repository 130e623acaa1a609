import pytest

from sbomgen.catalogers._fields import parse_fields, stanzas, text_of


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"A: 1\n\nB: 2\n", [(1, {"a": ["1"]}), (3, {"b": ["2"]})]),
        (b"\n\n\nA: 1\n \nB: 2", [(4, {"a": ["1"]}), (6, {"b": ["2"]})]),
        (b"A: 1\r\n\r\nB: 2\r\n", [(1, {"a": ["1"]}), (3, {"b": ["2"]})]),
        (b"A: x\n y\n\tz\n", [(1, {"a": ["x\n y\n\tz"]})]),
        (b"a:1\nA :2\n", [(1, {"a": ["1", "2"]})]),
        (b"A: 1\ngarbage\nB: 2", [(1, {"a": ["1"], "b": ["2"]})]),
        (b" belongs to nothing\nA: b:c", [(1, {"a": ["b:c"]})]),
        (b"", []),
        (b"\n \n\n", []),
    ],
)
def test_stanzas_have_their_first_line_and_unfolded_fields(body: bytes, expected: list[tuple[int, dict[str, list[str]]]]) -> None:
    assert list(stanzas(body)) == expected


def test_exotic_line_separators_of_unicode_do_not_end_a_line() -> None:
    (stanza,) = stanzas("Description: a\u2028Version: 9\x0bVersion: 8\nVersion: 1\n".encode())
    assert stanza[1].first("version") == "1"


def test_bytes_that_are_no_utf_8_stay_readable() -> None:
    assert text_of(b"Jos\xe9 \xc3\xa9") == "Jos\\xe9 é"


def test_the_first_value_of_an_absent_field_is_empty() -> None:
    assert parse_fields(["A: 1"]).first("b") == ""
