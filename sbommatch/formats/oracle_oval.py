"""Oracle Linux: OVAL documents of its notices, `ELSA-2023-12342` (linux.oracle.com/security/oval).

Packages come in flavours that are fixed apart: ksplice's (`…ksplice1.el8`, of a higher epoch) and FIPS' (`…_fips`). A fix of one flavour
says nothing of the others, so each is a channel of its own.
"""

import re
from collections.abc import Iterator

import msgspec

from sbommatch.advisory import Advisory, Affected, NameKind
from sbommatch.formats._format import FeedContext
from sbommatch.formats._oval import Alternative, Definition, Vendor, advisories, rpms
from sbommatch.problem import Problem

_TITLE = re.compile(r"(EL[SB]A-\d{4}-\d+(?:-\d+)?)\b")
_INSTALLED = re.compile(r"Oracle Linux (\d+) is installed")
_ARCH = re.compile(r"Oracle Linux arch is (\w+)")
_MODULE = re.compile(r"Module ([\w.+-]+:[\w.+-]+) is enabled")
_FLAVOURS = (("ksplice", re.compile(r"ksplice")), ("fips", re.compile(r"_fips|fips patched")))


class OracleOvalFormat:
    """The format `oracle-oval`."""

    name = "oracle-oval"
    suffixes: tuple[str, ...] = (".xml",)

    def read(self, document: bytes, where: str, context: FeedContext) -> Iterator[Advisory | Problem]:
        """An advisory for each notice."""
        yield from advisories(document, where, context, Vendor(_notice, _affected))


def _notice(definition: Definition) -> str:
    found = _TITLE.match(definition.title)
    return found[1] if found else ""


def _affected(definition: Definition) -> Iterator[Affected | str]:
    for alternative in definition.alternatives:
        release = _stated(_INSTALLED, alternative)
        if release is None:
            yield f"it is of no release of Oracle Linux: {', '.join(alternative.conditions) or 'no condition'}"
            continue
        for row in rpms(alternative, f"ol:{release}", NameKind.BINARY, _stated(_MODULE, alternative), _flavour(alternative)):
            yield msgspec.structs.replace(row, arch=_stated(_ARCH, alternative)) if isinstance(row, Affected) else row


def _stated(pattern: re.Pattern[str], alternative: Alternative) -> str | None:
    return next((match[1] for one in alternative.conditions if (match := pattern.search(one))), None)


def _flavour(alternative: Alternative) -> str | None:
    texts = (*alternative.conditions, *(test.evr for test in alternative.packages))
    return next((flavour for flavour, pattern in _FLAVOURS if any(map(pattern.search, texts))), None)
