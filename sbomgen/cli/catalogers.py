"""`sbomgen catalogers`: what is looked for in an image."""

import click
import msgspec

from sbomgen.catalogers import CATALOGERS
from sbomgen.cli.base import command, emit, option


@command("catalogers")
@option("-o", "--output", type=click.Choice(["table", "json"]), default="table", show_default=True, help="For people or for programs.")
def catalogers(output: str) -> None:
    """List what is looked for in an image.

    What each cataloger reads, what it finds, and how that is proved.
    """
    if output == "json":
        listed = [
            {"name": one.name, "version": one.version, "title": one.title, "emits": one.emits, "proof": one.proof} for one in CATALOGERS
        ]
        document = msgspec.json.format(msgspec.json.encode({"schema": "sbomgen.catalogers/1", "catalogers": listed}), indent=2)
        emit(document + b"\n", None)
    else:
        width = max(len(one.name) for one in CATALOGERS)
        lines = (f"{one.name:<{width}}  {one.title}\n{'':<{width}}  → {one.emits} ({one.proof})\n" for one in CATALOGERS)
        emit("".join(lines).encode(), None)
