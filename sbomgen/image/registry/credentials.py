"""Credentials for a registry: of the options, else as `docker login`, `podman login` and their helper programs keep them.

Files, the first with credentials for the registry counts: `$REGISTRY_AUTH_FILE`, `$XDG_RUNTIME_DIR/containers/auth.json`,
`$XDG_CONFIG_HOME/containers/auth.json` (containers-auth.json(5)), `$DOCKER_CONFIG/config.json`, else `~/.docker/config.json`. In a file
`credHelpers` come before `credsStore`, that before `auths`. Helpers speak the protocol of docker-credential-helpers:
`docker-credential-NAME get`, the server's name on stdin, JSON on stdout. No message holds a secret, nor what a helper printed.
"""

import base64
import binascii
import re
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from sbomgen.decoders import json_decoder
from sbomgen.errors import UnreadableError
from sbomgen.image.registry.names import DOCKER_HUB
from sbomgen.image.remote import OpenOptions

HUB_KEY = "https://index.docker.io/v1/"
"""What Docker Hub is called in `config.json`."""

HELPER_TIMEOUT_S = 30.0
"""A helper may have to ask a cloud's identity service."""

MAX_FILE_BYTES = 4 << 20
"""Of a file of credentials, and of a helper's answer."""

_HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_IDENTITY_TOKEN = "<token>"  # noqa: S105  # the protocol's word for: the secret is an identity token
_NOT_FOUND = b"credentials not found"


class Credentials(Struct, frozen=True):
    """One way to prove who asks."""

    username: str = ""
    password: str = ""
    identity_token: str = ""
    """An OAuth 2 refresh token, for the token server."""
    registry_token: str = ""
    """A bearer token, for the registry itself."""

    def __repr__(self) -> str:
        """Nothing that is secret."""
        return "Credentials(…)"

    @property
    def basic(self) -> str:
        """The value of an `Authorization` header."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


class _Entry(Struct, frozen=True):
    auth: str = ""
    username: str = ""
    password: str = ""
    identitytoken: str = ""
    registrytoken: str = ""


class _ConfigFile(Struct, frozen=True, rename="camel"):
    auths: dict[str, _Entry] | None = None
    cred_helpers: dict[str, str] | None = None
    creds_store: str = ""


class _Answer(Struct, frozen=True, rename="pascal"):
    """Of a helper."""

    username: str = ""
    secret: str = ""


def from_options(options: OpenOptions) -> Credentials | None:
    """What the user gave; None where nothing was."""
    if options.token:
        return Credentials(registry_token=options.token)
    if options.username or options.password:
        return Credentials(options.username or "", options.password or "")
    return None


def stored_credentials(registry: str, repository: str, environment: Mapping[str, str], say: Callable[[str], None]) -> Credentials | None:
    """What the user's files and helpers have for a repository (`HOST[:PORT]` or docker.io); None: ask without."""
    for path in credential_files(environment):
        config = _read(path)
        helpers = {_plain(key): helper for key, helper in (config.cred_helpers or {}).items()}
        helper = next((helpers[key] for key in _keys(registry) if key in helpers), config.creds_store)
        found = (_ask_helper(helper, registry, environment, say) if helper else None) or _of_auths(config, registry, repository, path)
        if found:
            return found
    return None


def credential_files(environment: Mapping[str, str]) -> Iterator[Path]:
    """Those that exist, the first to be asked first."""
    home = Path(environment.get("HOME") or "/")
    candidates = [Path(environment["REGISTRY_AUTH_FILE"])] if environment.get("REGISTRY_AUTH_FILE") else []
    if runtime := environment.get("XDG_RUNTIME_DIR"):
        candidates.append(Path(runtime) / "containers" / "auth.json")
    candidates.append(Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "containers" / "auth.json")
    candidates.append(Path(environment.get("DOCKER_CONFIG") or home / ".docker") / "config.json")
    return (path for path in candidates if path.is_file())


def _read(path: Path) -> _ConfigFile:
    try:
        with path.open("rb") as file:
            return json_decoder(_ConfigFile).decode(file.read(MAX_FILE_BYTES))
    except OSError as exc:
        raise UnreadableError(f"{path}: the credentials cannot be read: {exc.strerror}") from exc
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise UnreadableError(f"{path}: not the JSON that holds credentials; log in again") from None  # the cause quotes the file


def _of_auths(config: _ConfigFile, registry: str, repository: str, path: Path) -> Credentials | None:
    """The entry of the longest name: `HOST/team/app`, `HOST/team`, `HOST`, and the forms that Docker has written over the years."""
    auths = {_plain(key): entry for key, entry in (config.auths or {}).items()}
    parts = repository.split("/")
    names = ["/".join([registry, *parts[:length]]) for length in range(len(parts), 0, -1)]
    return next((found for name in (*names, *_keys(registry)) if name in auths and (found := _of_entry(auths[name], path))), None)


def _keys(registry: str) -> tuple[str, ...]:
    """What a registry is called in files, as `_plain` has it."""
    return (registry, _plain(HUB_KEY)) if registry == DOCKER_HUB else (registry,)


def _plain(key: str) -> str:
    """A key without scheme and API version: `https://index.docker.io/v1/` is `index.docker.io`."""
    name = key.removeprefix("https://").removeprefix("http://").rstrip("/")
    return name.removesuffix("/v1").removesuffix("/v2")


def _of_entry(entry: _Entry, path: Path) -> Credentials | None:
    username, password = entry.username, entry.password
    if entry.auth:
        try:
            username, colon, password = base64.b64decode(entry.auth, validate=True).decode().rstrip("\0").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            colon = ""
        if not colon:
            raise UnreadableError(f"{path}: an `auth` is not base64 of USER:PASSWORD; log in again")
    found = Credentials(username, password, entry.identitytoken, entry.registrytoken)
    return found if any((username, entry.identitytoken, entry.registrytoken)) else None


def _ask_helper(name: str, registry: str, environment: Mapping[str, str], say: Callable[[str], None]) -> Credentials | None:
    """What a helper program has; one that cannot be run, or fails, is said and passed over: most images are public."""
    program = f"docker-credential-{name}"
    if not _HELPER_NAME.fullmatch(name):
        raise UnreadableError(f"{program[:100]!r} is not the name of a credential helper")
    server = HUB_KEY if registry == DOCKER_HUB else registry
    try:
        ran = subprocess.run(  # noqa: S603  # the user's own configuration names it
            [program, "get"], input=server.encode(), capture_output=True, timeout=HELPER_TIMEOUT_S, check=False, env=dict(environment)
        )
        if ran.returncode == 0:
            return _of_answer(json_decoder(_Answer).decode(ran.stdout[:MAX_FILE_BYTES]))
        if _NOT_FOUND in ran.stdout + ran.stderr:
            return None
        reason = f"it exits {ran.returncode}"
    except (OSError, subprocess.TimeoutExpired, msgspec.DecodeError, UnicodeDecodeError) as exc:
        reason = "there is no such program" if isinstance(exc, FileNotFoundError) else f"it fails ({type(exc).__name__})"
    say(f"{registry}: {program}: {reason}: going on without its credentials")
    return None


def _of_answer(answer: _Answer) -> Credentials | None:
    if answer.username == _IDENTITY_TOKEN:
        return Credentials(identity_token=answer.secret)
    return Credentials(answer.username, answer.secret) if answer.username else None
