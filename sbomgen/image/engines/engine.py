"""What the container engines differ in when they are asked: their sockets, and how their API is spelt."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec import Struct


class Engine(Struct, frozen=True, kw_only=True):
    """A container engine that is asked through its socket."""

    title: str
    """For people: `Docker`."""
    form: str
    """What its sources are called: `docker`."""
    sockets: tuple[str, ...]
    """Paths; the first that has the image is taken."""
    unmet: str | None = None
    """A wish of the environment that leaves no socket."""
    api: str = ""
    """What the paths of its API begin with."""
    save_query: str = ""


def docker(environ: Mapping[str, str]) -> Engine:
    """Docker where `DOCKER_HOST` says, else the machine's, else the user's own (rootless, or Docker Desktop's)."""
    usual = ("/var/run/docker.sock", runtime_path(environ, "docker.sock"), str(Path.home() / ".docker/run/docker.sock"))
    sockets, unmet = _sockets(environ, "DOCKER_HOST", usual)
    return Engine(title="Docker", form="docker", sockets=sockets, unmet=unmet)


def podman(environ: Mapping[str, str]) -> Engine:
    """Podman where `CONTAINER_HOST` says, else the user's own, else the machine's.

    By its own API: through Docker's it would take `alpine` for Docker Hub's alone. Of two archive forms the one is asked for that keeps
    layers as they are stored.
    """
    usual = (runtime_path(environ, "podman/podman.sock"), "/run/podman/podman.sock")
    sockets, unmet = _sockets(environ, "CONTAINER_HOST", usual)
    return Engine(title="Podman", form="podman", sockets=sockets, unmet=unmet, api="/v4.0.0/libpod", save_query="?format=docker-archive")


def runtime_path(environ: Mapping[str, str], name: str) -> str:
    """A path in the user's runtime folder (XDG Base Directory Specification)."""
    return f"{environ.get('XDG_RUNTIME_DIR') or f'/run/user/{os.getuid()}'}/{name}"


def _sockets(environ: Mapping[str, str], variable: str, usual: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
    wish = environ.get(variable)
    if not wish:
        return tuple(usual), None
    if wish.startswith("unix://"):
        return (wish.removeprefix("unix://"),), None
    return (), f"{variable} is {wish}, and only sockets on this machine (unix://PATH) are asked"
