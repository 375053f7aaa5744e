"""Rules for notebook 04: uploads, downloads, and which files are open to whom."""
# ruff: noqa: SIM102  (what it is, then what is wrong with it: two questions read better than one)

from collections.abc import Iterator

import libcst as cst

from ..findings import Hit, rule
from ..program import Call, Event, Program, given
from ..syntax import elements, name_of, returned, text_of, uses, walk

UPLOADS = ("gradio.File", "gradio.UploadButton")
SENDS = {"File", "DownloadButton"}
LAUNCHES = ("gradio.mount_gradio_app", "gradio.set_static_paths", "gradio.routes.mount_gradio_app")


@rule("kept-by-its-name", "warning", "keep-an-upload", "an upload that is kept under the name that a visitor gave it")
def kept_by_its_name(program: Program) -> Iterator[Hit]:
    """`shutil.copy(upload, folder)`: two visitors with one name overwrite each other."""
    for event, name, _ in _uploads(program):
        for call in program.inside(event.handler) if event.handler is not None else ():
            if call.name in ("shutil.copy", "shutil.copy2", "shutil.move", "shutil.copyfile"):
                target = call.get("dst", 1)
                fresh = target is None or any(
                    "uuid" in made.name or "temp" in made.name for made in _all(program, target)
                )
                if name_of(call.get("src", 0)) in (name, f"{name}.name") and not fresh and "?" not in name_of(target):
                    yield Hit(call.node)


def _all(program: Program, node: cst.CSTNode) -> list[Call]:
    return [call for value in program.possible(node) for call in program.inside(value)]


def _uploads(program: Program) -> Iterator[tuple[Event, str, Call]]:
    for event in program.events:
        for name, call in given(program, event).items():
            if call.name in UPLOADS:
                yield event, name, call


@rule("file-is-a-path", "error", "bytes-or-path", "`.decode()` or `.read()` of an upload, which is a path")
def file_is_a_path(program: Program) -> Iterator[Hit]:
    """A `gr.File` that is not `type="binary"`."""
    for event, name, call in _uploads(program):
        if "type" in call.options or call.starred or event.handler is None:
            continue
        for made in program.inside(event.handler):
            func = made.node.func
            if isinstance(func, cst.Attribute) and func.attr.value in ("decode", "read", "seek"):
                if name_of(func.value) == name:
                    yield Hit(made.node, f"`{name}` is a path, a kind of str")


@rule("binary-unchecked", "warning", "bytes-or-path", '`type="binary"`, for which `file_types` is not checked')
def binary_unchecked(program: Program) -> Iterator[Hit]:
    """`file_types` and `type="binary"` on one `gr.File`."""
    for call in program.called(*UPLOADS):
        if "file_types" in call.options and any(
            text_of(value) == "binary" for value in program.possible(call.get("type"))
        ):
            yield Hit(call.node)


@rule("bytes-into-file", "error", "download", "bytes or text returned to a `gr.File`, which takes a path", see="b'")
def bytes_into_file(program: Program) -> Iterator[Hit]:
    """The handler returns a literal of bytes, `.encode()` or `.to_csv()` without a path."""
    for event in program.events:
        if len(event.outputs) != 1 or program.kind(event.outputs[0]) not in SENDS or event.handler is None:
            continue
        for value in returned(event.handler):
            literal = isinstance(value, cst.SimpleString) and "b" in value.prefix.lower()
            call = program.call(value)
            method = call.name.rpartition(".")[2] if call else ""
            if literal or method == "encode" or (method == "to_csv" and call and not call.args and not call.options):
                yield Hit(value)


@rule("path-from-input", "error", "not-allowed", "a path that is put together from what a visitor typed")
def path_from_input(program: Program) -> Iterator[Hit]:
    """The text goes into the path of a file that is sent, and nothing resolves or checks it."""
    for event in program.events:
        if len(event.outputs) != 1 or program.kind(event.outputs[0]) not in SENDS or event.handler is None:
            continue
        typed = {name for name, call in given(program, event).items() if call.name == "gradio.Textbox"}
        if any(name_of(node).endswith(("resolve", "relative_to", "basename")) for node in _names(event.handler)):
            continue
        for value in returned(event.handler):
            if isinstance(value, cst.FormattedString) and any(uses(value, name) for name in typed):
                if any(isinstance(p, cst.FormattedStringText) and "/" in p.value for p in value.parts):
                    yield Hit(value)


def _names(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    return (part for part in walk(node) if isinstance(part, cst.Name | cst.Attribute))


@rule("allowed-paths", "hint", "not-allowed", "`allowed_paths`, which opens whole folders to everybody", see="403")
def allowed_paths(program: Program) -> Iterator[Hit]:
    """`allowed_paths` with anything in it, or `gr.set_static_paths`."""
    for call in launches(program):
        paths = call.get("paths", 0) if call.name == "gradio.set_static_paths" else call.get("allowed_paths")
        if paths is not None and elements(paths) and not _opens_all(program, call):
            yield Hit(call.node)


@rule("everything-allowed", "error", "not-allowed", "`allowed_paths` that opens the app's own folder or the whole disk")
def everything_allowed(program: Program) -> Iterator[Hit]:
    """`.`, `/`, `~` or the working folder."""
    for call in launches(program):
        if _opens_all(program, call):
            yield Hit(call.node)


def _opens_all(program: Program, call: Call) -> bool:
    for path in elements(call.get("allowed_paths")):
        made = program.call(path)
        if text_of(path) in (".", "./", "/", "~", "..") or (made and made.name in ("os.getcwd", "pathlib.Path.cwd")):
            return True
    return False


def launches(program: Program) -> Iterator[Call]:
    """The calls that serve an app: `.launch(...)`, `gr.mount_gradio_app`, and the kit's `serve`."""
    for call in program.calls:
        method = isinstance(call.node.func, cst.Attribute) and call.node.func.attr.value == "launch"
        if (method and program.uses_gradio) or call.name in LAUNCHES or call.name == "gradio_patterns.testing.serve":
            yield call


@rule(
    "one-bad-file",
    "warning",
    "many-files",
    "many files opened in one expression: one bad file, and no result",
    see="unreadable",
)
def one_bad_file(program: Program) -> Iterator[Hit]:
    """A comprehension over a `gr.File(file_count="multiple")` opens each, and no `try` stands around it."""
    for event, name, call in _uploads(program):
        if text_of(call.get("file_count")) not in ("multiple", "directory") or event.handler is None:
            continue
        for node in walk(event.handler):
            if isinstance(node, cst.ListComp | cst.GeneratorExp) and name_of(node.for_in.iter) == name:
                opens = any(made.name in ("PIL.Image.open", "open", "pandas.read_csv") for made in program.inside(node))
                if opens and not any(isinstance(part, cst.Try) for part in program.above(node)):
                    yield Hit(node)
