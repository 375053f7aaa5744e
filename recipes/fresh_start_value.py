# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
from datetime import datetime, timezone
from uuid import uuid4

import gradio as gr


def new_case():
    return {"number": uuid4().hex[:8], "opened": datetime.now(timezone.utc)}


def report(problem, case):
    if not (problem or "").strip():
        raise gr.Error("Describe the problem first.", print_exception=False)
    return f"Case {case['number']}, opened {case['opened']:%H:%M:%S} UTC: {problem.strip()}"


with gr.Blocks(title="Report a problem") as demo:
    case = gr.State(new_case)
    number = gr.Textbox(label="Your case number (load the page again for another)", interactive=False)
    problem = gr.Textbox("The picture stays empty.", label="What went wrong?", lines=3)
    button = gr.Button("Report", variant="primary", interactive=False)
    receipt = gr.Textbox(label="Receipt", interactive=False)
    button.click(report, [problem, case], receipt, api_name="report")
    case.change(lambda case: case["number"], case, number, api_name="case")
    case.change(lambda: gr.Button(interactive=True), None, button, api_visibility="private")
demo.launch()
