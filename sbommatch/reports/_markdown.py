"""Strangers' text in Markdown as GitHub renders it: nothing of it is markup, a mention, a reference or a line of its own."""

import re

from sbommatch.reports._shown import instruction
from sbommatch.reports.text import printable
from sbommatch.sbom.component import ComponentLayer

_MARKUP = re.compile(r"([\\`*_{}\[\]()#+\-.!|<>~&])")
_REFERENCE = re.compile(r"[@#](?=\w)")
"""Of a person, a team, an issue."""
_AUTOLINK = re.compile(r"(?i)(www)(?=\\?\.)|(https?|ftp|mailto)(?=:)")
ZERO_WIDTH_SPACE = "\u200b"
INSTRUCTION_SHOWN = 80
"""Characters of an instruction in a cell."""


def escaped(text: str) -> str:
    r"""Text as prose, on one line.

    >>> escaped("<b>a|b</b> `x`")
    '\\<b\\>a\\|b\\</b\\> \\`x\\`'
    """
    safe = _MARKUP.sub(r"\\\1", printable(" ".join(text.split())))
    safe = _REFERENCE.sub(rf"\g<0>{ZERO_WIDTH_SPACE}", safe)
    return _AUTOLINK.sub(lambda found: found[0][:1] + ZERO_WIDTH_SPACE + found[0][1:], safe)


def layer_cell(layer: ComponentLayer) -> str:
    """A layer in a cell of a table: index, origin, line of the Dockerfile, the beginning of the instruction."""
    if layer.index < 0:
        return ""
    parts = (escaped(layer.origin or ""), code(layer.dockerfile or ""), code(instruction(layer)[:INSTRUCTION_SHOWN]))
    return " ".join(filter(None, (str(layer.index), *parts)))


def code(text: str) -> str:
    r"""Text as a code span, also in a cell of a table, where a bar must be escaped even there (GFM, 4.10).

    >>> code("a`b|c")
    '``a`b\\|c``'
    """
    shown = printable(" ".join(text.split()))
    if not shown:
        return ""
    fence = "`" * (max(map(len, re.findall(r"`+", shown)), default=0) + 1)
    padding = " " if shown.startswith("`") or shown.endswith("`") else ""
    return f"{fence}{padding}{shown}{padding}{fence}".replace("|", "\\|")
