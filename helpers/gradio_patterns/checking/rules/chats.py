"""Rules for notebooks 11 and 12: chats, and other programs as visitors."""

from collections.abc import Iterator

import libcst as cst

from ..findings import Hit, rule
from ..program import Program
from ..syntax import name_of, text_of
from .files import launches

ROUTES = {"get", "post", "put", "patch", "delete", "route", "api_route"}


@rule(
    "chat-flags",
    "hint",
    "useful-feedback",
    "a chat whose public endpoint writes whole conversations to your disk",
    see="log.csv",
)
def chat_flags(program: Program) -> Iterator[Hit]:
    """`flagging_mode="manual"` of a ChatInterface."""
    for call in program.called("gradio.ChatInterface"):
        if text_of(call.get("flagging_mode")) == "manual":
            yield Hit(call.node)


@rule(
    "chats-lost-at-restart",
    "warning",
    "kept-chats",
    "saved chats that nobody can read any more after a restart",
    see="restart",
)
def chats_lost_at_restart(program: Program) -> Iterator[Hit]:
    """`save_history=True`, and nothing in the module sets a `storage_key`."""
    for call in program.called("gradio.ChatInterface"):
        if name_of(call.get("save_history")) == "True" and "storage_key" not in program.names:
            yield Hit(call.node)


@rule(
    "template-runs-text",
    "warning",
    "shown-not-run",
    "a template of `gr.HTML` that runs what a visitor wrote in `${...}`",
    see="price",
)
def template_runs_text(program: Program) -> Iterator[Hit]:
    """`html_template` with `{{value}}` or `${value}`, and an event that puts a handler's answer there."""
    answered = {id(made.node) for event in program.events for node in event.outputs if (made := program.made(node))}
    for call in program.called("gradio.HTML"):
        template = (text_of(call.get("html_template")) or "").replace(" ", "")
        if id(call.node) in answered and ("{{value}}" in template or "${value}" in template):
            yield Hit(call.node)


@rule(
    "tools-not-locked",
    "error",
    "mcp-locked",
    "`mcp_server=True` beside a log-in, which the tools do not ask for",
    see="tool list",
)
def tools_not_locked(program: Program) -> Iterator[Hit]:
    """`auth` or `auth_dependency` in the call that starts the MCP server."""
    for call in launches(program):
        locked = any(name_of(call.get(option)) != "None" for option in ("auth", "auth_dependency") if call.get(option))
        if name_of(call.get("mcp_server")) == "True" and locked:
            yield Hit(call.node)


@rule(
    "route-past-queue",
    "warning",
    "own-page",
    "a route of one's own for a function that has a place in Gradio's queue",
    see="concurrency_limit=1",
)
def route_past_queue(program: Program) -> Iterator[Hit]:
    """A function of a `gr.Server` decorated with its `api` and with a route."""
    servers = {name for name in program.names if any(c and c.name == "gradio.Server" for c in _made(program, name))}
    for functions in program.functions.values():
        for function in functions:
            calls = [item.decorator.func for item in function.decorators if isinstance(item.decorator, cst.Call)]
            mine = {f.attr.value for f in calls if isinstance(f, cst.Attribute) and name_of(f.value) in servers}
            if "api" in mine and mine & ROUTES:
                yield Hit(function)


def _made(program: Program, name: str) -> list:
    return [program.call(value) for value in program.possible(cst.Name(name))]
