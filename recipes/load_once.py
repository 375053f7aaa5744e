# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
# ]
# ///
import gradio as gr
import torch

from gradio_patterns.models import load

SUBJECTS = ["cooking", "sport", "music", "computers", "money"]
embed = load("feature-extraction")  # here, not in the handler


def meaning(text):
    return embed(text[:1000], return_tensors=True)[0].float().mean(0)


subject_meanings = torch.stack([meaning(subject) for subject in SUBJECTS])


def guess(text):
    if not (text or "").strip():
        raise gr.Error("Type a sentence first.", print_exception=False)
    scores = torch.cosine_similarity(subject_meanings, meaning(text)[None])
    return dict(zip(SUBJECTS, (10 * scores).softmax(0).tolist()))


with gr.Blocks(title="What is it about?") as demo:
    with gr.Row():
        with gr.Column():
            text = gr.Textbox("The orchestra tunes its violins.", label="Sentence", lines=3)
            button = gr.Button("Guess the subject", variant="primary")
            megabytes = embed.model.get_memory_footprint() / 2**20
            gr.Markdown(f"{megabytes:.0f} MiB as {embed.model.dtype} on {embed.device}, once for all visitors")
        subject = gr.Label(label="Subject")
    gr.on([button.click, text.submit], guess, text, subject, api_name="guess")

demo.launch(height=380)
