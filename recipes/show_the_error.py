# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import functools
import logging
import secrets

import gradio as gr

log = logging.getLogger("app")


def explained(handler):
    """For plain functions; a generator needs the same `try` around its loop."""

    @functools.wraps(handler)
    def wrapper(*args, **kwargs):
        try:
            return handler(*args, **kwargs)
        except gr.Error:
            raise
        except Exception:
            code = secrets.token_hex(3)
            log.exception("error %s in %s", code, handler.__name__)
            message = f"Something failed on our side. Try again, or report error {code}."
            # It stays until it is closed, so that the code can be noted; and it is logged already.
            raise gr.Error(message, duration=None, print_exception=False) from None

    return wrapper


@explained
def growth(before, after):
    if before is None or after is None:
        raise gr.Error("Fill in both numbers.", print_exception=False)
    return f"{(after - before) / before:+.1%}"  # nobody thought of 0


with gr.Blocks() as demo:
    gr.Markdown("Growth from 0 is a case that this program has forgotten; from any other number it works.")
    with gr.Row():
        before, after = gr.Number(0, label="Before"), gr.Number(120, label="After")
    result = gr.Textbox(label="Growth")
    gr.Button("Calculate", variant="primary").click(growth, [before, after], result, api_name="growth")

demo.launch()
