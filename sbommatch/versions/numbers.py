"""What the keys of all schemes are made of: unbounded numbers and texts as bytes, a memo of encoded tokens, and how a version is refused.

The first byte of a token tells what it is, and bytes compare as the tokens do:

    00..0E   for each scheme to give a meaning: ends, pre-releases, texts that stand below numbers
    0F..EF   the numbers 0 to 224
    F0..FA   longer numbers: how many digits, then the digits, two in a byte
    FB..FE   for each scheme: texts that stand above numbers
    FF       never: it is above every key

The digits are packed two in a byte, so that `ZERO` stands in no number but the number zero: `rstrip(ZERO)` takes trailing zero components
off joined numbers.
"""

from collections.abc import Callable

from sbommatch.versions.scheme import InvalidVersion

ZERO = b"\x0f"
"""The number 0, which is also the first byte that a number can begin with."""

ABOVE_NUMBERS = b"\xfb"
"""Tags a text that stands above every number in its place."""

_FIRST_BYTE = 0x0F
_ONE_BYTE_NUMBERS = 225
_ONE_BYTE_LENGTHS = 0xED
"""Plus the number of digits, 3 to 12: F0 to F9."""
_LONGEST_ONE_BYTE_LENGTH = 12
_LONG_NUMBER = b"\xfa"

MEMO_TOKEN_CHARS = 12
"""Longer tokens (hashes, dates with a time) seldom come twice."""

MEMO_TOKENS = 1 << 16
"""Entries of one memo at most, about 8 MB: hostile versions must not fill the memory."""

_SHOWN_CHARS = 80
"""Of a refused version in a message."""


def number(digits: str) -> bytes:
    """An unsigned number of any length, leading zeros ignored; linear, prefix-free, in the order of the numbers.

    >>> [number(digits).hex() for digits in ("0", "007", "1024")]
    ['0f', '16', 'f11024']
    """
    digits = digits.lstrip("0")
    length = len(digits)
    if length <= 3 and (value := int(digits or "0")) < _ONE_BYTE_NUMBERS:
        return bytes((_FIRST_BYTE + value,))
    packed = bytes.fromhex("0" * (length % 2) + digits)
    if length <= _LONGEST_ONE_BYTE_LENGTH:
        return bytes((_ONE_BYTE_LENGTHS + length,)) + packed
    return _LONG_NUMBER + number(str(length)) + packed


def text(ascii_text: str) -> bytes:
    """A text without NUL in the order of its bytes, a prefix before what it begins; prefix-free."""
    return ascii_text.encode("ascii") + b"\x00"


Magnitude = tuple[int, str]


def magnitude(digits: str) -> Magnitude:
    """What sorts as the number does, for comparing without keys: `int` refuses more than 4,300 digits and takes quadratic time.

    >>> magnitude("0012") < magnitude("100")
    True
    """
    digits = digits.lstrip("0")
    return len(digits), digits


def sign(left: tuple[object, ...], right: tuple[object, ...]) -> int:
    """-1, 0 or 1."""
    return (left > right) - (left < right)


class Memo(dict[str, bytes]):
    """Encoded tokens by their text: `memo[token]` calls `encode` for what it has not met and keeps short ones.

    Versions are many, their components few: a look-up is several times faster than encoding. What `encode` raises passes through.
    """

    __slots__ = ("_encode",)

    def __init__(self, encode: Callable[[str], bytes]) -> None:
        super().__init__()
        self._encode = encode

    def __missing__(self, token: str) -> bytes:
        encoded = self._encode(token)
        if len(token) <= MEMO_TOKEN_CHARS and len(self) < MEMO_TOKENS:
            self[token] = encoded
        return encoded


def _component(digits: str) -> bytes:
    if not digits:
        raise KeyError(digits)
    return number(digits)


NUMBERS = Memo(_component)
"""`number`, remembered; KeyError for an empty text."""


def dotted(numbers: str) -> bytes:
    """Dotted ASCII digits, trailing zero components dropped: `1.0` and `1` are the same. KeyError where a component is empty.

    >>> dotted("1.2.0") == dotted("1.2") < dotted("1.2.0.1")
    True
    """
    return b"".join(map(NUMBERS.__getitem__, numbers.split("."))).rstrip(ZERO)


def refusal(version: str, scheme: str, understood_chars: int) -> InvalidVersion:
    """The error for what is no version of the scheme; the first `understood_chars` characters were still right."""
    if not version:
        reason = "it is empty"
    elif "\x00" in version:
        reason = "it holds a NUL byte"
    elif not version.isascii():
        reason = "it holds a character outside ASCII"
    elif understood_chars >= len(version):
        reason = "it ends too early"
    else:
        reason = f"character {understood_chars + 1}, {version[understood_chars]!r}, has no place there"
    shown = version if len(version) <= _SHOWN_CHARS else version[:_SHOWN_CHARS] + "…"
    return InvalidVersion(f"{shown!r} is no {scheme} version: {reason}")
