"""`sbomgen check`: a document held against a profile of minimum elements."""

import os
import sys

import click

from sbomgen.check import PROFILES
from sbomgen.cli.base import EXIT_FAILED, EXIT_LOSS, command, emit, finish, option
from sbomgen.cli.convert import say_wrong
from sbomgen.documents.check import check_json, check_table
from sbomgen.sbom.document import read_document
from sbomgen.sbom.read import bom_of


@command(
    "check",
    epilog="An element is met, missing, or impossible: an image does not tell it, whoever reads it. It needs no libraries, but for "
    "RDF/XML. Exit codes: 1 not every element is met, 5 values of wrong types were passed over.",
)
@click.argument("document", metavar="DOCUMENT")
@option(
    "--profile", type=click.Choice([profile.name for profile in PROFILES]), default=PROFILES[0].name, show_default=True,
    help="Whose minimum elements.",
)  # fmt: skip
@option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="For people or for programs.")
def check(document: str, profile: str, output: str) -> None:
    """Hold an SBOM against a list of minimum elements."""
    read = read_document(document)
    bom = bom_of(read)
    say_wrong(document, bom.wrong)
    checked = next(one for one in PROFILES if one.name == profile).check(bom)
    on_terminal = sys.stdout.isatty()
    colour = on_terminal and "NO_COLOR" not in os.environ
    emit(check_json(read, checked) if output == "json" else check_table(read, checked, terminal=on_terminal, colour=colour), None)
    finish([0 if checked.conforms else EXIT_FAILED, EXIT_LOSS if bom.wrong else 0])
