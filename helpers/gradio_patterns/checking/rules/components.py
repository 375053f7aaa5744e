"""Rules for notebook 06: what components hand to a function, and take from it."""
# ruff: noqa: SIM102  (what it is, then what is wrong with it: two questions read better than one)

from collections.abc import Iterator

import libcst as cst

from ..findings import Hit, rule
from ..program import Event, Program, given
from ..syntax import elements, name_of, returned, text_of, uses, walk

CHATS = ("Chatbot",)


@rule("nobody-chose", "hint", "empty-choice", "a Dropdown without a value, which starts with its first choice")
def nobody_chose(program: Program) -> Iterator[Hit]:
    """Choices are given, `value` is not, and a handler reads it."""
    seen = set()
    for event in program.events:
        for node in event.inputs:
            call = program.made(node)
            if call is None or call.name != "gradio.Dropdown" or id(call.node) in seen or call.starred:
                continue
            seen.add(id(call.node))
            multiple = name_of(call.get("multiselect")) == "True" or len(call.args) > 1
            free = name_of(call.get("allow_custom_value")) == "True"
            if not multiple and not free and "value" not in call.options and elements(call.get("choices", 0)):
                yield Hit(call.node)


@rule(
    "stale-choice",
    "warning",
    "empty-choice",
    "new choices without a value: the page keeps sending the old one",
    see="not in the list",
)
def stale_choice(program: Program) -> Iterator[Hit]:
    """A handler of an edit returns `gr.Dropdown(choices=...)` and no `value=`; at the load nothing was chosen yet.

    Not where any value is taken, nor where a Dropdown lists anew at its own change: what was chosen was just chosen.
    """
    for event in program.events:
        if event.kind == "load":
            continue
        for value in returned(event.handler) if event.handler is not None else ():
            parts = elements(value)
            for place, part in enumerate(parts):
                call = program.call(part)
                if call and call.name == "gradio.Dropdown" and not call.starred and not call.args[1:]:
                    output = event.outputs[place] if len(event.outputs) == len(parts) else None
                    made = program.made(output) if output is not None else None
                    free = any(c and name_of(c.get("allow_custom_value")) == "True" for c in (call, made))
                    own = output is not None and name_of(output) in map(name_of, event.inputs)
                    if call.get("choices", 0) is not None and "value" not in call.options and not free and not own:
                        yield Hit(part)


@rule(
    "sideways-photo",
    "warning",
    "image-types",
    "a photo that is opened by its path and not turned upright",
    see="sideways",
)
def sideways_photo(program: Program) -> Iterator[Hit]:
    """`Image.open` of the path of a `gr.Image(type="filepath")`, and no `exif_transpose` in the module."""
    if "exif_transpose" in program.names:
        return
    for event in program.events:
        for name, call in given(program, event).items():
            if call.name != "gradio.Image" or text_of(call.get("type")) != "filepath" or event.handler is None:
                continue
            for made in program.inside(event.handler):
                if made.name == "PIL.Image.open" and name_of(made.get("fp", 0)) == name:
                    yield Hit(made.node)


@rule(
    "content-is-a-list",
    "error",
    "chat-messages",
    "a message's `content` joined to text: the page sends a list",
    see="can only concatenate",
)
def content_is_a_list(program: Program) -> Iterator[Hit]:
    """`... + turn["content"]` in a handler, for the turns of its history."""
    handlers = {id(e.handler): e.handler for e in program.events if e.handler is not None}
    for handler in handlers.values():
        for node in walk(handler):
            if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
                sides = (node.left, node.right)
                if any(_content_of_a_turn(side, handler) for side in sides) and any(
                    text_of(s) is not None or isinstance(s, cst.BinaryOperation) for s in sides
                ):
                    yield Hit(node)
                    break


def _content_of_a_turn(node: cst.CSTNode, handler: cst.CSTNode) -> bool:
    if not (isinstance(node, cst.Subscript) and isinstance(node.slice[0].slice, cst.Index)):
        return False
    if text_of(node.slice[0].slice.value) != "content":
        return False
    loops = [part for part in walk(handler) if isinstance(part, cst.For | cst.CompFor)]
    return any(name_of(part.target) == name_of(node.value) and "history" in name_of(part.iter) for part in loops)


@rule("pairs-in-chat", "error", "chat-messages", "pairs for a Chatbot, which takes messages", see="incompatible")
def pairs_in_chat(program: Program) -> Iterator[Hit]:
    """The handler returns a list of pairs, or appends one to the history that it returns."""
    for event in program.events:
        chats = [node for node in (*event.inputs, *event.outputs) if program.kind(node) in CHATS]
        if not chats or event.handler is None:
            continue
        histories = {name for name, call in given(program, event).items() if call.name == "gradio.Chatbot"}
        for node in _pairs(event, histories):
            yield Hit(node)


def _pairs(event: Event, histories: set[str]) -> Iterator[cst.CSTNode]:
    handler = event.handler
    assert handler is not None
    for node in walk(handler):
        if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value == "append":
            if name_of(node.func.value) in histories and node.args and _pair(node.args[0].value):
                yield node
        elif isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
            if name_of(node.left) in histories and any(_pair(item) for item in _items(node.right)):
                yield node
        elif isinstance(node, cst.AugAssign) and name_of(node.target) in histories:
            if any(_pair(item) for item in _items(node.value)):
                yield node
    if len(event.outputs) == 1:
        for value in returned(handler):
            if any(_pair(item) for item in _items(value)):
                yield value


def _items(node: cst.CSTNode) -> list[cst.CSTNode]:
    return [item.value for item in node.elements] if isinstance(node, cst.List) else []


def _pair(node: cst.CSTNode) -> bool:
    return isinstance(node, cst.Tuple | cst.List) and len(node.elements) == 2


@rule("table-of-texts", "hint", "numbers-and-tables", "a sum over a column of an edited table, whose cells are texts")
def table_of_texts(program: Program) -> Iterator[Hit]:
    """`table["column"].sum()` of a Dataframe that a visitor can edit, and no conversion."""
    for event in program.events:
        for name, call in given(program, event).items():
            if call.name != "gradio.Dataframe" or name_of(call.get("interactive")) == "False" or event.handler is None:
                continue
            if any(
                made.name.endswith(("to_numeric", "astype", "float", "int")) for made in program.inside(event.handler)
            ):
                continue
            for made in program.inside(event.handler):
                func = made.node.func
                if isinstance(func, cst.Attribute) and func.attr.value in ("sum", "mean", "max", "min"):
                    if isinstance(func.value, cst.Subscript) and name_of(func.value.value) == name:
                        yield Hit(made.node)


@rule(
    "number-may-be-none", "hint", "numbers-and-tables", "arithmetic on a `gr.Number` that starts empty", see="NoneType"
)
def number_may_be_none(program: Program) -> Iterator[Hit]:
    """No value at the start, and the handler computes with it without asking whether it is there."""
    for event in program.events:
        for name, call in given(program, event).items():
            if call.name != "gradio.Number" or call.args or "value" in call.options or call.starred:
                continue
            if event.handler is None or any(
                isinstance(n, cst.If | cst.IfExp | cst.BooleanOperation | cst.Try | cst.Comparison) and uses(n, name)
                for n in walk(event.handler)
            ):
                continue
            for node in walk(event.handler):
                if isinstance(node, cst.BinaryOperation) and name in (name_of(node.left), name_of(node.right)):
                    yield Hit(node, f"`{name}` is None while the field is empty")
                    break


@rule(
    "wrong-number-of-outputs",
    "error",
    "show-the-error",
    "more or fewer values returned than there are outputs",
    see="didn't return enough",
)
def wrong_number_of_outputs(program: Program) -> Iterator[Hit]:
    """The handler returns a literal tuple of another length, or a literal text for several outputs."""
    for event in program.events:
        wanted, exact = len(event.outputs), event.call.get("outputs", 2 if event.kind != "on" else 3)
        if (
            event.handler is None
            or event.call.starred
            or wanted < 2
            or not isinstance(exact, cst.List | cst.Tuple | cst.Name)
        ):
            continue
        if any(isinstance(node, cst.StarredElement) for node in getattr(exact, "elements", ())):
            continue
        if (isinstance(exact, cst.Name) and wanted == 1) or event.call.options.keys() & {"batch"}:
            continue
        for value in returned(event.handler):
            if isinstance(value, cst.Tuple) and not any(isinstance(i, cst.StarredElement) for i in value.elements):
                if len(value.elements) != wanted:
                    yield Hit(value, f"{len(value.elements)} values for {wanted} outputs")
            elif text_of(value) is not None:
                yield Hit(value, f"1 value for {wanted} outputs")
