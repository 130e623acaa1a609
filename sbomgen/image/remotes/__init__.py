"""The remotes, one file each, in the order in which a plain name is asked of them: what is on this machine before what is not."""

from sbomgen.image.remote import Remote
from sbomgen.image.remotes.registry import RegistryRemote

REMOTES: tuple[Remote, ...] = (RegistryRemote(),)
