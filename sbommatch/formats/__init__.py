"""The advisory formats, one file each: bytes in, advisories out."""

from sbommatch.formats._format import FeedContext, Format
from sbommatch.formats.alpine_secdb import AlpineSecdbFormat
from sbommatch.formats.osv import OsvFormat

__all__ = ["FORMATS", "FeedContext", "Format"]

FORMATS: tuple[Format, ...] = (
    OsvFormat(),
    AlpineSecdbFormat(),
)

FORMAT_BY_NAME = {format_.name: format_ for format_ in FORMATS}
