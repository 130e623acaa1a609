"""What `sbomgen check` prints: the shape `sbomgen.check/1` for programs, a table for people."""

import msgspec

from sbomgen.check.element import Checked, Result, Status
from sbomgen.documents._columns import BOLD, GREEN, in_columns, styled, terminal_width
from sbomgen.documents.escape import clean, terminal_text
from sbomgen.sbom.bom import Component
from sbomgen.sbom.document import Document

SCHEMA = "sbomgen.check/1"

HEADER = ("STATUS", "ELEMENT", "OF", "WHERE, WHY, WHAT ADDS IT")
COLOURS = {Status.MET: GREEN, Status.MISSING: "31", Status.IMPOSSIBLE: "33"}

NAMED_LIMIT = 3
"""Components that a line of the table names; JSON has all of them."""


def check_json(document: Document, checked: Checked) -> bytes:
    """The shape `sbomgen.check/1` (schemas/check-1.schema.json), indented."""
    profile = checked.profile
    whole = {
        "schema": SCHEMA,
        "document": {
            "path": clean(document.path),
            "sha256": document.sha256,
            "format": document.format,
            "spec_version": clean(document.version),
            "components": checked.components,
        },
        "profile": {"name": profile.name, "title": profile.title, "source": profile.source},
        "conforms": checked.conforms,
        "elements": [_element(result) for result in checked.results],
    }
    return msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"


def _element(result: Result) -> dict[str, object]:
    return {
        "id": result.element.id,
        "title": result.element.title,
        "status": result.status,
        "required": result.element.required,
        "of": "document" if result.element.of_document else "component",
        "missing": [_component(component) for component in result.missing],
        "why": result.why,
        "adds": result.adds,
    }


def _component(component: Component) -> dict[str, object]:
    named = {"ref": component.ref, "name": component.name, "version": component.version, "place": component.place}
    return {name: clean(value) if value is not None else None for name, value in named.items()}


def check_table(document: Document, checked: Checked, *, terminal: bool = False, colour: bool = False) -> bytes:
    """A line for each element, and one on the whole."""
    rows = [_row(result, checked.components) for result in checked.results]
    header, *body = in_columns(HEADER, rows, terminal_width(terminal))
    lines = [styled(header, BOLD, colour)]
    lines += [styled(line, COLOURS[result.status], colour) for line, result in zip(body, checked.results, strict=True)]
    met = sum(result.status is Status.MET for result in checked.results)
    verdict = "conforms to" if checked.conforms else "does not conform to"
    lines += ["", terminal_text(f"{document.path}: {verdict} {checked.profile.title}: {met} of {len(checked.results)} elements met")]
    return "".join(f"{line}\n" for line in lines).encode()


def _row(result: Result, components: int) -> tuple[str, ...]:
    missing = result.missing
    of = f"{len(missing)} of {components}" if missing else ""
    named = ", ".join(f"{one.name or one.ref} {one.version or ''}".strip() for one in missing[:NAMED_LIMIT])
    more = ", …" if len(missing) > NAMED_LIMIT else ""
    words = [f"{named}{more}" if named else "", result.why or "", f"added by {result.adds}" if result.adds else ""]
    return (result.status, result.element.title, of, "; ".join(word for word in words if word))
