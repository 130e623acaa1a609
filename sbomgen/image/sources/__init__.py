"""The forms in which images are stored, one file each; the first that knows what it sees reads it."""

from sbomgen.image.source import Source
from sbomgen.image.sources.docker_archive import DockerArchive
from sbomgen.image.sources.oci_layout import OciLayout
from sbomgen.image.sources.root_folder import ROOT_FOLDER

SOURCES: tuple[Source, ...] = (
    DockerArchive(),
    OciLayout(),
    ROOT_FOLDER,
)
