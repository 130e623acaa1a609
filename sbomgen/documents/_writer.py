"""The contract of the document writers, and the time that documents carry."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Protocol, runtime_checkable

from msgspec import Struct

from sbomgen.errors import UsageError
from sbomgen.inventory import Inventory


class WriteOptions(Struct, frozen=True, kw_only=True):
    """What a writer is told besides the inventory; the same options and inventory give the same bytes."""

    tool_version: str
    version: str | None = None
    """Of the format, one of the writer's; None: its default."""
    all_layers: bool = False
    """Also packages that a later layer removed, marked as such."""
    nested: bool = False
    """Where the format has components in components, what lies in another package stands within it, not beside it."""
    authors: tuple[str, ...] = ()
    """Who made the document beside the tool, each `NAME <ADDRESS>` or a name."""
    supplier: str | None = None
    """Of the image, likewise."""
    timestamp: str | None = None
    """`YYYY-MM-DDThh:mm:ssZ`, from `document_time`."""
    terminal: bool = False
    """The output is read on a terminal: it is fitted to its width. Otherwise nothing is cut."""
    colour: bool = False


class Writer(Protocol):
    """One output format. Add one: a module in `sbomgen/documents`, a line in `WRITERS`, a test."""

    name: str
    """On the command line: `cyclonedx-json`."""
    title: str
    """For people, one line."""
    versions: tuple[str, ...]
    """Of the format, the default first; empty where it has none."""
    suffix: str
    """Of file names: `.cdx.json`."""

    def write(self, inventory: Inventory, options: WriteOptions) -> bytes:
        """The whole document, ending in a line end."""
        ...


@runtime_checkable
class LossyWriter(Protocol):
    """A writer of versions that have no place for something that is known."""

    def losses(self, version: str | None) -> tuple[str, ...]:
        """What documents of a version do not say, in words; None is the default version."""
        ...


def document_time(inventory: Inventory, environ: Mapping[str, str]) -> str | None:
    """When the document is dated: SOURCE_DATE_EPOCH, else when the image was created, else not at all.

    Raises `UsageError` where SOURCE_DATE_EPOCH is no number of seconds (reproducible-builds.org: a malformed value is an error).
    """
    epoch = environ.get("SOURCE_DATE_EPOCH")
    if epoch:
        try:
            return _rfc3339(datetime.fromtimestamp(int(epoch), UTC))
        except (ValueError, OverflowError, OSError) as exc:
            raise UsageError(f"SOURCE_DATE_EPOCH={epoch}: not a number of seconds since 1970; `date +%s` prints one") from exc
    return image_time(inventory)


def image_time(inventory: Inventory) -> str | None:
    """When the image was created; None where it does not say so."""
    try:
        created = datetime.fromisoformat(inventory.image.config.created or "")
        created = created.astimezone(UTC) if created.tzinfo else created
    except (ValueError, OverflowError):
        return None
    # Builders that are written in Go state year 1 where they know no time.
    return _rfc3339(created) if created.year > 1 else None


def _rfc3339(moment: datetime) -> str:
    return moment.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
