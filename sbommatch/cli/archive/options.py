"""Arguments and options that commands on archives share."""

from collections.abc import Sequence
from pathlib import Path

import click

from sbommatch.archive.documents import Label
from sbommatch.cli import base
from sbommatch.errors import UsageError

archive_argument = click.argument("archive", type=click.Path(path_type=Path), metavar="ARCHIVE")


def labels(_ctx: click.Context, parameter: click.Parameter, texts: Sequence[str]) -> tuple[Label, ...]:
    """The labels that an option gives. Raises UsageError."""
    return labels_of(f"--{parameter.name}", texts)


def labels_of(where: str, texts: Sequence[str]) -> tuple[Label, ...]:
    """`NAME=VALUE`, each name once. Raises UsageError."""
    found: dict[str, str] = {}
    for text in texts:
        name, separator, value = text.partition("=")
        if not separator or not name.strip():
            raise UsageError(f"{where} {text}: no label; write it as in team=web")
        if name in found:
            raise UsageError(f"{where} {text}: {name} is given twice")
        found[name] = value
    return tuple(found.items())


where_option = base.option(
    "--where", multiple=True, metavar="LABEL=VALUE", callback=labels, help="Only documents with this label; repeatable: with all of them."
)
output_option = base.option(
    "-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="For people, or for programs."
)
