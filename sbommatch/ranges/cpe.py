"""CPE match criteria of the NVD: `versionStartIncluding=1.0, versionEndExcluding=2.0`, and `version=1.5` for a single one."""

import re
from typing import ClassVar

from sbommatch.ranges._model import Clause, Comparator, NativeRange, Op, refusal
from sbommatch.ranges._scan import bounded

_FIELDS = {
    "version": Op.EQUAL,
    "versionstartincluding": Op.FROM,
    "versionstartexcluding": Op.GREATER,
    "versionendincluding": Op.UP_TO,
    "versionendexcluding": Op.LESS,
}

_FIELD = r"\s*+([A-Za-z]++)\s*+[=:]\s*+([^\s,;]++)\s*+[,;]?+\s*+"


class CpeSyntax:
    """The fields of the NVD's `cpeMatch`."""

    name: ClassVar[str] = "cpe"
    title: ClassVar[str] = "CPE match criteria of the NVD: versionStartIncluding=1.0, versionEndExcluding=2.0"
    schemes: ClassVar[tuple[str, ...]] = ()

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`; each field once at most, and no field is every version."""
        text = bounded(text, self.name)
        fields: dict[Op, Comparator] = {}
        position = 0
        pattern = re.compile(_FIELD)
        while position < len(text):
            match = pattern.match(text, position)
            op = _FIELDS.get(match[1].lower()) if match else None
            if match is None or op is None or op in fields:
                raise refusal(text, self.name, f"no field, or one that came before, stands at character {position + 1}")
            fields[op] = Comparator(op, match[2])
            position = match.end()
        return NativeRange(text, (Clause(tuple(fields.values())),))
