"""What `sbomgen validate` prints: the shape `sbomgen.validate/1` for programs, lines for people."""

from collections.abc import Sequence

import msgspec
from msgspec import Struct

from sbomgen.documents._columns import BOLD, in_columns, styled, terminal_width
from sbomgen.documents.escape import clean, terminal_text
from sbomgen.sbom.document import Document
from sbomgen.validation.failure import Judgement

SCHEMA = "sbomgen.validate/1"

HEADER = ("PLACE", "FAILURE")


class Validated(Struct, frozen=True, kw_only=True):
    """A document and what was found."""

    path: str
    document: Document | None = None
    """None: it could not be read."""
    judgement: Judgement | None = None
    error: str | None = None
    """Why it could not be judged."""

    @property
    def valid(self) -> bool | None:
        """None: it was not judged."""
        return None if self.judgement is None else not self.judgement.failures


def validation_json(documents: Sequence[Validated]) -> bytes:
    """The shape `sbomgen.validate/1` (schemas/validate-1.schema.json), indented."""
    whole = {"schema": SCHEMA, "documents": [_object(one) for one in documents]}
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def _object(one: Validated) -> dict[str, object]:
    document, judgement = one.document, one.judgement
    failures = judgement.failures if judgement else ()
    return {
        "path": clean(one.path),
        "sha256": document.sha256 if document else None,
        "format": document.format if document else None,
        "spec_version": clean(document.version) if document else None,
        "valid": one.valid,
        "judge": judgement.judge if judgement else None,
        "failures": [{"pointer": failure.pointer, "line": failure.line, "message": clean(failure.message)} for failure in failures],
        "more": judgement.more if judgement else False,
        "error": clean(one.error) if one.error else None,
    }


def validation_table(documents: Sequence[Validated], *, terminal: bool = False, colour: bool = False) -> bytes:
    """A line for each document, and its failures below it."""
    lines: list[str] = []
    for one in documents:
        if one.judgement is None or one.document is None:
            continue
        what = f"{one.document.format} {one.document.version}"
        failures = one.judgement.failures
        if not failures:
            lines.append(terminal_text(f"{one.path}: valid {what}, by {one.judgement.judge}"))
            continue
        number = f"more than {len(failures)}" if one.judgement.more else str(len(failures))
        lines.append(
            terminal_text(f"{one.path}: not valid {what}, by {one.judgement.judge}: {number} failure{'s' if len(failures) > 1 else ''}")
        )
        header, *body = in_columns(HEADER, [(failure.place, failure.message) for failure in failures], terminal_width(terminal))
        lines += [styled(header, BOLD, colour), *body, ""]
    return "".join(f"{line}\n" for line in lines).encode()
