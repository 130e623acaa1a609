"""Text for people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbommatch.reports.text import aligned, column_widths, counted, printable, shortened, table_lines


@pytest.mark.parametrize(
    ("text", "shown"),
    [("plain é", "plain é"), ("\x1b[2J", "\\x1b[2J"), ("a\nb", "a\\x0ab"), ("a\u202eb", "a\\xe2\\x80\\xaeb"), ("\udce9", "\\xe9")],
)
def test_what_could_act_on_a_terminal_is_shown_as_bytes(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters(codec="utf-8")))
def test_printable_text_is_printable(text: str) -> None:
    assert printable(text).isprintable()


@given(st.text(max_size=30), st.integers(1, 30))
def test_shortened_text_is_not_longer_than_asked(text: str, width: int) -> None:
    assert len(shortened(text, width)) <= width


def test_columns_are_as_wide_as_their_longest_cell_and_the_last_ends_the_line() -> None:
    rows = [("a", "bbb"), ("aaaa", "b")]
    assert column_widths(rows) == [4, 3]
    assert aligned(rows[0], column_widths(rows)) == ["a   ", "bbb"]


def test_nouns_agree_with_their_number() -> None:
    assert [counted(number, "entry", "entries") for number in (0, 1, 2)] == ["0 entries", "1 entry", "2 entries"]


def test_lines_fit_a_terminal_as_far_as_cells_can_be_read() -> None:
    rows = [("DIGEST", "SUBJECT", "PATH"), ("0123456789ab", "shop/web 1.4", "/srv/sboms/" + "very/" * 20 + "web.json")]
    assert max(map(len, table_lines(rows))) == len(rows[1][2]) + 28
    assert [len(line) for line in table_lines(rows, 80)][1] == 80
    assert table_lines(rows, 80)[1].endswith("/very/very/web.json")
    assert table_lines(rows, 10)[1] == "0123456789ab  shop/web 1.4  …ry/web.json"
    assert table_lines([("A", "B")], 80) == table_lines([("A", "B")]) == ["A  B"]
