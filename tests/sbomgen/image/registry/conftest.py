"""Every test of registries has a home of its own, no proxy, and short pauses."""

from pathlib import Path

import pytest

from sbomgen.image.registry import endpoints, transport


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home; nothing of this machine's configuration is seen."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in (
        "DOCKER_CONFIG", "REGISTRY_AUTH_FILE", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "CONTAINERS_REGISTRIES_CONF", "SSL_CERT_FILE",
        "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    ):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setattr(endpoints, "HOSTS_FOLDERS", (tmp_path / "certs.d",))
    monkeypatch.setattr(endpoints, "CERTIFICATE_FOLDERS", ())
    monkeypatch.setattr(transport, "FIRST_PAUSE_S", 0.001)
    return folder
