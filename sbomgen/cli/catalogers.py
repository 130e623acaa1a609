"""`sbomgen catalogers`: what is looked for in an image."""

import click
import msgspec

from sbomgen.catalogers import CATALOGERS
from sbomgen.cli.base import command, emit, option


@command("catalogers")
@option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="For people or for programs.")
def catalogers(output: str) -> None:
    """List what is looked for in an image."""
    if output == "json":
        listed = [{"name": one.name, "version": one.version, "title": one.title} for one in CATALOGERS]
        document = msgspec.json.format(msgspec.json.encode({"schema": "sbomgen.catalogers/1", "catalogers": listed}), indent=2)
        emit(document + b"\n", None)
    else:
        width = max(len(one.name) for one in CATALOGERS)
        emit("".join(f"{one.name:<{width}}  {one.title}\n" for one in CATALOGERS).encode(), None)
