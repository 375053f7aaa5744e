"""The live Gradio endpoint: `python -m benchmarks.gradio_app PORT`, with BENCH_TASK and BENCH_MODE in the environment.

one       each request alone, Gradio's own default
padded    `batch=True`, stacked in arrival order
batched   `batch=True` with our function
tuned     the same with two batches in flight, and the settings that make an event cheap
"""

import os
import sys

CHEAP_EVENTS = {"GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000", "GRADIO_ANALYTICS_MAX_EVENTS": "1"}
MAX_BATCH = 32


def main(port: int) -> None:
    mode = os.environ["BENCH_MODE"]
    if mode == "tuned":
        os.environ.update(CHEAP_EVENTS)
        sys.setswitchinterval(0.0005)  # the model's thread gets the interpreter back sooner from the event loop
    import gradio as gr
    import matplotlib.pyplot  # noqa: F401  (Gradio would import it within the first event, and everybody would wait)
    import torch

    from benchmarks.tasks import TASKS

    torch.set_num_threads(1)
    task = TASKS[os.environ["BENCH_TASK"]]()

    def padded(texts: list[str]) -> list[list[str]]:
        return [task.padded(list(texts))]

    def batched(texts: list[str]) -> list[list[str]]:
        return task.batched(list(texts))

    batch = {"batch": True, "max_batch_size": MAX_BATCH, "api_name": "predict"}
    with gr.Blocks() as demo:
        text, answer, problem = gr.Textbox(label="Text"), gr.Textbox(label="Answer"), gr.Textbox(label="Problem")
        if mode == "one":
            text.submit(task.one, text, answer, api_name="predict")
        elif mode == "padded":
            text.submit(padded, text, answer, **batch)
        else:
            limit = 2 if mode == "tuned" else 1  # the lock keeps it to one forward pass at a time
            text.submit(batched, text, [answer, problem], concurrency_limit=limit, **batch)
    demo.queue(status_update_rate=5 if mode == "tuned" else "auto")
    demo.launch(server_name="127.0.0.1", server_port=port, quiet=True, share=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
