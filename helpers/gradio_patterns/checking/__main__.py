"""``python -m gradio_patterns.checking app.py``."""

import typer

from .command import check

typer.run(check)
