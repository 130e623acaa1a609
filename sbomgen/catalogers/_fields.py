"""`Name: value` fields as Debian control files and Python's core metadata have them: both descend from RFC 822.

Field names do not depend on case, a line that begins with a blank continues the value before it, and a line that is neither is passed over:
one damaged line must not cost the record it stands in.
"""

from collections.abc import Iterable, Iterator


class Fields(dict[str, list[str]]):
    """The values of each field by its lower-case name, in the order in which they stand; continuation lines joined by line feeds."""

    def first(self, name: str) -> str:
        """The field's first value without surrounding blanks; empty where it is absent."""
        values = self.get(name)
        return values[0] if values else ""


def text_of(body: bytes) -> str:
    r"""`body` as UTF-8; bytes that are none show as `\xNN`: names and notes must never keep a package from being listed.

    >>> text_of(b"Jos\xe9")
    'Jos\\xe9'
    """
    return body.decode("utf-8", "backslashreplace")


def is_word(text: str) -> bool:
    """Whether `text` can be a name or a version in a package database: not empty, and without blanks or line ends."""
    return text.split() == [text]


def parse_fields(lines: Iterable[str]) -> Fields:
    r"""The fields of one record.

    >>> parse_fields(["Name: a", "Description: one", "  two", "NAME: b"])
    {'name': ['a', 'b'], 'description': ['one\n  two']}
    """
    unfolded: list[tuple[str, list[str]]] = []
    for line in lines:
        if line[:1] in {" ", "\t"}:
            if unfolded:
                unfolded[-1][1].append(line.rstrip())
            continue
        name, colon, value = line.partition(":")
        if colon:
            unfolded.append((name.rstrip().lower(), [value.strip()]))
    fields = Fields()
    for name, values in unfolded:
        fields.setdefault(name, []).append("\n".join(values) if len(values) > 1 else values[0])
    return fields


def stanzas(body: bytes) -> Iterator[tuple[int, Fields]]:
    """The records of a Debian control file, each with the number of its first line (1-based); blank lines part them (Debian Policy 5.1)."""
    record: list[str] = []
    for number, line in enumerate(text_of(body).split("\n"), start=1):
        if line and not line.isspace():
            record.append(line)
        elif record:
            yield number - len(record), parse_fields(record)
            record = []
    if record:
        yield number - len(record) + 1, parse_fields(record)
