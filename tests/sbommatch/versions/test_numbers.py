"""The encoding of numbers and texts, which every key is made of."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sbommatch.versions import numbers
from sbommatch.versions.numbers import NUMBERS, ZERO, Memo, dotted, magnitude, number, refusal, sign, text
from sbommatch.versions.scheme import TOP

numerals = st.one_of(st.integers(0, 300), st.integers(0, 10**14), st.integers(0, 10**400)).map(str)

EDGES = [0, 1, 9, 224, 225, 226, 999, 1000, 9999, 10**11, 10**12 - 1, 10**12, 10**13, 10**223, 10**224, 10**225, 10**999, 10**1000]


def test_numbers_are_in_order_at_the_edges_of_their_forms() -> None:
    encoded = [number(str(edge)) for edge in EDGES]
    assert encoded == sorted(encoded)
    for lower, higher in pairwise(encoded):
        assert not higher.startswith(lower)


@given(numerals, numerals)
def test_numbers_have_the_order_of_the_integers(left: str, right: str) -> None:
    expected = sign((int(left),), (int(right),))
    assert sign((number(left),), (number(right),)) == expected
    assert sign(magnitude(left), magnitude(right)) == expected


@given(numerals, numerals)
def test_no_number_is_the_beginning_of_another(left: str, right: str) -> None:
    assert left == right or not number(right).startswith(number(left))


@given(numerals, st.integers(0, 5))
def test_leading_zeros_do_not_count(numeral: str, zeros: int) -> None:
    assert number("0" * zeros + numeral) == number(numeral)


@given(numerals)
def test_numbers_leave_the_bytes_below_and_above_them_to_the_schemes(numeral: str) -> None:
    encoded = number(numeral)
    assert ZERO <= encoded < b"\xfb" < TOP
    assert (ZERO in encoded) == (numeral == "0")


@pytest.mark.parametrize(("value", "length"), [(0, 1), (224, 1), (225, 3), (2024, 3), (20240131, 5), (10**12 - 1, 7), (10**12, 9)])
def test_small_numbers_take_one_byte_and_others_half_a_byte_a_digit(value: int, length: int) -> None:
    assert len(number(str(value))) == length


def test_a_number_of_a_hundred_thousand_digits_takes_half_as_many_bytes() -> None:
    assert len(number("7" * 100_000)) == 50_000 + len(b"\xfa") + len(number("100000"))


@given(st.lists(numerals, min_size=1), st.integers(0, 4))
def test_trailing_zero_components_do_not_count(components: list[str], zeros: int) -> None:
    assert dotted(".".join([*components, *["0"] * zeros])) == dotted(".".join(components))


@given(st.lists(st.integers(0, 10**6), min_size=1), st.lists(st.integers(0, 10**6), min_size=1))
def test_dotted_numbers_have_the_order_of_their_components(left: list[int], right: list[int]) -> None:
    longest = max(len(left), len(right))
    padded = [tuple(components + [0] * (longest - len(components))) for components in (left, right)]
    assert sign((dotted(".".join(map(str, left))),), (dotted(".".join(map(str, right))),)) == sign(*padded)


@pytest.mark.parametrize("broken", ["", ".", "1.", ".1", "1..2"])
def test_an_empty_component_is_no_number(broken: str) -> None:
    with pytest.raises(KeyError):
        dotted(broken)


def test_a_text_stands_before_what_it_begins() -> None:
    assert text("") < text("-") < text("A") < text("a") < text("a0") < text("aa") < text("b")


def test_a_memo_keeps_short_tokens_up_to_its_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numbers, "MEMO_TOKENS", 2)
    memo = Memo(text)
    assert [memo[token] for token in ("a", "b", "c", "d" * 100)] == [text("a"), text("b"), text("c"), text("d" * 100)]
    assert list(memo) == ["a", "b"]
    assert len(NUMBERS) <= 1 << 16


def test_a_memo_does_not_keep_long_tokens() -> None:
    memo = Memo(text)
    assert memo["a" * numbers.MEMO_TOKEN_CHARS]
    assert memo["a" * (numbers.MEMO_TOKEN_CHARS + 1)]
    assert len(memo) == 1


@pytest.mark.parametrize(
    ("version", "understood", "message"),
    [
        ("", 0, "'' is no X version: it is empty"),
        ("1.0~", 3, "'1.0~' is no X version: character 4, '~', has no place there"),
        ("1.0-", 4, "'1.0-' is no X version: it ends too early"),
        ("1" * 90 + "x", 90, f"'{'1' * 80}…' is no X version: character 91, 'x', has no place there"),
    ],
)
def test_a_refusal_says_what_is_wrong_and_where(version: str, understood: int, message: str) -> None:
    assert str(refusal(version, "X", understood)) == message
