# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import os
import shutil
import tempfile
import uuid
from pathlib import Path

import gradio as gr
from gradio.media import get_image

# To try it. In production KEPT_DIR is a volume that is backed up: temporary folders get cleaned.
KEPT = Path(os.environ.get("KEPT_DIR") or Path(tempfile.gettempdir(), "kept-uploads"))
KEPT.mkdir(parents=True, exist_ok=True)


def keep(upload):
    """Copy an upload to KEPT/<id>-<name>, whole or not at all; OSError when it cannot be written."""
    name = f"{uuid.uuid4().hex}-{Path(upload).name}"
    part = KEPT / f".part-{name}"  # on the same disk, so that the new name comes at once
    try:
        with open(upload, "rb") as source, part.open("xb") as copy:
            shutil.copyfileobj(source, copy)
            copy.flush()
            os.fsync(copy.fileno())  # on the disk before it gets its name
        os.replace(part, KEPT / name)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return KEPT / name


def hand_in(upload):
    if upload is None:
        raise gr.Error("Choose a file first.", print_exception=False)
    try:
        path = keep(upload)
    except OSError as error:
        print(f"{upload} was not kept: {error}")  # for you, in the log
        message = "The file could not be stored, nothing was kept. Try again in a few minutes."
        raise gr.Error(message, print_exception=False) from error
    receipt, _, name = path.name.partition("-")
    return {"receipt": receipt, "name": name, "bytes": path.stat().st_size}


with gr.Blocks(title="Hand in your work") as demo:
    gr.Markdown("Hand in the same file twice: each copy has a receipt of its own.")
    upload = gr.File(get_image("tower.jpg"), label="File", height=140)
    button = gr.Button("Hand in", variant="primary")
    receipt = gr.JSON(label="Receipt")
    button.click(hand_in, upload, receipt, api_name="hand_in")

demo.launch()
