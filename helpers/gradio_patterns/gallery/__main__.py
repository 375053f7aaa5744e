"""Serve the gallery."""

import asyncio
import os
from contextlib import asynccontextmanager

import gradio as gr
import uvicorn
from fastapi import FastAPI

from .forward import Live
from .page import Gallery
from .stage import Stage

CSS = ".recipes .wrap { flex-direction: column; max-height: 70vh; overflow-y: auto; flex-wrap: nowrap; }"


def application(stage: Stage) -> Live:
    """The gallery and its demos as one ASGI app."""

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        keeper = asyncio.create_task(stage.keep())
        yield
        keeper.cancel()
        await asyncio.gather(keeper, return_exceptions=True)

    page = Gallery(stage).blocks()
    page.queue(max_size=64)
    page.has_launched = True  # as launch() sets it: Gradio checks which files it reads
    return Live(gr.mount_gradio_app(FastAPI(lifespan=lifespan), page, path="/", css=CSS, footer_links=[]), stage)


def main() -> None:
    """Serve it until Ctrl-C or SIGTERM."""
    host, port = os.environ.get("GRADIO_SERVER_NAME", "127.0.0.1"), int(os.environ.get("GRADIO_SERVER_PORT", "7860"))
    print(f"The gallery is at http://{host}:{port}/ (Ctrl-C ends it and its demos)", flush=True)
    places = int(os.environ.get("GALLERY_PLACES", "4"))
    uvicorn.run(application(Stage(places)), host=host, port=port, log_level="warning", timeout_graceful_shutdown=5)


if __name__ == "__main__":
    main()
