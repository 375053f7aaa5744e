"""Rules for notebooks 06 and 07: who may see and do what."""
# ruff: noqa: SIM102  (what it is, then what is wrong with it: two questions read better than one)

from collections.abc import Iterator

import libcst as cst

from ..findings import Hit, rule
from ..program import Call, Program, given
from ..syntax import name_of, returned, text_of
from .files import SENDS, launches

FIELDS = ("gradio.Number", "gradio.Slider", "gradio.Checkbox")


def hidden(call: Call) -> bool:
    """Whether a component starts hidden."""
    return name_of(call.get("visible")) == "False" or text_of(call.get("visible")) == "hidden"


@rule(
    "hidden-number",
    "hint",
    "hidden-is-not-safe",
    "a hidden number that the handler believes: a visitor can send another",
)
def hidden_number(program: Program) -> Iterator[Hit]:
    """A number with a value that is hidden from the start, never shown, and an input of a handler."""
    for event in program.events:
        for call in given(program, event).values() if event.kind != "Interface" else ():
            value = call.get("value", 0)
            if call.name in FIELDS and hidden(call) and isinstance(value, cst.Integer | cst.Float):
                yield Hit(call.node)


@rule(
    "hidden-text",
    "hint",
    "who-may-do-what",
    "a text that is hidden and stands in `/config` for everybody to read",
    see="/config",
)
def hidden_text(program: Program) -> Iterator[Hit]:
    """A text of several words that is hidden from the start."""
    for call in program.called("gradio.Textbox", "gradio.Code"):
        text = text_of(call.get("value", 0)) or ""
        if hidden(call) and len(text.split()) > 3:
            yield Hit(call.node)


@rule(
    "password-in-history",
    "warning",
    "hidden-is-not-safe",
    "a password field whose content the browser keeps",
    see="localStorage",
)
def password_in_history(program: Program) -> Iterator[Hit]:
    """`type="password"` as the input of a public event, and no `run_history=False`."""
    if any("run_history" in call.options or call.starred for call in launches(program)):
        return
    for event in program.events:
        if not event.public or "show_api" in event.call.options:
            continue
        for node in event.inputs:
            call = program.made(node)
            if call and call.name == "gradio.Textbox" and text_of(call.get("type")) == "password":
                yield Hit(call.node)


@rule(
    "error-text-shown",
    "warning",
    "show-the-error",
    "`show_error=True`, which shows the text of every exception",
    see="path",
)
def error_text_shown(program: Program) -> Iterator[Hit]:
    """Written out, or one of the values of a loop."""
    for call in launches(program):
        if any(name_of(value) == "True" for value in program.possible(call.get("show_error"))):
            yield Hit(call.node)


@rule(
    "password-in-source",
    "warning",
    "log-in",
    "a password in the source, and as many guesses as one likes",
    see="repository",
)
def password_in_source(program: Program) -> Iterator[Hit]:
    """`auth=("name", "password")` with literals, and no `auth_message` that tells the password to everybody."""
    for call in launches(program):
        auth = call.get("auth")
        first = auth.elements[0].value if isinstance(auth, cst.List) and auth.elements else auth
        words = [text_of(item.value) for item in first.elements] if isinstance(first, cst.Tuple) else []
        told = text_of(call.get("auth_message")) or ""
        if len(words) == 2 and all(words) and str(words[1]) not in told:
            yield Hit(call.node)


@rule("header-is-no-proof", "error", "single-sign-on", "a user name from a header that anybody can send")
def header_is_no_proof(program: Program) -> Iterator[Hit]:
    """`auth_dependency` returns a header as it is, other than `Authorization` and `Cookie`."""
    for call in launches(program):
        body = program.function(call.get("auth_dependency"))
        for value in returned(body) if body else ():
            made = program.call(value)
            if made and made.name.endswith(".headers.get") and made.args:
                if (text_of(made.args[0]) or "authorization").lower() not in ("authorization", "cookie"):
                    yield Hit(value)


@rule(
    "select-as-endpoint",
    "hint",
    "update-anything",
    "an endpoint that needs a click, which a client cannot make",
    see="not subscriptable",
)
def select_as_endpoint(program: Program) -> Iterator[Hit]:
    """A named endpoint whose handler reads `gr.SelectData`."""
    for event in program.events:
        if event.public and text_of(event.call.get("api_name")) and event.handler is not None:
            notes = [p.annotation.annotation for p in event.handler.params.params if p.annotation]
            if any(name_of(note).endswith("SelectData") for note in notes):
                yield Hit(event.call.node)


@rule(
    "component-to-client",
    "hint",
    "update-anything",
    "a named endpoint that answers with a component's update",
    see="__type__",
)
def component_to_client(program: Program) -> Iterator[Hit]:
    """The handler returns `gr.Something(...)`: a page understands it, a client gets a dictionary."""
    for event in program.events:
        if event.public and text_of(event.call.get("api_name")) and event.handler is not None:
            for value in returned(event.handler):
                call = program.call(value)
                if call and call.name.startswith("gradio.") and call.name.split(".")[1][0].isupper():
                    if call.name not in ("gradio.Error", "gradio.Info", "gradio.Warning"):
                        sends = any(program.kind(node) in SENDS for node in event.outputs)
                        yield Hit(event.call.node, recipe="download" if sends else "")
                        break
