"""The advisory formats, one file each: bytes in, advisories out."""

from sbommatch.formats.advisory import Format
from sbommatch.formats.alpine_secdb import AlpineSecdbFormat
from sbommatch.formats.osv import OsvFormat

FORMATS: tuple[Format, ...] = (
    OsvFormat(),
    AlpineSecdbFormat(),
)

FORMAT_BY_NAME = {format_.name: format_ for format_ in FORMATS}
