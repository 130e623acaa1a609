"""Declared licences of machine-readable copyright files (Debian's copyright-format 1.0, once DEP-5).

Only such files are taken: of prose nobody can say which licence it declares and which it merely mentions.
"""

import re
from collections.abc import Iterator

from sbomgen.catalogers._fields import text_of

HEADER_BYTES = 4096
"""In which the `Format` of a machine-readable file stands: it belongs to the first stanza."""

LICENCES_LIMIT = 200
"""Of one file: the longest of Debian (linux, chromium, texlive) name some 100."""

LICENCE_LIMIT_CHARS = 500
"""Of one licence's line; longer ones are no short names."""

_FORMAT = re.compile(
    rb"^Format(?:-Specification)?:[ \t]*\S*(?:copyright-format|dep5|DEP5|DEP-5|CopyrightFormat)", re.MULTILINE | re.IGNORECASE
)
_LICENCE = re.compile(rb"\nLicense:[ \t]*(\S[^\n]*)", re.IGNORECASE)
"""By the line feed before it, which is looked for faster than the beginning of a line: three times, of some MB in a Debian image."""


def declared_licences(body: bytes) -> tuple[str, ...]:
    r"""What the `License` fields name, each once, in the order of the file; nothing of a file that is prose.

    The short names and expressions are Debian's (`GPL-2+`, `Expat`, `GPL-2 or Artistic`) and stay as they are.

    >>> declared_licences(b"Format: https://x/copyright-format/1.0/\n\nLicense: Expat\n text\n")
    ('Expat',)
    >>> declared_licences(b"This package was debianized by ...\nLicense: GPL\n")
    ()
    """
    if not _FORMAT.search(body, 0, HEADER_BYTES):
        return ()
    return tuple(dict.fromkeys(_named(body)))[:LICENCES_LIMIT]


def _named(body: bytes) -> Iterator[str]:
    for match in _LICENCE.finditer(b"\n" + body):
        name = text_of(match[1]).strip()
        if len(name) <= LICENCE_LIMIT_CHARS:
            yield name
