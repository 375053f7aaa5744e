# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import os
import socket

import gradio as gr

if getattr(globals().get("demo"), "title", "") == "Reading time":  # this cell runs again
    demo.close(verbose=False)

options, prefix = {}, os.environ.get("JUPYTERHUB_SERVICE_PREFIX")
if prefix:  # a remote Jupyter
    with socket.create_server(("127.0.0.1", int(os.environ.get("GRADIO_SERVER_PORT", 0)))) as free:
        port = free.getsockname()[1]
    options = {"server_port": port, "root_path": f"{prefix}proxy/{port}", "inline": False}
    print(f"Open {prefix}proxy/{port}/ at the address of this Jupyter.")


def reading_time(text):
    words = len((text or "").split())
    if not words:
        raise gr.Error("Paste a text first.", print_exception=False)
    return f"{words} words, {60 * words / 200:.0f} s"


with gr.Blocks(title="Reading time") as demo:
    text = gr.Textbox("Change this cell and run it again: the demo keeps its port.", label="Text", lines=3)
    time_needed = gr.Textbox(label="Time to read it")
    gr.Button("Count", variant="primary").click(reading_time, text, time_needed, api_name="count")

demo.launch(**options)
