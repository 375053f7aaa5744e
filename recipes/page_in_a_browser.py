# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import gradio as gr


def report(room, fault):
    room, fault = (room or "").strip(), (fault or "").strip()
    if not room or not fault:
        raise gr.Error("Name the room and what is broken.", print_exception=False)
    return f"Room {room}: {fault}"


def ready(room, fault):
    return gr.Button(interactive=bool((room or "").strip() and (fault or "").strip()))


with gr.Blocks(title="Report a fault") as demo:
    room = gr.Textbox(label="Room")
    fault = gr.Textbox(label="What is broken?")
    button = gr.Button("Report", variant="primary", interactive=False)
    receipt = gr.Textbox(label="Receipt", interactive=False)
    edited = [room.change, fault.change]
    gr.on(edited, ready, [room, fault], button, trigger_mode="always_last", api_visibility="private")
    button.click(report, [room, fault], receipt, api_name="report")

demo.launch(height=420)
