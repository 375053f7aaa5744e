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
from gradio.media import get_image

from gradio_patterns.models import load

embed = load("feature-extraction")
label = load("image-classification")
on_gpu = {"concurrency_id": "gpu", "concurrency_limit": 1}  # for every event that uses the device


def similarity(first, second):
    if not (first or "").strip() or not (second or "").strip():
        raise gr.Error("Type something into both boxes.", print_exception=False)
    vectors = [embed(text[:1000], return_tensors=True)[0].float().mean(0) for text in (first, second)]
    return round(float(torch.cosine_similarity(*vectors, dim=0)), 3)


def classify(image):
    if image is None:
        raise gr.Error("Choose a picture first.", print_exception=False)
    return {found["label"]: found["score"] for found in label(image, top_k=3)}


with gr.Blocks(title="Two models, one device") as demo:
    with gr.Row():
        with gr.Column():
            first = gr.Textbox("The cat sleeps on the sofa.", label="First sentence")
            second = gr.Textbox("A kitten naps on the couch.", label="Second sentence")
            compare = gr.Button("Compare", variant="primary")
            score = gr.Number(label="Similarity")
        with gr.Column():
            image = gr.Image(get_image("cheetah1.jpg"), label="Picture", type="pil", height=200)
            see = gr.Button("Classify", variant="primary")
            labels = gr.Label(label="Seen in the picture")
    compare.click(similarity, [first, second], score, api_name="similarity", **on_gpu)
    see.click(classify, image, labels, api_name="classify", **on_gpu)

demo.launch(height=600)
