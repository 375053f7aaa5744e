"""Rules for notebook 05: starting, mounting, and what the surroundings must have."""
# ruff: noqa: SIM102  (what it is, then what is wrong with it: two questions read better than one)

from collections.abc import Iterator

import libcst as cst

from ..findings import Hit, rule
from ..program import Program
from ..syntax import name_of, text_of, walk
from .files import launches


@rule(
    "header-required",
    "error",
    "listen",
    "an `auth_dependency` that raises KeyError without its header: no start",
    see="403",
)
def header_required(program: Program) -> Iterator[Hit]:
    """Gradio asks its own page at the start, without the header."""
    for call in launches(program):
        body = program.function(call.get("auth_dependency"))
        for node in walk(body) if body else ():
            if isinstance(node, cst.Subscript) and name_of(node.value).endswith(".headers"):
                yield Hit(node)


@rule(
    "variable-required",
    "hint",
    "listen",
    "`os.environ[...]` while the module loads: KeyError is all it says",
    see="KeyError",
)
def variable_required(program: Program) -> Iterator[Hit]:
    """At module level, read and not written, and no `try` or `if` around it."""
    for node in program.nodes:
        if not isinstance(node, cst.Subscript) or program.dotted(node.value) != "os.environ":
            continue
        parent = program.parents.get(id(node))
        above = list(program.above(node))
        if isinstance(parent, cst.AssignTarget | cst.Del | cst.AugAssign | cst.CompIf):
            continue
        if not any(isinstance(part, cst.FunctionDef | cst.Lambda | cst.Try | cst.If | cst.IfExp) for part in above):
            yield Hit(node)


@rule("spaces-at-home", "hint", "space", "`import spaces`, which only a Space of Hugging Face has", see="spaces")
def spaces_at_home(program: Program) -> Iterator[Hit]:
    """At module level, and no `try` around it."""
    for node in program.nodes:
        if isinstance(node, cst.Import) and any(name_of(alias.name) == "spaces" for alias in node.names):
            if not any(isinstance(part, cst.Try) for part in program.above(node)):
                yield Hit(node)


@rule("mounted-over-routes", "error", "inside-fastapi", "a route that is added after Gradio was mounted at `/`")
def mounted_over_routes(program: Program) -> Iterator[Hit]:
    """The mount answers everything below its path, so that the route is never reached."""
    for call in program.called("gradio.mount_gradio_app", "gradio.routes.mount_gradio_app"):
        if text_of(call.get("path", 2)) not in ("/", ""):
            continue
        target = next((part for part in program.above(call.node) if isinstance(part, cst.Assign)), None)
        names = {name_of(call.get("app", 0))} | ({name_of(target.targets[0].target)} if target else set())
        after = program.calls[program.calls.index(call) + 1 :]
        for route in after:
            owner, _, method = name_of(route.node.func).rpartition(".")
            if owner in names and method in ("get", "post", "put", "delete", "include_router", "add_api_route"):
                yield Hit(route.node)


@rule(
    "public-link", "warning", "share-safely", "`share=True`: the app is open to whoever has the address", see="public"
)
def public_link(program: Program) -> Iterator[Hit]:
    """Written out in `launch`, without `auth`."""
    for call in launches(program):
        if name_of(call.get("share")) == "True" and "auth" not in call.options:
            yield Hit(call.node)
