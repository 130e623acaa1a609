"""The advisory formats, one file each: bytes in, advisories out."""

from sbommatch.formats._format import FeedContext, Format
from sbommatch.formats.alpine_secdb import AlpineSecdbFormat
from sbommatch.formats.arch import ArchFormat
from sbommatch.formats.azure_oval import AzureOvalFormat
from sbommatch.formats.csaf import CsafFormat
from sbommatch.formats.cve5 import Cve5Format
from sbommatch.formats.debian_elts import DebianEltsFormat
from sbommatch.formats.debian_notices import DebianNoticesFormat
from sbommatch.formats.debian_tracker import DebianTrackerFormat
from sbommatch.formats.endoflife import EndOfLifeFormat
from sbommatch.formats.epss import EpssFormat
from sbommatch.formats.friendsofphp import FriendsOfPhpFormat
from sbommatch.formats.govulndb import GovulndbFormat
from sbommatch.formats.kev import KevFormat
from sbommatch.formats.nvd import NvdFormat
from sbommatch.formats.openvex import OpenVexFormat
from sbommatch.formats.oracle_oval import OracleOvalFormat
from sbommatch.formats.osv import OsvFormat
from sbommatch.formats.photon_oval import PhotonOvalFormat
from sbommatch.formats.private import PrivateFormat
from sbommatch.formats.redhat_oval import RedHatOvalFormat
from sbommatch.formats.rubysec import RubysecFormat
from sbommatch.formats.rustsec import RustsecFormat
from sbommatch.formats.suse_cvrf import SuseCvrfFormat
from sbommatch.formats.suse_oval import SuseOvalFormat
from sbommatch.formats.ubuntu_openvex import UbuntuOpenVexFormat
from sbommatch.formats.ubuntu_oval import UbuntuOvalFormat
from sbommatch.formats.updateinfo import UpdateinfoFormat

__all__ = ["FORMATS", "FeedContext", "Format"]

FORMATS: tuple[Format, ...] = (
    OsvFormat(),
    AlpineSecdbFormat(),
    ArchFormat(),
    AzureOvalFormat(),
    CsafFormat(),
    Cve5Format(),
    DebianEltsFormat(),
    DebianNoticesFormat(),
    DebianTrackerFormat(),
    EndOfLifeFormat(),
    EpssFormat(),
    FriendsOfPhpFormat(),
    GovulndbFormat(),
    KevFormat(),
    NvdFormat(),
    OpenVexFormat(),
    OracleOvalFormat(),
    PhotonOvalFormat(),
    PrivateFormat(),
    RedHatOvalFormat(),
    RubysecFormat(),
    RustsecFormat(),
    SuseCvrfFormat(),
    SuseOvalFormat(),
    UbuntuOpenVexFormat(),
    UbuntuOvalFormat(),
    UpdateinfoFormat(),
)

FORMAT_BY_NAME = {format_.name: format_ for format_ in FORMATS}
