"""Small breaks of a program, one at a time, spliced into its text so that all else keeps its form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import libcst as cst
import libcst.matchers as m
from libcst.metadata import MetadataWrapper, PositionProvider

REVERSED = {
    cst.LessThan: cst.GreaterThanEqual,
    cst.GreaterThanEqual: cst.LessThan,
    cst.GreaterThan: cst.LessThanEqual,
    cst.LessThanEqual: cst.GreaterThan,
    cst.Equal: cst.NotEqual,
    cst.NotEqual: cst.Equal,
    cst.In: cst.NotIn,
    cst.NotIn: cst.In,
    cst.Is: cst.IsNot,
    cst.IsNot: cst.Is,
}
# Keywords that change how the page or the log looks, which the pictures show and no check asks for.
LOOKS = """
    auth_message buttons column_widths columns container desc dpi elem_classes elem_id equal_height figsize height
    info lines log_to_driver logging_config logging_level marker max_height max_lines min_height min_width
    object_fit placeholder print_exception scale show_label show_progress show_progress_on size step title unit
    variant verbose width wrap x_axis_format x_title y_title
"""
PATIENCE = "sleep timeout"  # how long somebody waits: checks ask for an order of things, never for seconds
TEXTS = m.SimpleStatementLine(body=[m.Expr(m.Call(m.Attribute(m.Name("gr"), m.Name("Markdown") | m.Name("HTML"))))])
# Where a demo begins is an example: the number in `gr.Number(6)` and the third in `gr.Slider(0, 20, 4)`.
BEGINS = {"Number": 0, "Slider": 2}
ENDS = m.SimpleStatementLine(body=[m.AtLeastN(m.OneOf(m.Raise(), m.Return(), m.Continue()), n=1)])
LAUNCH = m.SimpleStatementLine(body=[m.Expr(m.Call(m.Attribute(attr=m.Name("launch"))))])
CALLED = m.SimpleStatementLine(body=[m.OneOf(m.Expr(m.Call()), m.AugAssign())])
NOTHING = cst.SimpleStatementLine([cst.Pass()])


@dataclass(frozen=True)
class Mutant:
    """A broken program. `key` names the break by what was done and to which text, and holds while that text does."""

    key: str
    line: int
    source: str


def mutants(source: str) -> list[Mutant]:
    """Every single break of a program that is known here, in the order of its lines.

    Raises `libcst.ParserSyntaxError` if the source is no Python.
    """
    wrapper = MetadataWrapper(cst.parse_module(source))
    module, places = wrapper.module, wrapper.resolve(PositionProvider)
    found, times, text = [], {}, source.splitlines()
    same = _same(module)
    for node in _nodes(module):
        for what, new in _breaks(node):
            if (id(node), what.removeprefix("drop ").partition(" ")[0].rstrip("=")) in same:
                continue
            changed = module.deep_remove(node) if new is None else module.deep_replace(node, new)
            broken = cst.ensure_type(changed, cst.Module).code
            if broken == source:
                continue
            line = places[node].start.line
            whole = isinstance(node, (cst.Integer, cst.Float, cst.ComparisonTarget, cst.SimpleStatementLine))
            key = f"{what}: {text[line - 1].strip() if whole else _first_line(module, node)}"
            times[key] = times.get(key, 0) + 1
            key = f"{key} ({times[key]})" if times[key] > 1 else key  # the second one of the same words
            found.append(Mutant(key, line, broken))
    return sorted(found, key=lambda mutant: mutant.line)


def _nodes(node: cst.CSTNode, in_function: bool = False) -> Iterator[cst.CSTNode]:
    in_function = in_function or isinstance(node, (cst.FunctionDef, cst.Lambda))
    for child in node.children:
        if isinstance(child, cst.Arg) and child.keyword and child.keyword.value in f"{LOOKS} {PATIENCE}".split():
            continue
        yield child
        if isinstance(child, cst.Call):
            if _last_name(child.func) in PATIENCE.split():
                continue
            begins = None if in_function else BEGINS.get(_last_name(child.func))
            if begins is not None and len(child.args) > begins and not child.args[begins].keyword:
                child = child.with_changes(args=[*child.args[:begins], *child.args[begins + 1 :]])
        yield from _nodes(child, in_function)


def _same(module: cst.Module) -> set[tuple[int, str]]:
    """Which breaks of a node make the same program as another one: the node's id, and the first word."""
    found = set()
    for node in _nodes(module):
        if isinstance(node, cst.If) and isinstance(node.test, cst.Comparison) and len(node.test.comparisons) == 1:
            found.add((id(node.test.comparisons[0]), "reverse"))  # as the test inverted
        elif isinstance(node, cst.Finally) and m.matches(node.body, m.IndentedBlock(body=[CALLED])):
            found.add((id(node), "empty"))  # as its only statement dropped
        elif isinstance(node, cst.Call):
            named = [_code(argument.value) for argument in node.args if _code(argument).startswith("api_name=")]
            if named and named[0] in [f'"{_code(argument.value)}"' for argument in node.args[:2]]:
                found.add((id(node), "api_name"))  # a function's name is its endpoint's
    return found | {(id(call), "interactive") for call in _shown_only(module)}


def _shown_only(module: cst.Module) -> list[cst.Call]:
    """The components that are outputs of events and nothing else: these nobody can edit, with `interactive` or not."""
    calls = m.findall(module, m.Call(m.Attribute()))
    outputs = [argument for call in calls for argument in _outputs(cst.ensure_type(call, cst.Call))]
    inside = [node for output in outputs for node in (output, *_nodes(output))]
    found = [node for node in inside if isinstance(node, cst.Call)]
    used, shown = m.findall(module, m.Name()), [node.value for node in inside if isinstance(node, cst.Name)]
    for assign in m.findall(module, m.Assign([m.AssignTarget()])):
        target, value = cst.ensure_type(assign, cst.Assign).targets[0].target, cst.ensure_type(assign, cst.Assign).value
        pairs = [(target, value)]
        if isinstance(target, cst.Tuple) and isinstance(value, cst.Tuple):
            pairs = [(one.value, other.value) for one, other in zip(target.elements, value.elements, strict=True)]
        for name, call in pairs:
            if isinstance(name, cst.Name) and isinstance(call, cst.Call) and name.value in shown:
                times = sum(cst.ensure_type(one, cst.Name).value == name.value for one in used)
                if times == 1 + shown.count(name.value):
                    found.append(call)
    return found


def _outputs(call: cst.Call) -> list[cst.BaseExpression]:
    """The outputs of an event: the third argument of `button.click`, the fourth of `gr.on`."""
    place = 3 if _code(call.func) == "gr.on" else 2
    found = [one.value for one in call.args if one.keyword and one.keyword.value == "outputs"]
    return found + [one.value for one in call.args[place : place + 1] if not one.keyword]


def _last_name(function: cst.BaseExpression) -> str:
    found = function.attr if isinstance(function, cst.Attribute) else function
    return found.value if isinstance(found, cst.Name) else ""


def _breaks(node: cst.CSTNode) -> Iterator[tuple[str, cst.CSTNode | None]]:
    """What can be done to a node, and what takes its place; None takes it out."""
    if isinstance(node, cst.Call):
        for argument in node.args:
            if argument.keyword and argument.keyword.value not in f"{LOOKS} {PATIENCE}".split():
                kept = [one for one in node.args if one is not argument]
                if kept:
                    kept[-1] = kept[-1].with_changes(comma=cst.MaybeSentinel.DEFAULT)
                yield f"drop {argument.keyword.value}=", node.with_changes(args=kept)
    elif isinstance(node, cst.If):
        if m.matches(node.body, m.IndentedBlock(body=[m.ZeroOrMore(), ENDS])):
            yield "guard off", node.with_changes(test=cst.Name("False"))
        yield "invert", node.with_changes(test=_negated(node.test))
    elif isinstance(node, cst.ComparisonTarget):
        if other := REVERSED.get(type(node.operator)):
            yield f"reverse {_code(node)}", node.with_changes(operator=other())
    elif isinstance(node, cst.SimpleStatementLine):
        if m.matches(node, CALLED) and not m.matches(node, LAUNCH | TEXTS):
            yield "drop statement", NOTHING
    elif isinstance(node, cst.Decorator):
        yield "drop decorator", None
    elif isinstance(node, cst.Finally):
        yield "empty finally", node.with_changes(body=cst.IndentedBlock([NOTHING]))
    elif isinstance(node, cst.With):
        if not node.asynchronous and all(m.matches(one.item, m.Name() | m.Attribute()) for one in node.items):
            yield "no lock", cst.If(cst.Name("True"), node.body)
    elif isinstance(node, (cst.Return, cst.Yield)) and isinstance(node.value, cst.Tuple):
        if len(node.value.elements) == 2:
            first, second = (cst.Element(element.value) for element in node.value.elements)
            yield "swap", node.with_changes(value=node.value.with_changes(elements=[second, first]))
    elif isinstance(node, (cst.Integer, cst.Float)):
        number = node.evaluated_value
        changed = 1 if number == 0 else number * 2
        yield f"change number {node.value}", type(node)(repr(changed))


def _negated(test: cst.BaseExpression) -> cst.BaseExpression:
    return cst.UnaryOperation(
        cst.Not(), test.with_changes(lpar=[*test.lpar, cst.LeftParen()], rpar=[cst.RightParen(), *test.rpar])
    )


def _code(node: cst.CSTNode) -> str:
    return " ".join(cst.Module([]).code_for_node(node).split())


def _first_line(module: cst.Module, node: cst.CSTNode) -> str:
    return module.code_for_node(node).strip().partition("\n")[0].strip()
