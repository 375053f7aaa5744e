"""Measure what every input component hands a function, and takes back, and write it to docs/components.md.

``python -m tools.component_table`` serves one app with all of them and writes the page; ``--check`` compares
instead. The page holds for the Gradio that it names. On another one its components, settings and columns must
still be there; cells that differ are named and are no error.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime
import io
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import numpy as np
import pandas as pd
from gradio.media import get_audio, get_image, get_model3d, get_video
from PIL import Image

from gradio_patterns.testing import serve
from tools.notebooks import ROOT

PAGE = ROOT / "docs" / "components.md"
KEY = ["component", "settings"]
CODE = ["settings", "API sends"]  # the columns that stand in backticks
FAILED = "an exception"
HEAD = """\
# What components hand you, and take back

Measured with Gradio {version} by `make components`. The traps in it have recipes in
[notebook 06](../notebooks/06_component_traps.ipynb).

- **receives**: the type that a function gets; **from null**: when an API client sends `null`; **untouched**: when
  nobody touched the component, so that the page sends back the value in `/config`.
- **accepts**: what a function may return to it. *Anything* means that nothing is checked on the server, and a wrong
  value breaks the page instead. `Image` and `Video` take a `str` whether or not there is such a file.
- **API sends**: what an API client gets. `FileData` stands for `{{"path": ..., "url": ..., "orig_name": ...}}`.
"""

AB = {"choices": ["a", "b"]}
AS_PICTURE = [{"type": kind} for kind in ("numpy", "pil", "filepath")]
AS_FILE = [{"type": kind} for kind in ("filepath", "binary")]


def cases() -> list[tuple[type, Any, list[dict]]]:
    """A component, what is sent to it ({"file": path} stands for an upload), and its settings, tried in turn."""
    picture = {"file": get_image("tower.jpg")}
    painted = {"background": picture, "layers": [], "composite": picture}
    grid = {"headers": ["a", "b"], "data": [[1, "x"]]}
    message = {"role": "user", "content": [{"type": "text", "text": "text"}]}
    return [
        (gr.Textbox, "text", [{}]),
        (gr.Number, 2.5, [{}, {"precision": 0}]),
        (gr.Slider, 3, [{"step": 1}]),
        (gr.Checkbox, True, [{}]),
        (gr.CheckboxGroup, ["a"], [AB, AB | {"type": "index"}]),
        (gr.Radio, "a", [AB, AB | {"type": "index"}]),
        (gr.Dropdown, "a", [AB, AB | {"type": "index"}]),
        (gr.Dropdown, ["a"], [AB | {"multiselect": True}]),
        (gr.DateTime, "2026-01-31 12:00:00", [{"type": kind} for kind in ("timestamp", "datetime", "string")]),
        (gr.ColorPicker, "#ff0000", [{}]),
        (gr.Code, "x = 1", [{}]),
        (gr.Dataframe, grid, [{"type": kind} for kind in ("pandas", "numpy", "array")]),
        (gr.Image, picture, AS_PICTURE),
        (gr.ImageEditor, painted, AS_PICTURE),
        (gr.ImageEditor, painted, [{"type": "filepath", "image_mode": "RGB"}]),
        (gr.ImageSlider, [picture, picture], AS_PICTURE),
        (gr.Gallery, [{"image": picture}], AS_PICTURE),
        (gr.Audio, {"file": get_audio("recording1.wav")}, [{"type": kind} for kind in ("numpy", "filepath")]),
        (gr.Video, {"file": get_video("world.mp4")}, [{}]),
        (gr.Model3D, {"file": get_model3d("Fox.gltf")}, [{}]),
        (gr.File, picture, AS_FILE),
        (gr.File, [picture], [settings | {"file_count": "multiple"} for settings in AS_FILE]),
        (gr.UploadButton, picture, AS_FILE),
        (gr.DownloadButton, picture, [{}]),
        (gr.FileExplorer, [["notes.txt"]], [{"file_count": "multiple"}]),
        (gr.FileExplorer, [["notes.txt"]], [{"file_count": "single"}]),
        (gr.MultimodalTextbox, {"text": "text", "files": [picture]}, [{}]),
        (gr.HighlightedText, [{"token": "text", "class_or_confidence": "x"}], [{}]),
        (gr.Dialogue, [{"speaker": "a", "text": "text"}], [{"speakers": ["a"]}]),
        (gr.Chatbot, [message], [{}]),
        (gr.JSON, {"key": [1]}, [{}]),
    ]


# What a component does not take back the way it hands it out is returned in another form.
SENDABLE = {"index": {"type": "value"}, "binary": {"type": "filepath"}}
BACK = {gr.HighlightedText: lambda parts: [tuple(part.values()) for part in parts]}
# What an endpoint tries to return, by its kind; a path, of a file of the component's own kind, is tried as well.
RETURNED = {
    "str": "a",
    "int": 1,
    "float": 0.5,
    "bool": True,
    "dict": {"a": 1},
    "bytes": b"a",
    "list of str": ["a"],
    "list of list": [[1]],
    "list of tuple": [("a", None)],
    "list of message": [{"role": "user", "content": "a"}],
    "PIL.Image": Image.new("RGB", (4, 4)),
    "numpy.ndarray": np.zeros((4, 4, 3), "uint8"),
    "(rate, ndarray)": (8000, np.zeros(80, "int16")),
    "DataFrame": pd.DataFrame({"a": [1]}),
    "datetime": datetime.datetime(2026, 1, 31),
}


def kind(value: Any) -> str:
    """The type of a value in words, with what is inside lists, tuples and dictionaries."""
    if isinstance(value, list | tuple) and value:
        return f"{type(value).__name__} of {' and '.join(dict.fromkeys(map(kind, value)))}"
    if isinstance(value, dict) and value:
        return "dict: " + ", ".join(f"{key}: {kind(item)}" for key, item in value.items())
    if value is None:
        return "None"
    if isinstance(value, Image.Image):  # subclasses differ by file and by version, those of str too
        return "PIL.Image"
    if isinstance(value, str):
        return "str"
    name, module = type(value).__name__, type(value).__module__.split(".")[0]
    return f"{'empty ' if name in ('list', 'dict') else ''}{name}" if module == "builtins" else f"{module}.{name}"


def _plain(value: Any) -> Any:
    """A JSON value with each file's details left out."""
    if isinstance(value, dict):
        return "FileData" if "meta" in value else {k: _plain(item) for k, item in value.items() if item is not None}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _upload(server: httpx.Client, value: Any) -> Any:
    """`value` with each {"file": path} sent to the server and replaced by what the page would send."""
    if isinstance(value, dict) and set(value) == {"file"}:
        with open(value["file"], "rb") as file:
            path = server.post("upload", files={"files": file}).json()[0]
        return {"path": path, "orig_name": Path(path).name, "meta": {"_type": "gradio.FileData"}}
    if isinstance(value, dict):
        return {key: _upload(server, item) for key, item in value.items()}
    return [_upload(server, item) for item in value] if isinstance(value, list) else value


def _ask(server: httpx.Client, name: str, value: Any) -> Any:
    """What one POST to an endpoint gives."""
    body = {"data": [value], "session_hash": "one"}  # without a session each call copies the app
    reply = server.post(f"run/{name}", json=body).json()
    return reply["data"][0] if "data" in reply else FAILED


def _accepted(server: httpx.Client, name: str) -> str:
    """The kinds of value that an endpoint can return to the component."""
    kinds = [*RETURNED, "path"]
    found = [kind for kind in kinds if _ask(server, name, kind) != FAILED]
    missing = len(kinds) - len(found)
    return "anything" if not missing else "nearly anything" if missing < 4 else ", ".join(found)


def measure() -> pd.DataFrame:
    """One row for each component and settings, measured by running them in one app."""
    rows, sent = [], {}
    with tempfile.TemporaryDirectory() as root, gr.Blocks() as app:
        Path(root, "notes.txt").write_text("text")
        out = gr.Textbox(label="Type, or kind to return")
        for cls, value, variants in cases():
            for settings in variants:
                name = f"case{len(sent)}"
                place = {"root_dir": root} if cls is gr.FileExplorer else {}
                component = cls(label=name, **settings, **place)
                gr.on(None, kind, component, out, api_name=f"{name}in")
                back = cls(label=name, **settings | place | SENDABLE.get(settings.get("type"), {}))
                gr.on(None, BACK.get(cls, lambda x: x), back, component, api_name=f"{name}out")
                own = value["file"] if isinstance(value, dict) and "file" in value else get_image("tower.jpg")
                own = shutil.copy(own, root)  # a path elsewhere would be refused for where it is
                gr.on(None, (RETURNED | {"path": own}).get, out, component, api_name=f"{name}back")
                sent[name] = component, value, settings
        with (
            serve(app) as served,
            httpx.Client(base_url=f"{served.url}gradio_api/", timeout=60) as server,
            contextlib.redirect_stderr(io.StringIO()),
        ):
            for name, (component, value, settings) in sent.items():
                given = _upload(server, value)
                rows.append(
                    {
                        "component": type(component).__name__,
                        "settings": ", ".join(f"{k}={v!r}" for k, v in settings.items()),
                        "receives": _ask(server, f"{name}in", given),
                        "from null": _ask(server, f"{name}in", None),
                        "untouched": _ask(server, f"{name}in", component.get_config().get("value")),
                        "accepts": _accepted(server, f"{name}back"),
                        "API sends": json.dumps(_plain(_ask(server, f"{name}out", given))),
                    }
                )
    return pd.DataFrame(rows).set_index(KEY)


# --- the page -------------------------------------------------------------------------------------


def page(table: pd.DataFrame) -> str:
    """The table as Markdown, with the version it holds for."""
    rows = table.reset_index()
    lines = [HEAD.format(version=version("gradio")), _line(rows.columns), "|" + "---|" * len(rows.columns)]
    for row in rows.astype(str).to_numpy():
        lines.append(_line(f"`{x}`" if name in CODE and x else x for name, x in zip(rows, row, strict=True)))
    return "\n".join(lines) + "\n"


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


@dataclass(frozen=True)
class Page:
    """What a page says."""

    version: str
    text: str
    """Without the version and the table."""
    columns: list[str]
    rows: dict[tuple[str, str], dict[str, str]]

    @classmethod
    def read(cls, markdown: str) -> Page:
        """The page in parts. Raises ValueError if it names no version or has no table."""
        lines = markdown.splitlines()
        found = re.search(r"Gradio (\d[\w.]*)", markdown)
        table = [
            [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines if line.startswith("|")
        ]
        if not found or len(table) < 3:
            raise ValueError("the page names no version of Gradio, or has no table")
        text = "\n".join(line for line in lines if not line.startswith("|")).replace(found[0], "Gradio")
        columns, rows = table[0], [dict(zip(table[0], row, strict=True)) for row in table[2:]]
        return cls(found[1], text, columns, {(row["component"], row["settings"]): row for row in rows})


def compare(written: str, measured: str) -> tuple[list[str], list[str]]:
    """Compare two pages, the one there is and one just measured.

    Returns:
        What is wrong, and what differs because the page was measured with another version.
    """
    old, new = Page.read(written), Page.read(measured)
    wrong = []
    if old.text != new.text:
        wrong.append("the text around the table is another")
    if old.columns != new.columns:
        wrong.append(f"the columns are {', '.join(old.columns)}, not {', '.join(new.columns)}")
    for missing in [key for key in new.rows if key not in old.rows]:
        wrong.append(f"there is no row for {' '.join(missing).strip()}")
    for extra in [key for key in old.rows if key not in new.rows]:
        wrong.append(f"there is a row for {' '.join(extra).strip()}, which is not measured")
    differ = [
        f"{' '.join(key).strip()}, {column}: the page says {old.rows[key][column]!r}, "
        f"Gradio {new.version} gives {row[column]!r}"
        for key, row in new.rows.items()
        if key in old.rows
        for column in new.columns
        if column in old.columns and old.rows[key][column] != row[column]
    ]
    return (wrong + differ, []) if old.version == new.version else (wrong, differ)


def main() -> int:
    """Write the page, or compare with it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="compare with the page instead of writing it")
    options = parser.parse_args()
    new = page(measure())
    if not options.check:
        PAGE.write_text(new, encoding="utf-8")
        return 0
    try:
        wrong, differ = compare(PAGE.read_text(encoding="utf-8"), new)
    except (OSError, ValueError) as error:
        wrong, differ = [str(error)], []
    print(*wrong, *differ, sep="\n")
    if wrong:
        print("docs/components.md is out of date: run `make components`, and review what changed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
