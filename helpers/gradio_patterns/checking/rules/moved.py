"""What Gradio 3, 4 and 5 had and 6 has not, or has elsewhere. Each entry is held against the installed Gradio."""

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst

from ..editing import add, call_instead, call_owner, commented, drop, rename
from ..findings import Edit, Hit, rule
from ..program import Call, Event, Program
from ..syntax import name_of, text_of

TO_LAUNCH = ("theme", "css", "css_paths", "js", "head", "head_paths")


@dataclass(frozen=True)
class Option:
    """An option that is gone: of which call, what to write, and how to mend it for which literal values."""

    where: str  # "launch", "queue", "event", or the name of a class
    name: str
    instead: str
    recipe: str
    values: str = ""  # the literal values, by blanks, that `--fix` mends; `*` is any
    rename: str = ""
    value: str = ""  # what stands there then, if not the old value


OPTIONS = (
    Option("launch", "show_api", "`footer_links`", "stable-api", "True", ""),
    Option("launch", "show_api", "`footer_links`", "stable-api", "False", "footer_links", '["gradio", "settings"]'),
    Option("launch", "enable_queue", "nothing: the queue is on", "who-waits", "True"),
    Option("launch", "file_directories", "`allowed_paths`", "not-allowed", "*", "allowed_paths"),
    Option("queue", "concurrency_count", "`default_concurrency_limit`", "who-waits", "*", "default_concurrency_limit"),
    Option("event", "show_api", "`api_visibility`", "stable-api", "True"),
    Option("event", "show_api", "`api_visibility`", "stable-api", "False", "api_visibility", '"undocumented"'),
    Option("event", "_js", "`js`", "no-loop", "*", "js"),
    Option("event", "every", "`gr.Timer(seconds).tick(...)`", "ticker"),
    Option("Chatbot", "type", "nothing: messages are the only kind", "chat-messages", '"messages"'),
    Option("Chatbot", "bubble_full_width", "nothing", "chat-messages", "*"),
    Option("Chatbot", "show_copy_button", "`buttons`", "chat-messages"),
    Option("ChatInterface", "type", "nothing: messages are the only kind", "chat-messages", '"messages"'),
    Option("ChatInterface", "retry_btn", "`chatbot.retry(...)`", "chat-messages", "None"),
    Option("ChatInterface", "undo_btn", "`chatbot.undo(...)`", "chat-messages", "None"),
    Option("ChatInterface", "clear_btn", "`chatbot.clear(...)`", "chat-messages", "None"),
    Option(
        "Interface", "allow_flagging", "`flagging_mode`", "one-function", '"never" "manual" "auto"', "flagging_mode"
    ),
    Option("Interface", "enable_queue", "nothing: the queue is on", "who-waits", "True"),
    Option("Textbox", "show_copy_button", "`buttons`", "labels-for-everybody", "True", "buttons", '["copy"]'),
    Option("Textbox", "show_copy_button", "`buttons`", "labels-for-everybody", "False"),
    Option("Image", "source", "`sources`", "image-types", '"upload"', "sources", '["upload"]'),
    Option("Image", "source", "`sources`", "image-types", '"webcam"', "sources", '["webcam"]'),
    Option("Image", "tool", "`gr.ImageEditor`", "image-types"),
    Option("Image", "shape", "`height` and `width`, and resize in the handler", "image-types"),
    Option("Image", "show_download_button", "`buttons`", "image-types"),
    Option("Audio", "source", "`sources`", "bytes-or-path", '"upload"', "sources", '["upload"]'),
    Option("Audio", "source", "`sources`", "bytes-or-path", '"microphone"', "sources", '["microphone"]'),
    Option("Video", "source", "`sources`", "bytes-or-path", '"upload"', "sources", '["upload"]'),
    Option("Video", "source", "`sources`", "bytes-or-path", '"webcam"', "sources", '["webcam"]'),
)

# Names that are gone: what to call instead, and the recipe that uses it.
NAMES = {
    "Box": ("Group", "conditional-ui"),
    "Variable": ("State", "own-cart"),
    "LogoutButton": ("LoginButton", "hugging-face-login"),
    "Carousel": ("", "any-number-of-inputs"),
    "StatusTracker": ("", "long-work"),
    "make_waveform": ("", "light-payloads"),
    "Timeseries": ("", "light-tables"),
    "Series": ("", "chain"),
    "Parallel": ("", "interface-inside-blocks"),
}
FIXED_NAMES = ("Box", "Variable")
PLAIN = {"label", "placeholder", "lines", "choices", "num_top_classes", "default", "minimum", "maximum", "step"}


@rule(
    "removed-option",
    "error",
    "stable-api",
    "an option that Gradio 6 no longer has",
    see="unexpected keyword",
    fixable=True,
)
def removed_option(program: Program) -> Iterator[Hit]:
    """An unknown keyword argument is a TypeError at the start."""
    if not program.uses_gradio:
        return
    events = {id(event.call.node): event for event in program.events}
    for call in program.calls:
        options = [
            option for option in OPTIONS if option.name in call.options and _applies(program, call, option, events)
        ]
        for name in dict.fromkeys(option.name for option in options):
            same = [option for option in options if option.name == name]
            value = program.module.code_for_node(call.options[name])
            fit = next((option for option in same if option.values == "*" or _literal(value, option)), None)
            edits: tuple[Edit, ...] = ()
            if fit:
                edit = rename(name, fit.rename, fit.value or None) if fit.rename else drop(name)
                unsure = fit.rename in call.options if fit.rename else commented(call.node, name)
                edits = () if unsure else ((call.node, edit),)
            yield Hit(call.node, f"`{name}` is gone; instead: {same[0].instead}", edits, same[0].recipe)


def _literal(value: str, option: Option) -> bool:
    return value.replace("'", '"') in option.values.split()


def _applies(program: Program, call: Call, option: Option, events: dict[int, Event]) -> bool:
    if option.where == "event":
        event = events.get(id(call.node))
        return event is not None and event.kind not in ("Interface", "ChatInterface")
    if option.where in ("launch", "queue"):
        func = call.node.func
        return isinstance(func, cst.Attribute) and func.attr.value == option.where and _blocks(program, func.value)
    return call.name == f"gradio.{option.where}"


def _blocks(program: Program, node: cst.BaseExpression) -> bool:
    owner = program.made(node)
    if owner is not None:
        return owner.name in ("gradio.Blocks", "gradio.Interface", "gradio.ChatInterface", "gradio.TabbedInterface")
    call = program.call(node)  # demo.queue().launch()
    inner = call.node.func if call else None
    return isinstance(inner, cst.Attribute) and inner.attr.value == "queue" and _blocks(program, inner.value)


@rule("endpoint-switched-off", "error", "stable-api", "`api_name=False`, which Gradio 6 no longer takes", fixable=True)
def endpoint_switched_off(program: Program) -> Iterator[Hit]:
    """`api_visibility="private"` says it now."""
    for event in program.events:
        if name_of(event.call.get("api_name")) == "False":
            free = "api_visibility" not in event.call.options
            edits = ((event.call.node, rename("api_name", "api_visibility", '"private"')),) if free else ()
            yield Hit(event.call.node, 'instead: `api_visibility="private"`', edits)


@rule("removed-name", "error", "stable-api", "a component or function that Gradio 6 no longer has", fixable=True)
def removed_name(program: Program) -> Iterator[Hit]:
    """An AttributeError at the start."""
    for call in program.calls:
        parts = call.name.split(".")
        if parts[0] != "gradio" or len(parts) < 2:
            continue
        if len(parts) == 2 and parts[1] in NAMES:
            new, recipe = NAMES[parts[1]]
            sure = parts[1] in FIXED_NAMES and isinstance(call.node.func, cst.Attribute)
            edits = ((call.node, call_instead(new)),) if sure else ()
            yield Hit(call.node, f"`gr.{parts[1]}` is gone" + (f"; instead: `gr.{new}`" if new else ""), edits, recipe)
        elif len(parts) == 3 and parts[1] in ("inputs", "outputs"):
            yield Hit(call.node, f"`gr.{parts[1]}` is gone; instead: `gr.{parts[2]}`", _component(call), "one-function")
        elif len(parts) == 3 and parts[2] == "update" and parts[1][0].isupper():
            edits = ((call.node, call_owner()),)
            yield Hit(call.node, f"`.update()` is gone; instead: `gr.{parts[1]}(...)`", edits, "update-anything")
        elif parts[1:] in (["Interface", "load"], ["Blocks", "load"]) and text_of(call.get("name", 0)) is not None:
            edits = ((call.node, call_owner(2, "load")),)
            yield Hit(
                call.node, f"`gr.{parts[1]}.load` is an event now; instead: `gr.load`", edits, "interface-inside-blocks"
            )


def _component(call: Call) -> tuple[Edit, ...]:
    kind = call.name.rpartition(".")[2]
    func = call.node.func
    if len(call.args) > (kind in ("Radio", "Dropdown", "CheckboxGroup")) or not call.options.keys() <= PLAIN:
        return ()
    if name_of(func).count(".") != 2:
        return ()
    return ((call.node, call_owner(2, kind)), (call.node, rename("default", "value")))


@rule("style-is-gone", "error", "labels-for-everybody", "`.style()`, which Gradio 6 no longer has")
def style_is_gone(program: Program) -> Iterator[Hit]:
    """What it set are arguments of the component now."""
    for call in program.calls:
        func = call.node.func
        if isinstance(func, cst.Attribute) and func.attr.value == "style" and program.made(func.value) is not None:
            yield Hit(call.node, "`.style()` is gone; instead: arguments of the component, such as `height=`")


@rule(
    "moved-to-launch",
    "warning",
    "labels-for-everybody",
    "a theme, CSS or script that goes to `launch()` in Gradio 6",
    fixable=True,
)
def moved_to_launch(program: Program) -> Iterator[Hit]:
    """In `gr.Blocks(...)`, `gr.Interface(...)` or `gr.ChatInterface(...)` they only warn, for now."""
    for call in program.called("gradio.Blocks", "gradio.Interface", "gradio.ChatInterface"):
        moved = [name for name in TO_LAUNCH if name in call.options]
        if not moved:
            continue
        launch = _launch_of(program, call)
        edits: list[Edit] = []
        lost = any(commented(call.node, name) for name in moved)
        if launch and not lost and not launch.options.keys() & set(moved) and not launch.starred and not call.starred:
            for name in moved:
                edits += [(call.node, drop(name)), (launch.node, add(name, call.options[name].deep_clone()))]
        names = ", ".join(f"`{name}`" for name in moved)
        yield Hit(call.node, f"{names}: instead, `launch(...)`", tuple(edits))


def _launch_of(program: Program, blocks: Call) -> Call | None:
    """The only `launch` of these Blocks, in the same scope or in the module's."""
    found = []
    for call in program.calls:
        func = call.node.func
        if isinstance(func, cst.Attribute) and func.attr.value == "launch":
            owner = func.value
            while isinstance(owner, cst.Call) and isinstance(owner.func, cst.Attribute):
                owner = owner.func.value if owner is not blocks.node else owner
                if owner is blocks.node:
                    break
            found.append((call, owner))
    if len(found) != 1:
        return None
    call, owner = found[0]
    same = program.function_around(call.node) is program.function_around(blocks.node)
    return call if same and (owner is blocks.node or program.made(owner) is blocks) else None
