"""One PURL a line."""

from sbomgen.documents._writer import WriteOptions
from sbomgen.documents.escape import clean
from sbomgen.documents.properties import listed_packages
from sbomgen.inventory import Inventory


class Purls:
    """Writes the PURLs of the packages, sorted, each once."""

    name = "purls"
    title = "One PURL a line"
    versions: tuple[str, ...] = ()
    suffix = ".purls.txt"

    def write(self, inventory: Inventory, options: WriteOptions) -> bytes:
        """The lines; empty where nothing is installed."""
        purls = sorted({clean(found.purl) for found in listed_packages(inventory, options.all_layers)})
        return "".join(f"{purl}\n" for purl in purls).encode()
