# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import os
import shutil
import tempfile
from pathlib import Path

import gradio as gr

SHARED = Path(os.environ.get("SHARED_DIR") or tempfile.mkdtemp(prefix="shared-")).resolve()
if not any(SHARED.iterdir()):  # something to try it with
    (SHARED / "read me.txt").write_text("What is put into this folder can be downloaded.\n")
    (SHARED / ".env").write_text("PASSWORD=tulip-42\n")


def find(name):
    """The file of SHARED with this name, or None if there is none, or a part of its path is hidden."""
    try:
        path = (SHARED / name).resolve()  # `..`, absolute paths and links end here
        hidden = any(part.startswith(".") for part in path.relative_to(SHARED).parts)  # ValueError: not below
        return path if path.is_file() and not hidden else None
    except (TypeError, ValueError, OSError, RuntimeError):  # no text, outside, too long, links in a circle
        return None


def names():
    return sorted(str(path.relative_to(SHARED)) for path in SHARED.rglob("*") if find(path))


def fetch(name):
    """Yield a copy of the file, so that the folder stays closed; deleted once Gradio has its own."""
    if not name:
        raise gr.Error("Choose a file first.", print_exception=False)
    path = find(name)
    if path is None:  # the same words for "absent" and "forbidden"
        raise gr.Error("There is no such file. Choose one from the list.", print_exception=False)
    with tempfile.TemporaryDirectory() as folder:
        yield shutil.copy(path, folder)


with gr.Blocks(title="Shared files") as demo:
    name = gr.Dropdown(names(), label="Shared file (or type one: .env, /etc/passwd)", allow_custom_value=True)
    button = gr.Button("Fetch", variant="primary")
    file = gr.File(label="Download", height=140)
    button.click(fetch, name, file, api_name="fetch")
    demo.load(lambda: gr.Dropdown(names()), None, name, api_visibility="private")

demo.launch()
