"""`sbomgen convert`: a document in another format."""

from collections.abc import Sequence
from pathlib import Path

import click

from sbomgen import __version__
from sbomgen.cli.base import EXIT_LOSS, command, emit, finish, option, quiet_option, warn
from sbomgen.cli.output import parse_outputs
from sbomgen.documents.conversion import CONVERTERS, convert
from sbomgen.errors import UsageError
from sbomgen.sbom.document import read_document
from sbomgen.sbom.read import bom_of


@command(
    "convert",
    epilog="It reads CycloneDX 1.0 to 1.7, SPDX 2.2 and 2.3 in all their forms and SPDX 3.0.1, and writes what `scan` writes. "
    "What is lost on the way is said on stderr; the source document is left as it is. Exit code 5: values of wrong types were passed over.",
)
@click.argument("document", metavar="DOCUMENT")
@option("-o", "--output", multiple=True, required=True, metavar="FORMAT[@VERSION][=FILE]", help=f"{', '.join(CONVERTERS)}; repeatable.")
@quiet_option
def convert_(document: str, output: Sequence[str], quiet: bool) -> None:
    """Write an SBOM in another format, and say what is lost."""
    outputs = parse_outputs(output, several_images=False)
    for one in outputs:
        if one.writer.name not in CONVERTERS:
            raise UsageError(f"-o {one.writer.name}: is not converted to; there are: {', '.join(CONVERTERS)}")
        if one.file is not None and one.file.endswith("/"):
            raise UsageError(f"{one.file}: name the file that the document goes to")
    read = read_document(document)
    bom = bom_of(read)
    say_wrong(document, bom.wrong)
    for one in outputs:
        version = one.version or one.writer.versions[0]
        converted = convert(bom, one.writer.name, version, __version__)
        emit(converted.document, Path(one.file) if one.file else None)
        for loss in () if quiet else converted.losses:
            warn(f"{one.writer.name} {version}: lost: {loss}")
    finish([EXIT_LOSS] if bom.wrong else [])


def say_wrong(document: str, wrong: Sequence[str]) -> None:
    """Says on stderr what of a document could not be read, and where."""
    for one in wrong:
        warn(f"{document}: {one}; passed over")
