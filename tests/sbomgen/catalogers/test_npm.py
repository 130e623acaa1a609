import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sbomgen.catalogers import _node_modules
from sbomgen.catalogers._package_json import REQUIRES_LIMIT, parse_package_json
from sbomgen.catalogers.npm import PACKAGE_JSON_LIMIT_BYTES, NpmCataloger
from sbomgen.evidence import EvidenceTooLargeError
from sbomgen.model import Edge, Package, Problem, ProblemCode
from sbomgen.purl import purl_of
from tests.support.evidence import MemoryFile, MemoryView, edges_of, packages_of, read_all

CATALOGER = NpmCataloger()
LODASH = """\
{
  "name": "lodash",
  "version": "4.17.21",
  "description": "Lodash modular utilities.\\nSecond line.",
  "homepage": "https://lodash.com/",
  "license": "MIT",
  "author": "John-David Dalton <john.david.dalton@gmail.com> (http://allyoucanleet.com/)",
  "scripts": { "test": "echo" }
}
"""


def body(name: str, version: str = "1.0.0", *requires: str, **fields: Any) -> bytes:
    return json.dumps({"name": name, "version": version, "dependencies": dict.fromkeys(requires, "*"), **fields}).encode()


def at(folder: str, version: str = "1.0.0", *requires: str, **fields: Any) -> dict[str, bytes]:
    """A package in a folder of its own name."""
    name = folder.rpartition("node_modules/")[2]
    return {f"{folder}/package.json": body(name, version, *requires, **fields)}


def view_of(*files: dict[str, bytes], links: dict[str, str] | None = None) -> MemoryView:
    return MemoryView({path: body for group in files for path, body in group.items()}, links)


def versions_of(view: MemoryView) -> list[str]:
    """What is installed, with the folder that each is a package of."""
    return sorted(f"{package.root}: {package.name}@{package.raw_version}" for package in packages_of(CATALOGER, view))


def resolved(view: MemoryView) -> list[str]:
    """The edges by name, with the versions where a slot has several."""
    names = {package.slot: package.name for package in packages_of(CATALOGER, view)}
    edges = [found for found in CATALOGER.assemble(view) if isinstance(found, Edge)]
    return [
        f"{names[edge.from_slot]}@{edge.from_version} {names[edge.to_slot]}@{edge.to_version}".replace("@ ", " ").rstrip("@")
        for edge in edges
    ]


def stated(**fields: Any) -> Package:
    (package,) = packages_of(CATALOGER, view_of(at("app/node_modules/a", **fields)))
    return package


def test_a_folder_in_node_modules_becomes_a_package() -> None:
    assert packages_of(CATALOGER, MemoryView({"app/node_modules/lodash/package.json": LODASH.encode()})) == [
        Package(
            type="npm",
            name="lodash",
            raw_version="4.17.21",
            root="app/node_modules",
            licences=("MIT",),
            supplier="John-David Dalton <john.david.dalton@gmail.com>",
            homepage="https://lodash.com/",
            description="Lodash modular utilities.",
            evidence=("app/node_modules/lodash/package.json",),
        )
    ]


@pytest.mark.parametrize(
    ("path", "root"),
    [
        ("node_modules/a/package.json", "node_modules"),
        ("app/node_modules/b/node_modules/a/package.json", "app/node_modules/b/node_modules"),
        ("app/node_modules/@s/b/node_modules/a/package.json", "app/node_modules/@s/b/node_modules"),
        ("usr/local/lib/node_modules/pnpm/dist/node_modules/a/package.json", "usr/local/lib/node_modules/pnpm/dist/node_modules"),
        ("usr/local/lib/node_modules/npm/node_modules/a/package.json", "usr/local/lib/node_modules/npm/node_modules"),
        ("usr/lib/node_modules_20/a/package.json", "usr/lib/node_modules_20"),
        ("usr/share/nodejs/a/package.json", "usr/share/nodejs"),
        ("usr/share/nodejs/@s/b/node_modules/a/package.json", "usr/share/nodejs/@s/b/node_modules"),
        ("usr/lib/x86_64-linux-gnu/nodejs/a/package.json", "usr/lib/x86_64-linux-gnu/nodejs"),
        ("srv/chroot/usr/share/nodejs/a/package.json", "srv/chroot/usr/share/nodejs"),
        ("app/node_modules/.pnpm/a@1.0.0/node_modules/a/package.json", "app/node_modules"),
        ("root/.local/share/pnpm/global/5/.pnpm/a@1.0.0/node_modules/a/package.json", "root/.local/share/pnpm/global/5/node_modules"),
        ("app/node_modules/.pnpm/@s+b@1.0.0_c@2.0.0/node_modules/a/package.json", "app/node_modules"),
        ("app/node_modules/.pnpm/b@1.0.0/node_modules/b/node_modules/a/package.json", "app/node_modules/b/node_modules"),
        ("app/node_modules/.bun/a@1.0.0+c0ffee/node_modules/a/package.json", "app/node_modules"),
        ("app/node_modules/.deno/a@1.0.0/node_modules/a/package.json", "app/node_modules"),
        ("app/node_modules/.store/a@1.0.0-YUOzcg/node_modules/a/package.json", "app/node_modules"),
        ("app/node_modules/.store/@s/a@1.0.0-YUOzcg/node_modules/a/package.json", "app/node_modules"),
        ("app/node_modules/.store/a-npm-1.0.0-183ac537bc/package/package.json", "app/node_modules"),
        ("opt/a-v1.0.0/package.json", "opt"),
        ("opt/a-1.0.0/package.json", "opt"),
        ("root/.npm/_npx/0c2e/node_modules/a/package.json", "root/.npm/_npx/0c2e/node_modules"),
        ("app/node_modules/test/node_modules/a/package.json", "app/node_modules/test/node_modules"),
        ("app/node_modules/@oclif/test/node_modules/a/package.json", "app/node_modules/@oclif/test/node_modules"),
        ("app/tests/node_modules/a/package.json", "app/tests/node_modules"),
    ],
)
def test_every_place_that_node_loads_from_holds_packages(path: str, root: str) -> None:
    (package,) = packages_of(CATALOGER, MemoryView({path: body("a")}))
    assert (package.root, package.slot) == (root, f"npm|{root}|a|")


@pytest.mark.parametrize(
    "path",
    [
        "package.json",
        "app/package.json",
        "app/my_node_modules/a/package.json",
        "app/node_modules/package.json",
        "app/node_modules/@s/package.json",
        "app/node_modules/.bin/package.json",
        "app/node_modules/.a-Xy12Zq/package.json",
        "app/node_modules/rxjs/ajax/package.json",
        "app/node_modules/@bcoe/v8-coverage/dist/lib/package.json",
        "app/node_modules/resolve/test/resolver/a/package.json",
        "app/node_modules/resolve/test/shadowed_core/node_modules/a/package.json",
        "app/node_modules/@s/create/templates/x/node_modules/a/package.json",
        "app/node_modules/.store/a@1.0.0/package.json",
        "usr/share/nodejs/b/a/package.json",
        "root/.bun/install/cache/a@1.0.0@@@1/package.json",
        "root/.npm/_cacache/content-v2/sha512/00/package.json",
        "opt/a/package.json",
        "opt/a-v2.0.0/package.json",
    ],
)
@pytest.mark.parametrize("text", [body("a"), b"{broken", b"{}", b""])
def test_what_is_no_installation_is_passed_over_in_silence(path: str, text: bytes) -> None:
    view = MemoryView({path: text})
    assert packages_of(CATALOGER, view) == []
    assert not view.problems


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"{broken", "no JSON object"),
        (b"", "no JSON object"),
        (b"[]", "no JSON object"),
        (b'"a"', "no JSON object"),
        (b'{"name": "a", "version": "1.0.0"} x', "no JSON object"),
        (b'{"name": "a", "x": ' + b"[" * 100_000, "nested too deeply"),
        (b'{"name": "a"}', "no version"),
        (b'{"name": "a", "version": 1}', "no version"),
        (b'{"name": "a", "version": "1 2"}', "no version"),
        (b'{"type": "module"}', "no name"),
        (b'{"name": "../a", "version": "1"}', "no name"),
        (b'{"name": "@s/a/b", "version": "1"}', "no name"),
        (b'{"name": ["a"], "version": "1"}', "no name"),
    ],
)
def test_a_package_whose_package_json_is_broken_is_a_note(text: bytes, message: str) -> None:
    view = MemoryView({"app/node_modules/a/package.json": text})
    assert packages_of(CATALOGER, view) == []
    (problem,) = view.problems
    assert problem.where == "app/node_modules/a/package.json"
    assert message in problem.message
    assert not problem.loss


def test_a_body_over_the_limit_is_refused_where_it_would_be_a_package() -> None:
    huge = b" " * (PACKAGE_JSON_LIMIT_BYTES + 1)
    with pytest.raises(EvidenceTooLargeError):
        list(CATALOGER.read(MemoryFile("app/node_modules/a/package.json", huge)))
    assert list(CATALOGER.read(MemoryFile("app/package.json", huge))) == []


@pytest.mark.parametrize("prefix", [b"", b"\xef\xbb\xbf"])
def test_a_byte_order_mark_and_other_encodings_do_not_hide_a_package(prefix: bytes) -> None:
    text = prefix + b'{"name": "a", "version": "1.0.0", "author": "Jos\xe9"}'
    (package,) = packages_of(CATALOGER, MemoryView({"app/node_modules/a/package.json": text}))
    assert package.supplier == "Jos\ufffd"


@pytest.mark.parametrize(
    ("fields", "licences"),
    [
        ({"license": "(MIT OR Apache-2.0)"}, ("(MIT OR Apache-2.0)",)),
        ({"license": {"type": "MIT", "url": "https://l"}}, ("MIT",)),
        ({"license": {"url": "https://l"}}, ("https://l",)),
        ({"license": ["MIT", {"type": "BSD"}, 7, "MIT"]}, ("MIT", "BSD")),
        ({"licenses": [{"type": "MIT"}, {"type": "GPL-2.0"}]}, ("MIT", "GPL-2.0")),
        ({"license": "", "licenses": {"type": "MIT"}}, ("MIT",)),
        ({"license": "ISC", "licenses": ["MIT"]}, ("ISC",)),
        ({"license": 7, "licenses": None}, ()),
        ({"license": [], "licenses": [[]]}, ()),
    ],
)
def test_licences_are_the_declared_ones_in_every_old_form(fields: dict[str, Any], licences: tuple[str, ...]) -> None:
    assert stated(**fields).licences == licences


@pytest.mark.parametrize(
    ("fields", "supplier"),
    [
        ({"author": "A"}, "A"),
        ({"author": "A <a@example.org> (https://a)"}, "A <a@example.org>"),
        ({"author": {"name": "A", "email": "a@example.org", "url": "https://a"}}, "A <a@example.org>"),
        ({"author": {"name": "A"}}, "A"),
        ({"author": {"email": "a@example.org"}}, "a@example.org"),
        ({"author": {"name": ["A"]}, "maintainers": [{}, 7, "M <m@example.org>"]}, "M <m@example.org>"),
        ({"author": ["A"], "maintainers": "M"}, None),
        ({}, None),
    ],
)
def test_the_supplier_is_the_author_else_a_maintainer(fields: dict[str, Any], supplier: str | None) -> None:
    assert stated(**fields).supplier == supplier


@pytest.mark.parametrize(
    ("homepage", "expected"), [("https://a", "https://a"), (["https://a"], "https://a"), ({"url": 7}, None), (7, None)]
)
def test_a_homepage_of_the_wrong_type_counts_as_none(homepage: Any, expected: str | None) -> None:
    package = stated(homepage=homepage, description=[1], repository=[{"type": "git"}], dependencies=["b"], peerDependencies=None)
    assert (package.homepage, package.description) == (expected, None)


def test_an_alias_is_the_package_that_its_package_json_names() -> None:
    view = view_of(at("app/node_modules/lodash", "3.0.0"), {"app/node_modules/lodash4/package.json": body("lodash", "4.0.0")})
    packages = packages_of(CATALOGER, view)
    assert [(package.name, package.raw_version) for package in packages] == [("lodash", "3.0.0"), ("lodash", "4.0.0")]
    assert [package.slot for package in packages] == ["npm|app/node_modules|lodash|", "npm|app/node_modules|lodash4|"]
    assert purl_of(packages[1]) == "pkg:npm/lodash@4.0.0"


def test_a_scope_is_part_of_the_name() -> None:
    (package,) = packages_of(CATALOGER, view_of(at("app/node_modules/@angular/core", "17.0.0")))
    assert (package.name, package.root) == ("@angular/core", "app/node_modules")
    assert purl_of(package) == "pkg:npm/%40angular/core@17.0.0"


def test_a_dependency_is_the_copy_of_the_nearest_ancestor() -> None:
    view = view_of(
        at("app/node_modules/debug", "2.6.9", "ms"),
        at("app/node_modules/ms", "2.1.3"),
        at("app/node_modules/debug/node_modules/ms", "2.0.0"),
        at("app/node_modules/@s/send", "1.0.0", "ms", "absent"),
        at("srv/node_modules/ms", "1.0.0"),
    )
    slots = sorted((edge.from_slot, edge.to_slot) for edge in CATALOGER.assemble(view) if isinstance(edge, Edge))
    assert slots == [
        ("npm|app/node_modules|@s/send|", "npm|app/node_modules|ms|"),
        ("npm|app/node_modules|debug|", "npm|app/node_modules/debug/node_modules|ms|"),
    ]


def test_optional_and_peer_dependencies_count_where_they_are_installed_and_development_s_never() -> None:
    fields: dict[str, Any] = {
        "optionalDependencies": {"b": "*", "x": "*"},
        "peerDependencies": {"c": "*", "y": "*"},
        "devDependencies": {"d": "*"},
    }
    view = view_of(at("n/node_modules/a", **fields), *(at(f"n/node_modules/{name}") for name in "bcd"))
    assert edges_of(CATALOGER, view) == [("a", "b"), ("a", "c")]


def test_packages_may_need_each_other_and_themselves() -> None:
    view = view_of(at("n/node_modules/a", "1.0.0", "a", "b"), at("n/node_modules/b", "1.0.0", "a"))
    assert edges_of(CATALOGER, view) == [("a", "b"), ("b", "a")]


PNPM = "app/node_modules/.pnpm"


def pnpm_tree() -> MemoryView:
    """As pnpm 8 lays it out: an application, two members of its workspace, an alias, two sets of peers."""
    return view_of(
        {"app/package.json": body("root-app", "9.9.9", "send", "lodash-alias")},
        {"app/packages/lib/package.json": body("@ws/lib", "0.1.0", "ms")},
        {"app/packages/web/package.json": json.dumps({"dependencies": {"@ws/lib": "workspace:*"}}).encode()},
        at(f"{PNPM}/send@0.18.0/node_modules/send", "0.18.0", "debug", "ms"),
        at(f"{PNPM}/debug@2.6.9/node_modules/debug", "2.6.9", "ms"),
        at(f"{PNPM}/debug@4.3.4/node_modules/debug", "4.3.4", "ms"),
        at(f"{PNPM}/ms@2.0.0/node_modules/ms", "2.0.0"),
        at(f"{PNPM}/ms@2.1.3/node_modules/ms", "2.1.3"),
        at(f"{PNPM}/lodash@4.17.21/node_modules/lodash", "4.17.21", "hoisted"),
        at(f"{PNPM}/hoisted@1.0.0/node_modules/hoisted"),
        at(f"{PNPM}/react-dom@17.0.2_react@16.0.0/node_modules/react-dom", "17.0.2"),
        at(f"{PNPM}/react-dom@17.0.2_react@17.0.2/node_modules/react-dom", "17.0.2"),
        links={
            "app/node_modules/send": ".pnpm/send@0.18.0/node_modules/send",
            "app/node_modules/lodash-alias": ".pnpm/lodash@4.17.21/node_modules/lodash",
            f"{PNPM}/node_modules/hoisted": "../hoisted@1.0.0/node_modules/hoisted",
            f"{PNPM}/send@0.18.0/node_modules/debug": "../../debug@2.6.9/node_modules/debug",
            f"{PNPM}/send@0.18.0/node_modules/ms": "../../ms@2.1.3/node_modules/ms",
            f"{PNPM}/debug@2.6.9/node_modules/ms": "../../ms@2.0.0/node_modules/ms",
            f"{PNPM}/debug@4.3.4/node_modules/ms": "../../ms@2.1.3/node_modules/ms",
            "app/packages/web/node_modules/@ws/lib": "../../../lib",
            "app/packages/lib/node_modules/ms": "../../../node_modules/.pnpm/ms@2.1.3/node_modules/ms",
        },
    )


def test_pnpm_s_store_is_listed_once_for_all_links_into_it() -> None:
    assert versions_of(pnpm_tree()) == [
        "app/node_modules: debug@2.6.9",
        "app/node_modules: debug@4.3.4",
        "app/node_modules: hoisted@1.0.0",
        "app/node_modules: lodash@4.17.21",
        "app/node_modules: ms@2.0.0",
        "app/node_modules: ms@2.1.3",
        "app/node_modules: react-dom@17.0.2",
        "app/node_modules: send@0.18.0",
        "app/packages/lib: @ws/lib@0.1.0",
    ]


def test_edges_in_a_store_say_which_version_they_mean() -> None:
    assert resolved(pnpm_tree()) == [
        "debug@2.6.9 ms@2.0.0",
        "debug@4.3.4 ms@2.1.3",
        "lodash hoisted",
        "send debug@2.6.9",
        "send ms@2.1.3",
        "@ws/lib ms@2.1.3",
    ]


def test_copies_of_one_version_for_several_sets_of_peers_are_one_package() -> None:
    (package,) = (package for package in packages_of(CATALOGER, pnpm_tree()) if package.name == "react-dom")
    assert package.evidence == tuple(
        f"{PNPM}/react-dom@17.0.2_react@{peer}/node_modules/react-dom/package.json" for peer in ("16.0.0", "17.0.2")
    )


def test_the_store_of_yarn_4_has_one_name_for_all_folders() -> None:
    store = "app/node_modules/.store"
    view = view_of(
        {f"{store}/debug-virtual-49415fc096/package/package.json": body("debug", "4.3.4", "ms")},
        {f"{store}/ms-npm-2.1.2-ec0c1512ff/package/package.json": body("ms", "2.1.2")},
        links={
            "app/node_modules/debug": ".store/debug-virtual-49415fc096/package",
            f"{store}/debug-virtual-49415fc096/node_modules/debug": "../package",
            f"{store}/debug-virtual-49415fc096/node_modules/ms": "../../ms-npm-2.1.2-ec0c1512ff/package",
        },
    )
    assert versions_of(view) == ["app/node_modules: debug@4.3.4", "app/node_modules: ms@2.1.2"]
    assert resolved(view) == ["debug ms"]


def test_yarn_1_links_the_members_of_a_workspace_from_its_root() -> None:
    view = view_of(
        {"app/package.json": body("root-app", "9.9.9", "web")},
        {"app/packages/lib/package.json": body("@ws/lib", "0.1.0", "ms")},
        {"app/packages/web/package.json": body("web", "0.2.0", "@ws/lib", "debug")},
        {"app/packages/unlinked/package.json": body("unlinked")},
        at("app/node_modules/debug", "2.6.9", "ms"),
        at("app/node_modules/ms", "2.1.3"),
        at("app/node_modules/debug/node_modules/ms", "2.0.0"),
        at("app/packages/web/node_modules/debug", "4.3.4", "ms"),
        links={"app/node_modules/web": "../packages/web", "app/node_modules/@ws/lib": "../../packages/lib"},
    )
    assert versions_of(view) == [
        "app/node_modules/debug/node_modules: ms@2.0.0",
        "app/node_modules: debug@2.6.9",
        "app/node_modules: ms@2.1.3",
        "app/packages/lib: @ws/lib@0.1.0",
        "app/packages/web/node_modules: debug@4.3.4",
        "app/packages/web: web@0.2.0",
    ]
    assert sorted(resolved(view)) == ["@ws/lib ms", "debug ms", "debug ms", "web @ws/lib", "web debug"]


def test_an_application_is_a_package_where_it_is_linked_to_globally() -> None:
    files = [{"app/package.json": body("tool", "1.0.0", "ms")}, at("app/node_modules/ms")]
    assert versions_of(view_of(*files)) == ["app/node_modules: ms@1.0.0"]
    linked = view_of(*files, links={"usr/local/lib/node_modules/tool": "../../../../app"})
    assert versions_of(linked) == ["app/node_modules: ms@1.0.0", "app: tool@1.0.0"]
    assert resolved(linked) == ["tool ms"]


def test_a_requirement_that_nobody_links_makes_no_package_of_an_application() -> None:
    root, other = {"package.json": body("root-app", "1.0.0", "other")}, {"srv/package.json": body("other", "1.0.0", "root-app")}
    assert versions_of(view_of(root, other)) == []


def test_debian_s_packages_find_one_another_in_its_shared_folders() -> None:
    view = view_of(
        {"usr/share/nodejs/npm/package.json": body("npm", "9.2.0", "abbrev", "bufferutil", "absent")},
        {"usr/share/nodejs/abbrev/package.json": body("abbrev", "1.1.1")},
        {"usr/lib/x86_64-linux-gnu/nodejs/bufferutil/package.json": body("bufferutil", "4.0.7", "abbrev")},
        {"srv/c/usr/share/nodejs/absent/package.json": body("absent")},
    )
    assert edges_of(CATALOGER, view) == [("bufferutil", "abbrev"), ("npm", "abbrev"), ("npm", "bufferutil")]


def test_a_link_that_loops_or_leads_to_no_package_is_no_dependency() -> None:
    files = [at("n/node_modules/a", "1.0.0", "b", "c"), at("node_modules/c"), {"other/x": b""}]
    assert edges_of(CATALOGER, view_of(*files, links={"n/node_modules/b": "b", "n/node_modules/c": "../../other"})) == []


def test_dependencies_of_one_package_are_bounded() -> None:
    names = {f"n{number}": "*" for number in range(REQUIRES_LIMIT + 1)}
    assert len(parse_package_json(json.dumps({"name": "a", "version": "1", "dependencies": names}).encode()).requires) == REQUIRES_LIMIT


def test_look_ups_are_bounded_and_a_note_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"n{number}" for number in range(50)]
    view = view_of(*(at(f"app/node_modules/{name}", "1.0.0", *names) for name in names))
    assert len(edges_of(CATALOGER, view)) == 50 * 49
    monkeypatch.setattr(_node_modules, "STEPS_LIMIT", 100)
    found = list(CATALOGER.assemble(view))
    assert sum(isinstance(one, Package) for one in found) == 50
    assert len([one for one in found if isinstance(one, Edge)]) < 100
    assert [one.code for one in found if isinstance(one, Problem)] == [ProblemCode.LIMIT_REACHED]


class CountingView(MemoryView):
    """A view that counts what is asked of it."""

    asked = 0

    def resolve(self, path: str) -> str | None:
        self.asked += 1
        return super().resolve(path)


def test_a_view_is_asked_once_for_a_package_and_once_for_a_link() -> None:
    count, links = 300, 9
    names = [f"n{number}" for number in range(count)]
    needs = {name: [names[(number + step + 1) % count] for step in range(links)] for number, name in enumerate(names)}
    flat = CountingView({path: text for name in names for path, text in at(f"app/node_modules/{name}", "1.0.0", *needs[name]).items()})
    assert len(edges_of(CATALOGER, flat)) == count * links
    assert flat.asked <= count + 3
    stores = {name: f"app/node_modules/.pnpm/{name}@1.0.0/node_modules" for name in names}
    store = CountingView(
        {path: text for name in names for path, text in at(f"{stores[name]}/{name}", "1.0.0", *needs[name]).items()},
        {f"{stores[name]}/{need}": f"../../{need}@1.0.0/node_modules/{need}" for name in names for need in needs[name]},
    )
    assert len(edges_of(CATALOGER, store)) == count * links
    assert store.asked <= count * (links + 2) + 5


@given(
    st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda value: st.lists(value) | st.dictionaries(st.text(), value))
)
@settings(max_examples=50, deadline=None)
def test_values_of_any_type_leave_the_package(value: Any) -> None:
    names = ("description", "homepage", "license", "licenses", "author", "maintainers", "dependencies", "peerDependencies")
    text = json.dumps({"name": "a", "version": "1.0.0", **dict.fromkeys(names, value)}, ensure_ascii=False).encode()
    facts, problems = read_all(CATALOGER, [MemoryFile("app/node_modules/a/package.json", text)])
    assert len(facts) == 1
    assert not problems


def test_real_folders_hold_the_packages_that_their_package_json_names(shared_data: Path) -> None:
    """An independent look: each package.json beneath a node_modules by its folder, name and version by the standard library."""
    folders = [shared_data / "packagedbs", shared_data / "matchtruth"]
    paths = {str(path.relative_to(shared_data)): path for folder in folders for path in folder.rglob("package.json") if path.is_file()}
    installed = re.compile(r"(?:.*/)?node_modules/((?:@[^/]+/)?[^/.@][^/]*)/package\.json")
    expected = set()
    for name, path in paths.items():
        if installed.fullmatch(name):
            content = json.loads(path.read_bytes())
            expected.add((name, content["name"], content["version"]))
    view = MemoryView({name: path.read_bytes() for name, path in paths.items()})
    found = {(path, package.name, package.raw_version) for package in packages_of(CATALOGER, view) for path in package.evidence}
    assert found == expected
    assert len(found) > 10
