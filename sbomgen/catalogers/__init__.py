"""The catalogers, one file per kind of evidence."""

from sbomgen.catalogers.apk import ApkCataloger
from sbomgen.catalogers.dotnet import DotnetCataloger
from sbomgen.catalogers.dpkg import DpkgCataloger
from sbomgen.catalogers.elf_note import ElfNoteCataloger
from sbomgen.catalogers.golang import GolangCataloger
from sbomgen.catalogers.java import JavaCataloger
from sbomgen.catalogers.jvm import JvmCataloger
from sbomgen.catalogers.npm import NpmCataloger
from sbomgen.catalogers.os_release import OsReleaseCataloger
from sbomgen.catalogers.pacman import PacmanCataloger
from sbomgen.catalogers.python import PythonCataloger
from sbomgen.catalogers.rpm import RpmCataloger
from sbomgen.catalogers.rust import RustCataloger
from sbomgen.catalogers.yarn_pnp import YarnPnpCataloger
from sbomgen.evidence import Cataloger

CATALOGERS: tuple[Cataloger, ...] = (
    OsReleaseCataloger(),
    ApkCataloger(),
    DpkgCataloger(),
    RpmCataloger(),
    PacmanCataloger(),
    NpmCataloger(),
    YarnPnpCataloger(),
    PythonCataloger(),
    JavaCataloger(),
    JvmCataloger(),
    DotnetCataloger(),
    GolangCataloger(),
    RustCataloger(),
    ElfNoteCataloger(),
)
