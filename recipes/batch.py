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

from gradio_patterns.batching import run_batched
from gradio_patterns.models import load

TOPICS = ["delivery", "technical problem", "payment", "account", "returns"]
embed = load("feature-extraction")


@torch.inference_mode()
def vectors(group):  # lists of token ids, of similar length
    batch = embed.tokenizer.pad({"input_ids": group}, return_tensors="pt").to(embed.device)
    mask = batch["attention_mask"].unsqueeze(-1)
    means = (embed.model(**batch).last_hidden_state * mask).sum(1) / mask.sum(1)
    return torch.nn.functional.normalize(means, dim=1)


topics = vectors(embed.tokenizer(TOPICS)["input_ids"])


def forward(group):
    return [TOPICS[index] for index in (vectors(group) @ topics.T).argmax(1).tolist()]


def classify(texts):
    texts = [(text or "").strip() for text in texts]
    ids = embed.tokenizer(texts, truncation=True, max_length=256)["input_ids"]
    refused = gr.Error("Type a question first.")  # as a value: it is this user's result
    items = [tokens if text else refused for text, tokens in zip(texts, ids)]
    return run_batched(forward, items, size=len)  # the desks and the problems: a list for each output


def tell(problem):
    if problem:
        raise gr.Error(problem, print_exception=False)


with gr.Blocks(title="Which desk?") as demo:
    text = gr.Textbox("You charged my card twice.", label="Question", lines=3)
    button = gr.Button("Find the desk", variant="primary")
    topic = gr.Textbox(label="Desk")
    problem = gr.Textbox(label="Problem", visible=False)
    batched = {"batch": True, "max_batch_size": 32, "concurrency_limit": 2}  # one is gathered while one computes
    job = button.click(classify, text, [topic, problem], api_name="classify", **batched)
    job.success(tell, problem, concurrency_limit=None, api_visibility="private")

demo.launch(height=380)
