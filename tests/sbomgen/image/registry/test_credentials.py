"""Credentials are found where docker login, podman login and their helpers left them; none shows in a message."""

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest

from sbomgen.errors import UnreadableError
from sbomgen.image.registry import credentials as module
from sbomgen.image.registry.credentials import Credentials, credential_files, from_options, stored_credentials
from sbomgen.image.remote import OpenOptions


def auth(username: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{username}:{password}".encode()).decode()}


def write(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def stored(home: Path, registry: str, repository: str = "team/app", said: list[str] | None = None) -> Credentials | None:
    path = os.pathsep.join((os.environ["PATH"], str(home / "bin")))
    heard: list[str] = [] if said is None else said
    return stored_credentials(registry, repository, {"HOME": str(home), "PATH": path}, heard.append)


def helper(home: Path, name: str, script: str) -> None:
    path = write(home / "bin" / f"docker-credential-{name}", f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize("key", ["example.org", "https://example.org", "http://example.org/", "https://example.org/v2/", "example.org/v1"])
def test_a_registry_is_known_by_each_spelling_of_its_key(home: Path, key: str) -> None:
    write(home / ".docker" / "config.json", {"auths": {key: auth("me", "pass:word")}})
    assert stored(home, "example.org") == Credentials("me", "pass:word")
    assert stored(home, "example.com") is None


def test_docker_hub_has_a_key_of_its_own(home: Path) -> None:
    write(home / ".docker" / "config.json", {"auths": {"https://index.docker.io/v1/": auth("me", "x")}})
    assert stored(home, "docker.io") == Credentials("me", "x")


def test_the_longest_name_counts(home: Path) -> None:
    auths = {"example.org": auth("host", "x"), "example.org/team": auth("team", "x"), "example.org/team/app": auth("app", "x")}
    write(home / ".config" / "containers" / "auth.json", {"auths": auths})
    names = {repository: stored(home, "example.org", repository) for repository in ("team/app", "team/other", "teams/app")}
    assert {repository: found and found.username for repository, found in names.items()} == {
        "team/app": "app",
        "team/other": "team",
        "teams/app": "host",
    }


def test_files_are_asked_in_order(home: Path, tmp_path: Path) -> None:
    environment = {
        "REGISTRY_AUTH_FILE": str(write(tmp_path / "auth.json", {})),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "DOCKER_CONFIG": str(tmp_path / "docker"),
    }
    paths = [tmp_path / "run/containers/auth.json", tmp_path / "config/containers/auth.json", tmp_path / "docker/config.json"]
    for path in paths:
        write(path, {"auths": {"example.org": auth(path.parts[-3], "x"), path.parts[-3]: auth("me", "x")}})
    said: list[str] = []
    assert list(credential_files(environment)) == [tmp_path / "auth.json", *paths]
    first = stored_credentials("example.org", "x", environment, said.append)
    assert first is not None
    assert first.username == "run"
    assert stored_credentials(paths[2].parts[-3], "x", environment, said.append) is not None
    assert not said


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"identitytoken": "i"} | auth("me", ""), Credentials("me", "", "i")),
        ({"registrytoken": "r"}, Credentials(registry_token="r")),
        ({"username": "me", "password": "x"}, Credentials("me", "x")),
        ({"auth": base64.b64encode(b"me:x\0\0").decode()}, Credentials("me", "x")),
        ({}, None),
    ],
)
def test_each_kind_of_entry_is_read(home: Path, entry: dict[str, str], expected: Credentials | None) -> None:
    write(home / ".docker" / "config.json", {"auths": {"example.org": entry}})
    assert stored(home, "example.org") == expected


def test_a_helper_is_asked_with_the_name_of_the_server(home: Path) -> None:
    helper(home, "store", """read server; printf '{"ServerURL": "%s", "Username": "%s", "Secret": "s"}' "$server" "$1-$server" """)
    helper(home, "own", """echo '{"Username": "<token>", "Secret": "identity"}'""")
    write(
        home / ".docker" / "config.json",
        {"credsStore": "store", "credHelpers": {"own.example.org": "own"}, "auths": {"a.org": auth("f", "x")}},
    )
    assert stored(home, "a.org") == Credentials("get-a.org", "s")
    assert stored(home, "docker.io") == Credentials("get-https://index.docker.io/v1/", "s")
    assert stored(home, "own.example.org") == Credentials(identity_token="identity")


def test_a_helper_without_credentials_leaves_it_to_the_file(home: Path) -> None:
    helper(home, "store", "echo credentials not found in native keychain; exit 1")
    write(home / ".docker" / "config.json", {"credsStore": "store", "auths": {"a.org": auth("file", "x")}})
    said: list[str] = []
    assert stored(home, "a.org", said=said) == Credentials("file", "x")
    assert stored(home, "b.org", said=said) is None
    assert not said


@pytest.mark.parametrize(
    ("script", "reason"),
    [("echo secret-word; exit 3", "it exits 3"), ("echo secret-word", "it fails (DecodeError)"), (None, "there is no such program"),
     ("exec sleep 5", "it fails (TimeoutExpired)")],
)  # fmt: skip
def test_a_helper_that_fails_is_said_and_passed_over(home: Path, monkeypatch: pytest.MonkeyPatch, script: str | None, reason: str) -> None:
    monkeypatch.setattr(module, "HELPER_TIMEOUT_S", 0.5)
    if script:
        helper(home, "store", script)
    write(home / ".docker" / "config.json", {"credsStore": "store"})
    said: list[str] = []
    assert stored(home, "a.org", said=said) is None
    assert said == [f"a.org: docker-credential-store: {reason}: going on without its credentials"]


def test_a_helper_is_no_path(home: Path) -> None:
    write(home / ".docker" / "config.json", {"credsStore": "../../bin/x"})
    with pytest.raises(UnreadableError, match="is not the name of a credential helper"):
        stored(home, "a.org")


@pytest.mark.parametrize(
    "document",
    ['{"auths": {"a.org": {"auth": 5, "x": "swordfish"}}}', "swordfish", '{"auths": "swordfish"}',
     '{"auths": {"a.org": {"auth": "swordfish!"}}}', '{"auths": {"a.org": {"auth": "c3dvcmRmaXNo"}}}'],
)  # fmt: skip
def test_a_broken_file_is_an_error_without_its_secrets(home: Path, document: str) -> None:
    path = write(home / ".docker" / "config.json", document)
    with pytest.raises(UnreadableError, match="log in again") as caught:
        stored(home, "a.org")
    assert str(path) in str(caught.value)
    assert "swordfish" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_file_is_read_no_further_than_its_bound(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_FILE_BYTES", 20)
    write(home / ".docker" / "config.json", {"auths": {"a.org": auth("me", "x")}})
    with pytest.raises(UnreadableError, match="log in again"):
        stored(home, "a.org")


def test_options_come_as_they_are() -> None:
    assert from_options(OpenOptions()) is None
    assert from_options(OpenOptions(username="me", password="x")) == Credentials("me", "x")
    assert from_options(OpenOptions(username="me", token="t")) == Credentials(registry_token="t")


def test_credentials_do_not_show() -> None:
    assert "swordfish" not in repr(Credentials("me", "swordfish", "swordfish", "swordfish"))
    assert "swordfish" not in repr(OpenOptions(password="swordfish", token="swordfish"))
