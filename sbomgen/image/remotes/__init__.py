"""The remotes, one file each, in the order in which a plain name is asked of them: what is on this machine before what is not."""

from sbomgen.image.remote import Remote
from sbomgen.image.remotes.containerd import ContainerdRemote
from sbomgen.image.remotes.containers_storage import ContainersStorageRemote
from sbomgen.image.remotes.docker import DockerRemote
from sbomgen.image.remotes.docker_storage import DockerStorageRemote
from sbomgen.image.remotes.podman import PodmanRemote
from sbomgen.image.remotes.registry import RegistryRemote

REMOTES: tuple[Remote, ...] = (
    DockerRemote(),
    PodmanRemote(),
    ContainerdRemote(),
    DockerStorageRemote(),
    ContainersStorageRemote(),
    RegistryRemote(),
)
