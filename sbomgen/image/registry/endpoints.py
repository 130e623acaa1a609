"""Where the images of a registry are asked for: its mirrors, in order, then itself.

Two configurations are known, the first that speaks of a registry counts: `registries.conf` of Podman, Skopeo and CRI-O (version 2,
containers-registries.conf.d(5)), and `hosts.toml` of containerd (docs/hosts.md). Short names are Docker Hub's, whatever
`unqualified-search-registries` and aliases say: a name means the same image on every machine.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct, field

from sbomgen.errors import NetworkError, UnreadableError
from sbomgen.image.registry.names import DOCKER_HUB, ImageName
from sbomgen.image.registry.transport import Tls
from sbomgen.image.remote import OpenOptions

HOSTS_FOLDERS = (Path("/etc/containerd/certs.d"), Path("/etc/docker/certs.d"))
"""A folder for each registry, `HOST[:PORT]`, with `hosts.toml`, or with `*.crt`, `*.cert` and `*.key` (Docker's form)."""

CERTIFICATE_FOLDERS = (Path("/etc/containers/certs.d"),)
"""Of the second form only."""

MAX_CONFIGURATION_BYTES = 1 << 20
"""Of one file."""

_HUB_HOST = "registry-1.docker.io"
_LOOPBACK = re.compile(r"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]+)?")
_T = TypeVar("_T")


class Pull(StrEnum):
    """What a mirror is asked for (`pull-from-mirror`)."""

    ALL = "all"
    BY_DIGEST = "digest-only"
    BY_TAG = "tag-only"


class Endpoint(Struct, frozen=True):
    """One host that has a repository."""

    base: str
    """`https://HOST[:PORT]/v2`."""
    repository: str
    tls: Tls = Tls()
    headers: tuple[tuple[str, str], ...] = ()
    """For this host alone."""
    registry: str = ""
    """Whose credentials count: `HOST[:PORT]`, or docker.io."""
    own: bool = False
    """The registry that the user named: the credentials of the options are for it, and for no mirror."""

    @property
    def host(self) -> str:
        """Where it is: `HOST[:PORT]`."""
        return urlsplit(self.base).netloc


class _Mirror(Struct, frozen=True, rename="kebab"):
    location: str
    insecure: bool = False
    pull_from_mirror: Pull = Pull.ALL


class _Registry(Struct, frozen=True, rename="kebab"):
    prefix: str = ""
    location: str = ""
    insecure: bool = False
    blocked: bool = False
    mirror: tuple[_Mirror, ...] = ()
    mirror_by_digest_only: bool = False

    @property
    def scope(self) -> str:
        """What names it is about."""
        return self.prefix or self.location


class _RegistriesConf(Struct, frozen=True):
    registry: tuple[_Registry, ...] = ()


class _Host(Struct, frozen=True):
    capabilities: tuple[str, ...] = ("pull", "resolve", "push")
    ca: str | tuple[str, ...] = ()
    client: str | tuple[str | tuple[str, ...], ...] = ()
    skip_verify: bool = False
    override_path: bool = False
    header: dict[str, str | tuple[str, ...]] = {}


class _HostsToml(_Host, frozen=True):
    server: str = ""
    host: dict[str, _Host] = field(default_factory=dict)


def endpoints(name: ImageName, options: OpenOptions, environment: Mapping[str, str]) -> tuple[Endpoint, ...]:
    """The hosts to ask for an image, in order; raises `NetworkError` where the configuration blocks it."""
    registry = _matching(name, registries_conf(environment))
    if registry is not None:
        return _by_registries_conf(name, registry, options)
    return _by_hosts_toml(name, options) or own_endpoints(name, options)


def own_endpoints(name: ImageName, options: OpenOptions, insecure: bool = False) -> tuple[Endpoint, ...]:
    """The registry itself. One on this machine is asked by HTTP where it does not speak HTTPS."""
    host = name.registry
    tls = Tls(
        insecure=options.insecure or insecure,
        ca_files=(*([options.ca_file] if options.ca_file else ()), *_certificates(host)),
        client=(options.client_cert, options.client_key) if options.client_cert else _client_certificate(host),
    )
    plain_too = insecure or _LOOPBACK.fullmatch(host)
    schemes = ("http",) if options.plain_http else ("https", "http") if plain_too else ("https",)
    address = _HUB_HOST if host == DOCKER_HUB else host
    return tuple(Endpoint(f"{scheme}://{address}/v2", name.repository, tls, (), host, own=True) for scheme in schemes)


def _other_endpoints(place: ImageName, insecure: bool) -> tuple[Endpoint, ...]:
    """Another registry than the one that was named, which the options are not about."""
    return tuple(msgspec.structs.replace(one, own=False) for one in own_endpoints(place, OpenOptions(), insecure))


def registries_conf(environment: Mapping[str, str]) -> tuple[_Registry, ...]:
    """The registries of `registries.conf` and of the files in `registries.conf.d`, which count before it."""
    home = Path(environment.get("XDG_CONFIG_HOME") or Path(environment.get("HOME") or "/") / ".config") / "containers"
    if named := environment.get("CONTAINERS_REGISTRIES_CONF"):
        files = [Path(named)]
    else:
        candidates = [home / "registries.conf", Path("/etc/containers/registries.conf")]
        files = [next((path for path in candidates if path.is_file()), candidates[-1])]
        files += [path for folder in (Path("/etc/containers"), home) for path in sorted((folder / "registries.conf.d").glob("*.conf"))]
    found: dict[str, _Registry] = {}
    for path in files:
        for registry in _read(path, _RegistriesConf).registry if path.is_file() else ():
            found[registry.scope] = registry
    return tuple(found.values())


def _matching(name: ImageName, registries: Iterable[_Registry]) -> _Registry | None:
    """The registry with the longest prefix of a name; a wildcard stands for the first parts of a host."""
    fitting = [registry for registry in registries if _covers(registry.scope, name)]
    return max(fitting, key=lambda registry: len(registry.scope), default=None)


def _covers(scope: str, name: ImageName) -> bool:
    if scope.startswith("*."):
        return name.registry.partition(":")[0].endswith(scope[1:])
    full = f"{name.registry}/{name.repository}"
    return bool(scope) and (full == scope or full.startswith(f"{scope}/"))


def _by_registries_conf(name: ImageName, registry: _Registry, options: OpenOptions) -> tuple[Endpoint, ...]:
    if registry.blocked:
        raise NetworkError(f"{name}: registries.conf blocks {registry.scope}")
    found: list[Endpoint] = []
    for mirror in registry.mirror:
        pull = Pull.BY_DIGEST if registry.mirror_by_digest_only else mirror.pull_from_mirror
        if pull is Pull.ALL or (pull is Pull.BY_DIGEST) == (name.digest is not None):
            found += _other_endpoints(_replaced(name, registry.scope, mirror.location), mirror.insecure)
    place = _replaced(name, registry.scope, registry.location) if registry.location else name
    own = place.registry == name.registry
    return (*found, *(own_endpoints(place, options, registry.insecure) if own else _other_endpoints(place, registry.insecure)))


def _replaced(name: ImageName, scope: str, location: str) -> ImageName:
    """A name with its scope replaced by a location, as the manual's table has it; a wildcard's scope is the whole host."""
    full = f"{name.registry}/{name.repository}"
    rest = f"/{name.repository}" if scope.startswith("*.") else full.removeprefix(scope)
    registry, _, repository = f"{location.rstrip('/')}{rest}".partition("/")
    return msgspec.structs.replace(name, registry=registry, repository=repository)


def _by_hosts_toml(name: ImageName, options: OpenOptions) -> tuple[Endpoint, ...]:
    for folder in HOSTS_FOLDERS:
        for path in (folder / name.registry / "hosts.toml", folder / "_default" / "hosts.toml"):
            if path.is_file():
                return _of_hosts(name, _read(path, _HostsToml), path.parent, options)
    return ()


def _of_hosts(name: ImageName, hosts: _HostsToml, folder: Path, options: OpenOptions) -> tuple[Endpoint, ...]:
    """The hosts that have what is asked for, then the server itself: what the file names so, else the registry."""
    needed = {"pull"} if name.digest else {"pull", "resolve"}
    found = [_host_endpoint(name, address, host, folder) for address, host in hosts.host.items() if needed <= set(host.capabilities)]
    if hosts.server and urlsplit(hosts.server).netloc not in {name.registry, _HUB_HOST}:
        return (*found, _host_endpoint(name, hosts.server, hosts, folder))
    stated = _tls(hosts, folder)
    return (*found, *(_with_trust(one, stated) for one in own_endpoints(name, options, hosts.skip_verify)))


def _host_endpoint(name: ImageName, address: str, host: _Host, folder: Path) -> Endpoint:
    url = urlsplit(address if "://" in address else f"https://{address}")
    path = url.path.rstrip("/") if host.override_path or url.path.rstrip("/").endswith("/v2") else f"{url.path.rstrip('/')}/v2"
    headers = tuple((key, value) for key, values in host.header.items() for value in ((values,) if isinstance(values, str) else values))
    return Endpoint(f"{url.scheme}://{url.netloc}{path}", name.repository, _tls(host, folder), headers, url.netloc)


def _tls(host: _Host, folder: Path) -> Tls:
    files = (host.ca,) if isinstance(host.ca, str) else host.ca
    clients = (host.client,) if isinstance(host.client, str) else host.client
    first = clients[0] if clients else None
    pair = (first,) if isinstance(first, str) else first
    client = (str(folder / pair[0]), str(folder / pair[1]) if len(pair) > 1 and pair[1] else None) if pair else None
    return Tls(host.skip_verify, tuple(str(folder / file) for file in files), client)


def _with_trust(endpoint: Endpoint, stated: Tls) -> Endpoint:
    """An endpoint that trusts what a file states besides."""
    tls = endpoint.tls
    trust = Tls(tls.insecure or stated.insecure, (*tls.ca_files, *stated.ca_files), tls.client or stated.client)
    return msgspec.structs.replace(endpoint, tls=trust)


def _certificates(host: str) -> tuple[str, ...]:
    folders = (*HOSTS_FOLDERS, *CERTIFICATE_FOLDERS)
    return tuple(str(path) for folder in folders for path in sorted((folder / host).glob("*.crt")))


def _client_certificate(host: str) -> tuple[str, str | None] | None:
    """The first `*.cert` with its `*.key`."""
    pairs = [path for folder in (*HOSTS_FOLDERS, *CERTIFICATE_FOLDERS) for path in sorted((folder / host).glob("*.cert"))]
    return next(((str(path), str(path.with_suffix(".key"))) for path in pairs if path.with_suffix(".key").is_file()), None)


def _read(path: Path, kind: type[_T]) -> _T:
    try:
        with path.open("rb") as file:
            content: Mapping[str, Any] = tomllib.loads(file.read(MAX_CONFIGURATION_BYTES).decode())
        return msgspec.convert(content, kind)
    except (OSError, ValueError, msgspec.ValidationError) as exc:
        raise UnreadableError(f"{path}: cannot be read as a registry configuration: {exc}") from exc
