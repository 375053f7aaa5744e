"""Rules for notebook 09: loading, caching, and what travels to the page."""
# ruff: noqa: SIM102  (what it is, then what is wrong with it: two questions read better than one)

from collections.abc import Iterator

import libcst as cst

from ..findings import Hit, rule
from ..program import Program
from ..syntax import hints_of, name_of, parameters, text_of, walk

LOADS = ("transformers.pipeline", "joblib.load", "torch.hub.load", "gradio_patterns.models.load")
CACHES = ("functools.lru_cache", "functools.cache")


@rule("loads-in-handler", "warning", "load-once", "a model that is loaded anew for each call")
def loads_in_handler(program: Program) -> Iterator[Hit]:
    """`pipeline(...)` or `.from_pretrained(...)` in a handler that keeps it nowhere."""
    handlers = {id(event.handler): event.handler for event in program.events if event.handler is not None}
    for handler in handlers.values():
        if any(isinstance(node, cst.Global) for node in walk(handler)) or _cached(program, handler):
            continue
        for call in program.inside(handler):
            if call.name == "transformers.pipeline" and isinstance(call.get("model", 1), cst.Name):
                continue  # of a model that is there already
            model = call.name.endswith(".from_pretrained") and not call.name.startswith("?")
            if (model or call.name in LOADS) and not _optional(program, call.node, handler):
                yield Hit(call.node)
                break


def _optional(program: Program, node: cst.CSTNode, handler: cst.CSTNode) -> bool:
    for part in program.above(node):
        if part is handler:
            return False
        if isinstance(part, cst.If | cst.IfExp | cst.BooleanOperation):
            return True
    return False


def _cached(program: Program, handler: cst.CSTNode | None) -> bool:
    marks = handler.decorators if isinstance(handler, cst.FunctionDef) else ()
    return any(
        program.dotted(mark.decorator.func if isinstance(mark.decorator, cst.Call) else mark.decorator) in CACHES
        for mark in marks
    )


@rule("pads-on-the-right", "error", "batch-chat", "right padding for a model that generates", see="right-padding")
def pads_on_the_right(program: Program) -> Iterator[Hit]:
    """`padding_side` is set to `"right"` in a module that calls `generate`."""
    if not any(call.name.endswith(".generate") for call in program.calls):
        return
    for node in program.nodes:
        if isinstance(node, cst.DictElement) and text_of(node.key) == "padding_side" and text_of(node.value) == "right":
            yield Hit(node)
        elif isinstance(node, cst.Arg) and node.keyword and node.keyword.value == "padding_side":
            if text_of(node.value) == "right":
                yield Hit(node)
        elif isinstance(node, cst.Assign) and text_of(node.value) == "right":
            if name_of(node.targets[0].target).endswith(".padding_side"):
                yield Hit(node)


@rule("known-and-waiting", "hint", "cache", "`lru_cache` on a handler: a known answer waits in the queue all the same")
def known_and_waiting(program: Program) -> Iterator[Hit]:
    """The event's function is cached by `functools`."""
    for event in program.events:
        call = program.call(event.fn)
        if _cached(program, event.handler) or (call and call.name in CACHES):
            yield Hit(event.call.node)


@rule(
    "cached-for-somebody-else",
    "error",
    "cache",
    "`gr.cache` for a function that asks who is calling",
    see="somebody else",
)
def cached_for_somebody_else(program: Program) -> Iterator[Hit]:
    """A `gr.Request` or a profile among the parameters, and no `per_session=True`."""
    for functions in program.functions.values():
        for function in functions:
            personal = any("Request" in kind or "OAuth" in kind for kind in hints_of(function).values())
            for mark in function.decorators if personal else ():
                call = program.call(mark.decorator)
                bare = program.dotted(mark.decorator) == "gradio.cache"
                if bare or (call and call.name == "gradio.cache" and "per_session" not in call.options):
                    yield Hit(mark)


@rule("examples-of-last-week", "hint", "cache-examples", "cached examples that survive a change of the function")
def examples_of_last_week(program: Program) -> Iterator[Hit]:
    """`cache_examples=True` and the cache's folder is not set by the program."""
    if any(_sets_folder(program, node) for node in program.nodes):
        return
    for call in program.called("gradio.Examples", "gradio.Interface", "gradio.ChatInterface"):
        if name_of(call.get("cache_examples")) == "True":
            yield Hit(call.node)


def _sets_folder(program: Program, node: cst.CSTNode) -> bool:
    if not (isinstance(node, cst.AssignTarget) and isinstance(node.target, cst.Subscript)):
        return False
    index = node.target.slice[0].slice
    return isinstance(index, cst.Index) and text_of(index.value) == "GRADIO_EXAMPLES_CACHE"


@rule(
    "loaded-twice",
    "hint",
    "warm-start",
    "a lazy load behind `lru_cache` that two first visitors both start",
    see="twice",
)
def loaded_twice(program: Program) -> Iterator[Hit]:
    """A cached function without parameters, called by a handler whose limit is not 1."""
    for event in program.events:
        limit = event.call.get("concurrency_limit")
        if event.handler is None or limit is None or (isinstance(limit, cst.Integer) and limit.value == "1"):
            continue
        for call in program.inside(event.handler):
            function = program.function(call.node.func)
            if isinstance(function, cst.FunctionDef) and not parameters(function) and _cached(program, function):
                yield Hit(call.node)
