"""Mirrors stand before the registry as registries.conf and hosts.toml say; the user's credentials are for the registry alone."""

from pathlib import Path

import pytest

from sbomgen.errors import NetworkError, UnreadableError
from sbomgen.image.registry import endpoints as endpoints_module
from sbomgen.image.registry.endpoints import Endpoint, endpoints
from sbomgen.image.registry.names import parse_name
from sbomgen.image.registry.transport import Tls
from sbomgen.image.remote import OpenOptions

DIGEST = "sha256:" + "0" * 64


def asked(name: str, home: Path, options: OpenOptions | None = None, **environment: str) -> tuple[Endpoint, ...]:
    return endpoints(parse_name(name), options or OpenOptions(), {"HOME": str(home), **environment})


def places(found: tuple[Endpoint, ...]) -> list[str]:
    return [f"{one.base}/{one.repository}{' own' if one.own else ''}" for one in found]


def registries(home: Path, text: str, name: str = "registries.conf") -> None:
    path = home / ".config" / "containers" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def hosts(tmp_path: Path, registry: str, text: str) -> Path:
    folder = tmp_path / "certs.d" / registry
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "hosts.toml").write_text(text)
    return folder


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("alpine", OpenOptions(), ["https://registry-1.docker.io/v2/library/alpine own"]),
        ("example.org:5000/a/b", OpenOptions(), ["https://example.org:5000/v2/a/b own"]),
        ("example.org/a", OpenOptions(plain_http=True), ["http://example.org/v2/a own"]),
        ("localhost:5000/a", OpenOptions(), ["https://localhost:5000/v2/a own", "http://localhost:5000/v2/a own"]),
        ("127.0.0.1/a", OpenOptions(), ["https://127.0.0.1/v2/a own", "http://127.0.0.1/v2/a own"]),
        ("localhost.example.org/a", OpenOptions(), ["https://localhost.example.org/v2/a own"]),
        ("127.example.org/a", OpenOptions(), ["https://127.example.org/v2/a own"]),
    ],
)
def test_without_a_configuration_it_is_the_registry_itself(home: Path, name: str, options: OpenOptions, expected: list[str]) -> None:
    assert places(asked(name, home, options)) == expected


def test_the_options_say_how_the_registry_is_trusted(home: Path) -> None:
    options = OpenOptions(insecure=True, ca_file="ca.pem", client_cert="c.pem", client_key="k.pem")
    assert asked("example.org/a", home, options)[0].tls == Tls(True, ("ca.pem",), ("c.pem", "k.pem"))


def test_registries_conf_puts_mirrors_before_the_registry(home: Path) -> None:
    registries(
        home,
        """
        unqualified-search-registries = ["quay.io"]
        [[registry]]
        prefix = "docker.io/library"
        location = "docker.io/library"
        [[registry.mirror]]
        location = "mirror.example.org/hub/library"
        [[registry.mirror]]
        location = "10.0.0.1:5000/hub"
        insecure = true
        """,
    )
    options = OpenOptions(insecure=True, ca_file="ca.pem", client_cert="c.pem")
    found = asked("alpine:3", home, options)
    assert places(found) == [
        "https://mirror.example.org/v2/hub/library/alpine",
        "https://10.0.0.1:5000/v2/hub/alpine",
        "http://10.0.0.1:5000/v2/hub/alpine",
        "https://registry-1.docker.io/v2/library/alpine own",
    ]
    assert [one.tls for one in found] == [Tls(), Tls(True), Tls(True), Tls(True, ("ca.pem",), ("c.pem", None))]
    assert [one.registry for one in found] == ["mirror.example.org", "10.0.0.1:5000", "10.0.0.1:5000", "docker.io"]
    assert places(asked("team/app", home)) == ["https://registry-1.docker.io/v2/team/app own"]


@pytest.mark.parametrize(
    ("lines", "by_tag", "by_digest"),
    [
        ("", True, True),
        ('pull-from-mirror = "digest-only"', False, True),
        ('pull-from-mirror = "tag-only"', True, False),
        ('pull-from-mirror = "all"', True, True),
    ],
)
def test_a_mirror_may_be_for_tags_or_digests_alone(home: Path, lines: str, by_tag: bool, by_digest: bool) -> None:
    registries(home, f'[[registry]]\nlocation = "a.org"\n[[registry.mirror]]\nlocation = "m.org"\n{lines}')
    assert [len(asked(name, home)) == 2 for name in ("a.org/x:1", f"a.org/x@{DIGEST}")] == [by_tag, by_digest]


def test_mirrors_may_all_be_for_digests_alone(home: Path) -> None:
    registries(home, '[[registry]]\nlocation = "a.org"\nmirror-by-digest-only = true\n[[registry.mirror]]\nlocation = "m.org"')
    assert [len(asked(name, home)) for name in ("a.org/x:1", f"a.org/x@{DIGEST}")] == [1, 2]


def test_the_longest_prefix_counts_and_wildcards_stand_for_hosts(home: Path) -> None:
    registries(
        home,
        """
        [[registry]]
        prefix = "*.example.org"
        location = "proxy.org/example"
        [[registry]]
        prefix = "a.example.org/team"
        location = "b.org/other"
        """,
    )
    assert places(asked("a.example.org/team/app", home)) == ["https://b.org/v2/other/app"]
    assert places(asked("a.example.org/teams/app", home)) == ["https://proxy.org/v2/example/teams/app"]
    assert places(asked("example.org/app", home)) == ["https://example.org/v2/app own"]
    assert places(asked("badexample.org/app", home)) == ["https://badexample.org/v2/app own"]


def test_what_is_blocked_is_not_asked(home: Path) -> None:
    registries(home, '[[registry]]\nlocation = "a.org"\nblocked = true')
    with pytest.raises(NetworkError, match=r"a\.org/x:latest: registries\.conf blocks a\.org"):
        asked("a.org/x", home)


def test_later_files_count_before_earlier_ones(home: Path, tmp_path: Path) -> None:
    registries(home, '[[registry]]\nprefix = "a.org"\nlocation = "first.org"\n[[registry]]\nprefix = "b.org"\nlocation = "first.org"')
    registries(home, '[[registry]]\nprefix = "a.org"\nlocation = "second.org"', "registries.conf.d/10-x.conf")
    assert places(asked("a.org/x", home)) == ["https://second.org/v2/x"]
    assert places(asked("b.org/x", home)) == ["https://first.org/v2/x"]
    own = tmp_path / "own.conf"
    own.write_text('[[registry]]\nprefix = "a.org"\nlocation = "third.org"')
    assert places(asked("a.org/x", home, CONTAINERS_REGISTRIES_CONF=str(own))) == ["https://third.org/v2/x"]


def test_hosts_toml_puts_hosts_before_the_server(home: Path, tmp_path: Path) -> None:
    folder = hosts(
        tmp_path,
        "docker.io",
        """
        server = "https://registry-1.docker.io"
        ca = "server.pem"
        [host."https://mirror.example.org"]
        capabilities = ["pull", "resolve"]
        ca = ["a.pem", "b.pem"]
        client = [["c.pem", "k.pem"]]
        [host."https://mirror.example.org".header]
        X-Own = "1"
        [host."http://10.0.0.1:5000/own/path"]
        override_path = true
        skip_verify = true
        [host."https://digests.example.org"]
        capabilities = ["pull"]
        [host."https://push.example.org"]
        capabilities = ["push"]
        """,
    )
    found = asked("alpine", home)
    assert places(found) == [
        "https://mirror.example.org/v2/library/alpine",
        "http://10.0.0.1:5000/own/path/library/alpine",
        "https://registry-1.docker.io/v2/library/alpine own",
    ]
    mirror, second, itself = found
    assert mirror.tls == Tls(False, (f"{folder}/a.pem", f"{folder}/b.pem"), (f"{folder}/c.pem", f"{folder}/k.pem"))
    assert mirror.headers == (("X-Own", "1"),)
    assert second.tls == Tls(True)
    assert itself.tls == Tls(False, (f"{folder}/server.pem",))
    assert "https://digests.example.org/v2/library/alpine" in places(asked(f"alpine@{DIGEST}", home))


def test_another_server_than_the_registry_gets_none_of_its_credentials(home: Path, tmp_path: Path) -> None:
    hosts(tmp_path, "_default", 'server = "https://cache.example.org/v2"')
    assert places(asked("a.org/x", home)) == ["https://cache.example.org/v2/x"]


def test_certificates_of_docker_are_found(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "certs.d" / "a.org:5000"
    folder.mkdir(parents=True)
    for name in ("ca.crt", "client.cert", "client.key", "alone.cert"):
        (folder / name).write_text("")
    assert asked("a.org:5000/x", home)[0].tls == Tls(False, (f"{folder}/ca.crt",), (f"{folder}/client.cert", f"{folder}/client.key"))


def test_a_configuration_is_read_no_further_than_its_bound(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints_module, "MAX_CONFIGURATION_BYTES", 30)
    registries(home, '[[registry]]\nlocation = "a.example.org"')
    with pytest.raises(UnreadableError, match="cannot be read as a registry configuration"):
        asked("a.org/x", home)


@pytest.mark.parametrize("text", ["[[registry]", "[[registry]]\nlocation = 5", "[[registry]]\n[[registry.mirror]]\ninsecure = true", "\0"])
def test_a_broken_configuration_says_where(home: Path, text: str) -> None:
    registries(home, text)
    with pytest.raises(UnreadableError, match=r"registries\.conf: cannot be read as a registry configuration: "):
        asked("a.org/x", home)
