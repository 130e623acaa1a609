"""Declared licences: which of them are SPDX expressions, and how those are spelt.

Nothing is guessed: a text that is no expression (`GPL-2+`, `Apache License, Version 2.0`) stays the text that it is.
"""

import re
from functools import cache, lru_cache

EXPRESSION_LIMIT_CHARACTERS = 2_000
"""The longest text that is tried as an expression: whole licence texts stand in Python's `License:` field."""

_TOKEN = re.compile(r"[()]|[^\s()]+")
_OPERATORS = {"AND": "o", "OR": "o", "WITH": "w", "(": "(", ")": ")"}
_GROUP = re.compile(r"\(L(?:oL)*\)")
_LIST = re.compile(r"L(?:oL)*")


def licence_id(text: str) -> str | None:
    """The identifier of the SPDX License List that `text` is, in the list's spelling; None where it is none."""
    return _identifiers()[0].get(text.strip().lower())


@lru_cache(maxsize=4096)
def licence_expression(text: str) -> str | None:
    """The SPDX expression (SPDX 2.3, annex D) that `text` is, in its usual spelling; None where it is none.

    Letter case is forgiven in identifiers, as the annex says, and in operators, as package databases need it.
    References to licences outside the list (`LicenseRef-…`) are no expression here: nothing in the document could say what they mean.

    >>> licence_expression("(mit or Apache-2.0+) AND GPL-2.0-only with Classpath-exception-2.0")
    '(MIT OR Apache-2.0+) AND GPL-2.0-only WITH Classpath-exception-2.0'
    """
    if len(text) > EXPRESSION_LIMIT_CHARACTERS:
        return None
    words: list[str] = []
    shape = ""
    for token in _TOKEN.findall(text):
        kind, word = _classified(token, after_with=shape.endswith("w"))
        shape += kind
        words.append(word)
    return " ".join(words).replace("( ", "(").replace(" )", ")") if _is_expression(shape) else None


def is_compound(expression: str) -> bool:
    """Whether an expression is more than one identifier."""
    return " " in expression


def _is_expression(shape: str) -> bool:
    """Whether the kinds of the tokens, a letter each, make an expression: exceptions are folded away, then brackets, innermost first."""
    before, shape = "", shape.replace("LwE", "L")
    while before != shape:
        before, shape = shape, _GROUP.sub("L", shape)
    return _LIST.fullmatch(shape) is not None


def _classified(token: str, after_with: bool) -> tuple[str, str]:
    """The kind of a token (`L` licence, `E` exception, `x` neither …) and its usual spelling."""
    licences, exceptions = _identifiers()
    upper, lower = token.upper(), token.lower()
    if upper in _OPERATORS:
        return _OPERATORS[upper], upper
    if after_with:
        return ("E", exceptions[lower]) if lower in exceptions else ("x", token)
    if lower in licences:
        return "L", licences[lower]
    if lower.endswith("+") and lower[:-1] in licences:
        return "L", licences[lower[:-1]] + "+"
    return "x", token


@cache
def _identifiers() -> tuple[dict[str, str], dict[str, str]]:
    from sbomgen.documents.spdx_licences import EXCEPTIONS, LICENCES

    return {name.lower(): name for name in LICENCES}, {name.lower(): name for name in EXCEPTIONS}
