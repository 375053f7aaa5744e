# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import gradio as gr


def split(total, people):
    if not isinstance(total, int | float) or not 0 < total < 1e9:  # an API client can send a word, or NaN
        raise gr.Error("Type what the bill comes to.", print_exception=False)
    if people is None or not 1 <= people <= 1000:
        raise gr.Error("A bill needs at least one person, 1000 at most.", print_exception=False)
    return f"{total / people:.2f} each"


with gr.Blocks(title="Split the bill") as demo:
    total = gr.Number(90, label="Bill, EUR")
    people = gr.Number(4, label="People", precision=0)
    button = gr.Button("Split", variant="primary")
    share = gr.Textbox(label="Everybody pays")
    button.click(split, [total, people], share, api_name="split")

demo.launch(height=440)
