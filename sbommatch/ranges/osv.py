"""OSV's events: `introduced: 0, fixed: 1.2`, or the JSON of a range: `[{"introduced": "0"}, {"fixed": "1.2"}]`.

How events pair is a matter of the order of versions (see `sbommatch.versions.intervals`), so they are kept as they are.
"""

import re
from typing import ClassVar

import msgspec
from msgspec import Struct

from sbommatch.advisory import Event, EventKind
from sbommatch.ranges._model import RANGE_COMPARATORS, NativeRange, refusal, shown
from sbommatch.ranges._scan import bounded

_KINDS = {kind.value: kind for kind in (EventKind.INTRODUCED, EventKind.FIXED, EventKind.LAST_AFFECTED, EventKind.LIMIT)}
_EVENT = r"\s*+([a-z_]++)\s*+[:=]?+\s*+([^\s,]++)\s*+,?+\s*+"

_Rows = list[dict[str, str]]


class _Range(Struct):
    events: _Rows


class OsvSyntax:
    """The events of an OSV range."""

    name: ClassVar[str] = "osv"
    title: ClassVar[str] = "OSV's events: introduced: 0, fixed: 1.2; or their JSON"
    schemes: ClassVar[tuple[str, ...]] = ()

    def parse(self, text: str) -> NativeRange:
        """See `Syntax`."""
        text = bounded(text, self.name)
        pairs = self._decoded(text) if text[:1] in {"[", "{"} else self._words(text)
        if not pairs or len(pairs) > RANGE_COMPARATORS:
            raise refusal(text, self.name, f"it has {len(pairs)} events; 1 to {RANGE_COMPARATORS} are possible")
        unknown = next((kind for kind, _ in pairs if kind not in _KINDS), None)
        if unknown is not None:
            raise refusal(text, self.name, f"{shown(unknown)} is no event; {', '.join(_KINDS)} are")
        return NativeRange(text, events=tuple(Event(_KINDS[kind], version) for kind, version in pairs))

    def _decoded(self, text: str) -> list[tuple[str, str]]:
        """A list of events, or a range with one."""
        try:
            rows = msgspec.json.decode(text, type=_Range).events if text[0] == "{" else msgspec.json.decode(text, type=_Rows)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as exc:
            raise refusal(text, self.name, f"its JSON cannot be read: {exc}") from exc
        return [pair for row in rows for pair in row.items()]

    def _words(self, text: str) -> list[tuple[str, str]]:
        found, position = [], 0
        pattern = re.compile(_EVENT)
        while position < len(text):
            match = pattern.match(text, position)
            if match is None:
                raise refusal(text, self.name, f"no event and version stand at character {position + 1}")
            found.append((match[1], match[2]))
            position = match.end()
        return found
