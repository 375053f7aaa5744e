"""Rules for notebook 02: what belongs to one visitor."""

from collections.abc import Iterator

import libcst as cst

from ..findings import Hit, rule
from ..program import Program, given
from ..syntax import hints_of, name_of, uses, walk

GROWS = {"append", "extend", "insert", "add", "pop", "remove", "clear", "update"}
FRESH = ("uuid.uuid4", "uuid.uuid1", "time.time", "datetime.datetime.now", "datetime.date.today", "datetime.now")
FRESH += ("datetime.utcnow", "datetime.datetime.utcnow", "random.random", "random.randint", "random.choice")
FRESH += ("secrets.token_hex", "secrets.token_urlsafe", "date.today")
UNCOPYABLE = {"sqlite3.connect", "threading.Lock", "threading.RLock", "threading.Condition", "threading.Event"}
UNCOPYABLE |= {"threading.Semaphore", "queue.Queue", "queue.SimpleQueue", "open", "socket.socket"}


@rule("shared-by-all", "warning", "own-cart", "a handler that changes a list or a counter of the whole module")
def shared_by_all(program: Program) -> Iterator[Hit]:
    """The handler grows a module-level list, or rebinds a `global` number or text, and does not hold a lock."""
    starts = _module_values(program)
    for event in program.events:
        handler = event.handler
        if not isinstance(handler, cst.FunctionDef) or any(isinstance(node, cst.With) for node in walk(handler)):
            continue
        local = {name_of(t.target) for n in walk(handler) if isinstance(n, cst.Assign) for t in n.targets}
        declared = {item.name.value for n in walk(handler) if isinstance(n, cst.Global) for item in n.names}
        for node in walk(handler):
            if isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in GROWS:
                name = name_of(node.func.value)
                if isinstance(starts.get(name), cst.List) and (name in declared or name not in local):
                    yield Hit(node, f"`{name}` is one list for all visitors")
                    break
            elif isinstance(node, cst.Assign | cst.AugAssign):
                target = node.targets[0].target if isinstance(node, cst.Assign) else node.target
                name = name_of(target)
                drawn = isinstance(node, cst.Assign) and _in_one_step(node.value)
                if (
                    name in declared
                    and not drawn
                    and isinstance(starts.get(name), cst.Integer | cst.SimpleString | cst.List)
                ):
                    yield Hit(node, f"`{name}` is one value for all visitors")
                    break


def _in_one_step(value: cst.BaseExpression) -> bool:
    """`next(counter)`, and a fresh start such as `[]` or 0: nothing was read before that another may change."""
    drawn = isinstance(value, cst.Call) and name_of(value.func) == "next"
    return (
        drawn
        or isinstance(value, cst.Integer | cst.SimpleString)
        or (isinstance(value, cst.List) and not value.elements)
    )


def _module_values(program: Program) -> dict[str, cst.CSTNode]:
    found: dict[str, cst.CSTNode] = {}
    for line in program.module.body:
        for part in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(part, cst.Assign):
                target, value = part.targets[0].target, part.value
                if isinstance(target, cst.Tuple) and isinstance(value, cst.Tuple):
                    pairs = zip(target.elements, value.elements, strict=False)
                    found.update({name_of(left.value): right.value for left, right in pairs})
                else:
                    found[name_of(target)] = value
    return found


@rule("value-at-start", "error", "fresh-start-value", "a State whose value is made once, when the server starts")
def value_at_start(program: Program) -> Iterator[Hit]:
    """The value is a call of something that is new each time, instead of the function itself."""
    for call in program.called("gradio.State"):
        value = call.get("value", 0)
        if value is None or isinstance(value, cst.Lambda):
            continue
        outermost = [made for made in program.inside(value) if not _in_lambda(program, made.node, call.node)]
        if any(made.name in FRESH for made in outermost):
            yield Hit(call.node)


def _in_lambda(program: Program, node: cst.CSTNode, end: cst.CSTNode) -> bool:
    for part in program.above(node):
        if part is end:
            return False
        if isinstance(part, cst.Lambda):
            return True
    return False


@rule("state-not-returned", "warning", "lost-update", "a State that a handler changes and does not return")
def state_not_returned(program: Program) -> Iterator[Hit]:
    """The State is an input and no output, and its parameter is rebound or grown."""
    for event in program.events:
        outputs = {name_of(node) for node in event.outputs}
        for name, call in given(program, event).items():
            state = next((node for node in event.inputs if program.made(node) is call), None)
            if call.name != "gradio.State" or state is None or name_of(state) in outputs or event.handler is None:
                continue
            if (node := _changed(event.handler, name)) is not None:
                yield Hit(node, f"the State `{name_of(state)}` is not among the outputs")


def _changed(handler: cst.CSTNode, name: str) -> cst.CSTNode | None:
    for node in walk(handler):
        grows = isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute) and node.func.attr.value in GROWS
        if grows and name_of(node.func.value) == name:
            return node
        if isinstance(node, cst.AugAssign) and name_of(node.target) == name:
            return node
        if isinstance(node, cst.Assign) and isinstance(node.targets[0].target, cst.Name) and _rebinds(node, name):
            return node
    return None


def _rebinds(node: cst.Assign, name: str) -> bool:
    """`items = [*items, new]` and `items = items + [new]`; not `items = items or []`, which only gives a default."""
    grown = isinstance(node.value, cst.List | cst.Dict) or (
        isinstance(node.value, cst.BinaryOperation) and isinstance(node.value.right, cst.List)
    )
    return name_of(node.targets[0].target) == name and grown and uses(node.value, name)


@rule("uncopyable-state", "error", "uncopyable", "a State that starts with a connection, a lock or a network")
def uncopyable_state(program: Program) -> Iterator[Hit]:
    """Gradio copies the start value for each visitor, and that of a function for each call."""
    for call in program.called("gradio.State"):
        value = call.get("value", 0)
        value = value.body if isinstance(value, cst.Lambda) else value
        made = program.call(value)
        if made and (made.name in UNCOPYABLE or made.name in ("torch.nn.Linear", "torch.Generator")):
            yield Hit(call.node)


@rule("browser-state-forgets", "warning", "after-refresh", "a BrowserState that is lost when the app restarts")
def browser_state_forgets(program: Program) -> Iterator[Hit]:
    """Without `storage_key` and `secret` both are made up at each start."""
    for call in program.called("gradio.BrowserState"):
        key, secret = call.get("storage_key", 1), call.get("secret", 2)
        if not call.starred and (key is None or secret is None):
            missing = " and ".join(n for n, v in (("storage_key", key), ("secret", secret)) if v is None)
            yield Hit(call.node, f"no {missing}")


@rule("token-is-no-proof", "error", "hugging-face-login", "a decision by `gr.OAuthToken`, which anybody can make up")
def token_is_no_proof(program: Program) -> Iterator[Hit]:
    """The function tests the token and never asks for the profile, nor uses the token for a call."""
    for functions in program.functions.values():
        for function in functions:
            kinds = hints_of(function)
            if any("OAuthProfile" in kind for kind in kinds.values()):
                continue
            for name in (name for name, kind in kinds.items() if "OAuthToken" in kind):
                spent = any(
                    isinstance(node, cst.Attribute) and name_of(node.value) == name and node.attr.value == "token"
                    for node in walk(function)
                )
                tests = (node.test for node in walk(function) if isinstance(node, cst.If | cst.IfExp))
                if not spent and any(uses(test, name) for test in tests):
                    yield Hit(function.name)
