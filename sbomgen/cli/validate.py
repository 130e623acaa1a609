"""`sbomgen validate`: documents held against their standards."""

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click

from sbomgen.cli.base import EXIT_FAILED, EXIT_LOSS, EXIT_UNREADABLE, command, emit, finish, option, quiet_option, warn
from sbomgen.documents.validation import Validated, validation_json, validation_table
from sbomgen.errors import UnreadableError
from sbomgen.sbom.document import read_document
from sbomgen.validation import validate as judge


@command(
    "validate",
    epilog="CycloneDX 1.0 to 1.7 (JSON from 1.2 on, XML), SPDX 2.2 and 2.3 (JSON, tag-value, YAML, XML, RDF/XML) and SPDX 3.0 (JSON-LD). "
    "What a document is is found by looking. Exit codes: 1 a document is not valid, 3 none could be read. It needs the libraries of "
    "`pip install 'sbompair[validate]'`.",
)
@click.argument("documents", nargs=-1, required=True, metavar="DOCUMENT...")
@option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="For people or for programs.")
@quiet_option
def validate(documents: Sequence[str], output: str, quiet: bool) -> None:
    """Hold SBOM documents against their standards."""
    judged: list[Validated] = []
    for path in documents:
        with working(f"{path}: judging", quiet):
            judged.append(_validated(path))
        if error := judged[-1].error:
            warn(error)
    on_terminal = sys.stdout.isatty()
    colour = on_terminal and "NO_COLOR" not in os.environ
    emit(validation_json(judged) if output == "json" else validation_table(judged, terminal=on_terminal, colour=colour), None)
    if all(one.valid is None for one in judged):
        finish([EXIT_UNREADABLE])
    finish(EXIT_LOSS if one.valid is None else 0 if one.valid else EXIT_FAILED for one in judged)


def _validated(path: str) -> Validated:
    document = None
    try:
        document = read_document(path)
        return Validated(path=path, document=document, judgement=judge(document))
    except UnreadableError as exc:
        return Validated(path=path, document=document, error=str(exc))


@contextmanager
def working(what: str, quiet: bool) -> Iterator[None]:
    """Shows on a terminal that something takes its time: spdx-tools needs a minute for 5,000 packages."""
    if quiet or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(what):
        yield
