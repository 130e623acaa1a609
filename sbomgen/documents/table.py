"""The table of packages, for people."""

from collections import Counter

from sbomgen.documents._columns import BOLD, DIM, GREEN, in_columns, styled, terminal_width
from sbomgen.documents._writer import WriteOptions
from sbomgen.documents.escape import terminal_text
from sbomgen.documents.properties import listed_packages
from sbomgen.inventory import Inventory, LayerOrigin
from sbomgen.model import TrackedPackage

HEADER = ("NAME", "VERSION", "TYPE", "LAYER", "ORIGIN", "BROUGHT IN BY")
LAYER_COLUMN = frozenset({3})


class Table:
    """Writes the table and a summary line."""

    name = "table"
    title = "A table for people: each package with its layer and build instruction"
    versions: tuple[str, ...] = ()
    suffix = ".txt"

    def write(self, inventory: Inventory, options: WriteOptions) -> bytes:
        """The table by type and name, and below it one line on the whole image."""
        packages = sorted(listed_packages(inventory, options.all_layers), key=_order)
        rows = [_row(found, inventory) for found in packages]
        lines: list[str] = []
        if rows:
            header, *body = in_columns(HEADER, rows, terminal_width(options.terminal), LAYER_COLUMN)
            lines = [styled(header, BOLD, options.colour)]
            lines += [styled(line, _style(found, inventory), options.colour) for line, found in zip(body, packages, strict=True)]
            lines.append("")
        lines.append(terminal_text(summary(inventory)))
        return ("\n".join(lines) + "\n").encode()


def summary(inventory: Inventory) -> str:
    """The image, its distribution, and how many packages of which type it has."""
    visible = Counter(found.package.type for found in inventory.packages if found.visible)
    hidden = sum(not found.visible for found in inventory.packages)
    distro = inventory.distro
    known = [distro.name or f"{distro.id} {distro.version_id or ''}".strip()] if distro else ["no distribution"]
    known += [inventory.image.config.platform] if inventory.image.config.platform else []
    counts = ", ".join(f"{count} {purl_type}" for purl_type, count in sorted(visible.items(), key=lambda pair: (-pair[1], pair[0])))
    total = _counted(visible.total(), "package")
    more = f"; {hidden} more hidden, removed by a later layer" if hidden else ""
    return f"{inventory.name} ({', '.join(known)}): {total}{f': {counts}' if len(visible) > 1 or visible.total() > 1 else ''}{more}"


def _counted(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"


def _order(found: TrackedPackage) -> tuple[str, str, str, str]:
    return found.package.type, found.package.name.lower(), found.package.raw_version, found.ref


def _row(found: TrackedPackage, inventory: Inventory) -> tuple[str, ...]:
    layer = inventory.layers[found.layer]
    package = found.package
    origin = layer.origin if found.visible else f"{layer.origin}, hidden"
    return package.name, package.raw_version, package.type, str(found.layer), origin, layer.created_by


def _style(found: TrackedPackage, inventory: Inventory) -> str:
    if not found.visible:
        return DIM
    return GREEN if inventory.layers[found.layer].origin is LayerOrigin.OWN else ""
