"""The options that say how sources are opened: which platform, and how registries are asked."""

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

from msgspec import structs

from sbomgen.cli.base import option, warn
from sbomgen.image.remote import OpenOptions

F = TypeVar("F", bound=Callable[..., Any])

_OPTIONS = (
    option(
        "--platform", metavar="OS/ARCH[/VARIANT]", help="Which image of a multi-platform index; scan: `all`.  [default: this machine's]"
    ),
    option("--offline", is_flag=True, help="Never ask a registry: no name is resolved."),
    option("--username", metavar="NAME", help="For the registries that are named; default: as `docker login` or `podman login` left it."),
    option("--password", metavar="PASSWORD", help="Of --username. Others see the command line: better SBOMGEN_PASSWORD."),
    option("--token", metavar="TOKEN", help="A bearer token instead; better SBOMGEN_TOKEN."),
    option("--plain-http", is_flag=True, help="Ask registries by HTTP, without TLS."),
    option("--insecure", is_flag=True, help="Do not verify the certificates of registries."),
    option("--ca-file", metavar="FILE", help="PEM certificates to trust besides the system's."),
    option("--client-cert", metavar="FILE", help="PEM certificate that registries ask for."),
    option("--client-key", metavar="FILE", help="Its PEM key, unless it is in the same file."),
)


def opening_options(function: F) -> F:
    """Adds the options to a command, which gets them as one `OpenOptions` called `opening`; with `quiet` it says nothing of sources."""

    @wraps(function)
    def command(*arguments: Any, **values: Any) -> Any:
        opening = OpenOptions(**{name: values.pop(name) for name in OpenOptions.__struct_fields__ if name in values})
        return function(*arguments, opening=opening if values.get("quiet") else structs.replace(opening, say=warn), **values)

    decorated: Any = command
    for one in reversed(_OPTIONS):
        decorated = one(decorated)
    result: F = decorated
    return result
