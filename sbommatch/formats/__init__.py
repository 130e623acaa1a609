"""The advisory formats, one file each: bytes in, advisories out."""

from sbommatch.formats._format import FeedContext, Format
from sbommatch.formats.alpine_secdb import AlpineSecdbFormat
from sbommatch.formats.endoflife import EndOfLifeFormat
from sbommatch.formats.epss import EpssFormat
from sbommatch.formats.kev import KevFormat
from sbommatch.formats.osv import OsvFormat
from sbommatch.formats.private import PrivateFormat

__all__ = ["FORMATS", "FeedContext", "Format"]

FORMATS: tuple[Format, ...] = (
    OsvFormat(),
    AlpineSecdbFormat(),
    EndOfLifeFormat(),
    EpssFormat(),
    KevFormat(),
    PrivateFormat(),
)

FORMAT_BY_NAME = {format_.name: format_ for format_ in FORMATS}
