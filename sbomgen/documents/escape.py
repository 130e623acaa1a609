r"""Text of strangers made fit for documents and terminals.

Names and paths inside an image need be no UTF-8 and may hold anything but NUL; JSON has no place for lone surrogates, XML 1.0 none for most
control characters, U+FFFE and U+FFFF either, and a terminal obeys control characters. They are written as `\xNN`, one for each byte of the
character.
"""

import re

_UNFIT_FOR_DOCUMENTS = "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]"
"""Compiled when it is first needed: few images have such a text, and it takes as long as five other patterns."""


def clean(text: str) -> str:
    r"""Text for a document: characters that no format can carry, and bytes that were no UTF-8, as `\xNN`.

    >>> clean("lib\udcff\n")
    'lib\\xff\\x0a'
    """
    return text if text.isprintable() else re.sub(_UNFIT_FOR_DOCUMENTS, lambda match: _escaped(match[0]), text)


def clean_lines(text: str) -> str:
    """Like `clean`, for a text of several lines: line ends and tabs stay what they are."""
    return "\n".join("\t".join(clean(part) for part in line.split("\t")) for line in text.splitlines())


def terminal_text(text: str) -> str:
    r"""Text for a terminal: all that is not printable as `\xNN`, so also characters that turn the reading direction or take no room.

    >>> terminal_text("a\u202eb\x1b[31m")
    'a\\xe2\\x80\\xaeb\\x1b[31m'
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else _escaped(c) for c in text)


def _escaped(character: str) -> str:
    # U+DC80–U+DCFF stand for single bytes (PEP 383); any other surrogate came from a careless JSON string: three bytes.
    handler = "surrogateescape" if "\udc80" <= character <= "\udcff" else "surrogatepass"
    return "".join(f"\\x{byte:02x}" for byte in character.encode("utf-8", handler))
