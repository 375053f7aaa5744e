# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import asyncio
import os
import shutil
import tempfile
import time
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import gradio as gr
from gradio.media import get_image

CACHE = Path(os.environ.get("CACHE_DIR") or Path(tempfile.gettempdir(), "scan-counter"))  # of this app alone
AGE = int(os.environ.get("CACHE_AGE", 3600))  # seconds that a visitor may take between upload and click
EVERY = int(os.environ.get("CACHE_EVERY", 300))

if os.environ.get("GRADIO_TEMP_DIR") != str(CACHE):  # once a process
    shutil.rmtree(CACHE, ignore_errors=True)  # what a run that crashed has left
CACHE.mkdir(parents=True, exist_ok=True)
os.environ["GRADIO_TEMP_DIR"] = str(CACHE)  # before the first component, which puts its value there


def sweep():
    """Delete what is older than AGE and unknown to delete_cache: nameless files and empty folders."""
    for path in CACHE.iterdir():
        with suppress(OSError):  # a folder that is not empty, or gone meanwhile
            if time.time() - path.lstat().st_ctime > AGE:  # Gradio copies with the old mtime
                path.rmdir() if path.is_dir() else path.unlink()


@asynccontextmanager
async def housekeeping(app):
    """Sweep every EVERY seconds while the server runs."""

    async def tidy():
        while True:
            await asyncio.sleep(EVERY)
            await asyncio.to_thread(sweep)

    task = asyncio.create_task(tidy())
    yield
    task.cancel()


def count(path):
    if path is None:
        raise gr.Error("Choose a file first.", print_exception=False)
    try:
        return os.path.getsize(path)
    except FileNotFoundError as error:
        raise gr.Error("The upload was deleted meanwhile. Please upload it again.", print_exception=False) from error


with gr.Blocks(title="Scan counter", delete_cache=(EVERY, AGE)) as demo:
    gr.Markdown(f"Files live {AGE} s in `{CACHE}`, which is swept every {EVERY} s.")
    file = gr.File(get_image("tower.jpg"), label="Scan", height=160)
    button = gr.Button("Count", variant="primary")
    size = gr.Number(label="Bytes")
    button.click(count, file, size, api_name="count")

demo.launch(app_kwargs={"lifespan": housekeeping})
