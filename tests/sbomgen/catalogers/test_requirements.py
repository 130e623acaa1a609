import pytest
from packaging.markers import Marker

from sbomgen.catalogers import _requirements
from sbomgen.catalogers._requirements import Requirer, known_environment, may_hold, requirement_edges, requirements_of_egg
from sbomgen.catalogers._sites import Sites
from sbomgen.model import Edge, Problem, ProblemCode

SITE = "usr/lib/python3.11/site-packages"


def edges(**requires: list[str]) -> list[tuple[str, str]]:
    """Edges among distributions of one site folder, by name; `_` in a name stands for `-`."""
    requirers = [Requirer(name.replace("_", "-"), SITE, name.replace("_", "-"), lines) for name, lines in requires.items()]
    return [(edge.from_slot, edge.to_slot) for edge in found(requirers) if isinstance(edge, Edge)]


def found(requirers: list[Requirer]) -> list[Edge | Problem]:
    return list(requirement_edges(requirers, Sites([SITE], {}, lambda _: "")))


@pytest.mark.parametrize(
    ("marker", "expected"),
    [
        ('sys_platform == "linux"', True),
        ('sys_platform == "win32"', False),
        ('os_name == "nt" or platform_system == "Linux"', True),
        ('python_version < "3.8"', False),
        ('python_version >= "3.8"', True),
        ('implementation_name == "pypy"', False),
        ('platform_machine == "aarch64"', True),
        ('platform_machine == "aarch64" and sys_platform == "darwin"', False),
        ('platform_machine == "aarch64" and platform_machine == "x86_64"', False),
        ('platform_machine != "aarch64"', True),
        ('python_full_version < "3.11.3"', True),
        ('platform_release >= "5"', True),
        ('extra == "tls"', False),
        ('extra == "tls" or sys_platform == "linux"', True),
    ],
)
def test_a_marker_holds_where_some_linux_environment_fits_it(marker: str, expected: bool) -> None:
    assert may_hold(Marker(marker), known_environment(SITE), "") is expected


def test_an_interpreter_of_unknown_minor_version_may_be_any() -> None:
    known = known_environment("usr/lib/python3/dist-packages")
    assert may_hold(Marker('python_version < "3.8"'), known, "")
    assert may_hold(Marker('python_version >= "3.12"'), known, "")


def test_a_marker_with_too_much_unknown_counts_as_one_that_may_hold() -> None:
    names = ("platform_machine", "platform_release", "platform_version", "python_full_version", "implementation_version")
    assert may_hold(Marker(" and ".join(f'{name} == "{number}"' for number, name in enumerate(names))), {}, "")


def test_only_installed_distributions_are_pointed_to() -> None:
    assert edges(a=["b>=1", "absent", "c[x] ; python_version<'3'"], b=[], c=[]) == [("a", "b")]


def test_names_are_compared_normalised() -> None:
    assert edges(a=["B_C.d (>=1.0)"], b_c_d=[]) == [("a", "b-c-d")]


def test_an_extra_counts_where_another_distribution_asks_for_it() -> None:
    lines = ['tls ; extra == "TLS"', 'socks ; extra == "socks"']
    assert edges(b=lines, tls=[], socks=[]) == []
    assert edges(a=["b[tls]"], b=lines, tls=[], socks=[]) == [("a", "b"), ("b", "tls")]


def test_an_extra_may_ask_for_others_of_the_same_distribution() -> None:
    assert edges(a=["b[all]"], b=['b[tls] ; extra == "all"', 'tls ; extra == "tls"'], tls=[]) == [("a", "b"), ("b", "tls")]


def test_circles_end() -> None:
    assert edges(a=["b[x]"], b=["a[y]"]) == [("a", "b"), ("b", "a")]


def test_the_work_on_requirements_is_bounded_and_the_bound_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_requirements, "STEPS_LIMIT", 2)
    requirers = [Requirer(name, SITE, name, ["a", "b", "c"]) for name in "abc"]
    *edges, problem = found(requirers)
    assert len(edges) == 1
    assert isinstance(problem, Problem)
    assert (problem.code, problem.where, problem.loss) == (ProblemCode.LIMIT_REACHED, SITE, False)


@pytest.mark.parametrize("line", ["b ; python_version <", "b >= not a version !", "", "-e ./b", "b @"])
def test_what_is_no_requirement_is_passed_over(line: str) -> None:
    assert edges(a=[line], b=[]) == []


def test_sections_of_requires_txt_are_extras_and_markers() -> None:
    text = "# no\na\n\n[x]\nb\n[:os_name == 'nt']\nc\n[x:os_name == 'nt']\nd\n[]\ne"
    assert list(requirements_of_egg(text)) == [
        "a",
        'b ; extra == "x"',
        "c ; (os_name == 'nt')",
        "d ; (os_name == 'nt') and extra == \"x\"",
        "e",
    ]
