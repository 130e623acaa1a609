"""Whatever a registry, a user or a file says, nothing but our own errors comes of it."""

from contextlib import suppress

import urllib3
from hypothesis import given
from hypothesis import strategies as st

from sbomgen.errors import NetworkError, UsageError
from sbomgen.image.registry.auth import Challenge, parse_challenges, token_request
from sbomgen.image.registry.credentials import Credentials
from sbomgen.image.registry.endpoints import Endpoint
from sbomgen.image.registry.names import parse_name
from sbomgen.image.registry.transport import Request, Tls, redirected, retry_after_s
from sbomgen.image.remote import looks_like_file

NAMES = st.text(st.sampled_from("aA0.:/@-_[]%#?\\ \n\t~é")) | st.text(max_size=40)
URLS = st.tuples(st.sampled_from(["", "http://", "https://", "//", "https://a.org", "https:/\\", "file:", "https://u:p@"]), NAMES).map(
    "".join
)
ENDPOINT = Endpoint("https://a.org/v2", "team/app", registry="a.org", own=True)
SECRET = Credentials("me", "swordfish")


@given(NAMES)
def test_a_name_is_one_or_wrong_usage(text: str) -> None:
    looks_like_file(text)
    with suppress(UsageError):
        name = parse_name(text)
        assert parse_name(str(name)) == name


@given(URLS)
def test_a_redirect_keeps_secrets_at_home(target: str) -> None:
    with suppress(NetworkError):
        again = redirected(Request("https://a.org/v2/", {"Authorization": "x"}, Tls(client=("c", None))), target)
        assert again.url.lower().startswith("https://")
        if "Authorization" in again.headers or again.tls.client:
            with suppress(urllib3.exceptions.LocationParseError):  # then nothing is asked
                place = urllib3.util.parse_url(again.url)  # what is connected to in the end, by another parser than decides here
                assert (place.host, place.port or 443) == ("a.org", 443)


@given(st.lists(st.text(st.sampled_from('Basic,Bearer realm="\\= \t')) | st.text(max_size=60), max_size=3))
def test_challenges_are_read_or_not(values: list[str]) -> None:
    assert {challenge.scheme for challenge in parse_challenges(values)} <= {"basic", "bearer"}


@given(URLS, NAMES)
def test_a_token_is_asked_for_by_https_alone(realm: str, scope: str) -> None:
    with suppress(NetworkError):
        assert token_request(ENDPOINT, Challenge("bearer", {"realm": realm, "scope": scope}), SECRET).url.lower().startswith("https://")


@given(st.text(max_size=40) | st.integers(min_value=0).map(str))
def test_a_pause_is_a_number_or_none(value: str) -> None:
    pause = retry_after_s(value)
    assert pause is None or pause >= 0
