# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio<7,>=6.31",
# ]
# ///
import gradio as gr

TASKS = [("Classify images", "image"), ("Generate text", "text")]
MODELS = {
    "image": [("MobileNetV2, 14 MB", "mobilenet-v2"), ("ViT base, 346 MB", "vit-base")],
    "text": [("SmolLM2, 135M", "smollm2-135m"), ("SmolLM2, 1.7B", "smollm2-1.7b")],
}
METRICS = {"image": ["top-1", "top-5"], "text": ["perplexity", "tokens per second"]}


def offer(task):
    """New choices always come with a new value, or the old one stays behind, unseen."""
    task = task if isinstance(task, str) else None  # an API client may send a list, which is no key
    return gr.Dropdown(choices=MODELS.get(task, []), value=None), gr.Dropdown(choices=METRICS.get(task, []), value=[])


def evaluate(task, model, metrics):
    if task not in [*MODELS]:
        raise gr.Error("Choose a task first.", print_exception=False)
    if model is None:
        raise gr.Error("Choose a model.", print_exception=False)
    if not metrics:  # the page sends an empty list, an API client may send null
        raise gr.Error("Choose at least one metric.", print_exception=False)
    if model not in [value for _, value in MODELS[task]]:  # the new choices are not in the page yet
        raise gr.Error("This model is not for this task. Choose again.", print_exception=False)
    return f"{model}: {', '.join(metrics)}"


with gr.Blocks() as demo:
    gr.Markdown("Press *Evaluate* before anything is chosen; then choose, and change the task once more.")
    task = gr.Dropdown(TASKS, value=None, label="Task")
    with gr.Row():
        model = gr.Dropdown([], value=None, label="Model", info="Choose a task first")
        metrics = gr.Dropdown([], value=[], multiselect=True, label="Metrics", info="One or more")
    start = gr.Button("Evaluate", variant="primary")
    plan = gr.Textbox(label="Plan")
    task.change(offer, task, [model, metrics], api_name="offer")
    start.click(evaluate, [task, model, metrics], plan, api_name="evaluate")

demo.launch(height=560)
