"""The live Gradio endpoint: `python -m benchmarks.gradio_app PORT`, with BENCH_TASK and BENCH_MODE in the environment.

one       each request alone, Gradio's own default
padded    `batch=True`, stacked in arrival order
batched   `batch=True` with our function
tuned     the same with two batches in flight, and the settings that make an event cheap
apart     the same with the model in a process of its own, so that events and model do not share an interpreter
"""

import asyncio
import multiprocessing
import os
import sys
from concurrent.futures import ProcessPoolExecutor

CHEAP_EVENTS = {"GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000", "GRADIO_ANALYTICS_MAX_EVENTS": "1"}
MAX_BATCH = 32


def load_task():
    """The task of BENCH_TASK with its model, on one thread."""
    import torch

    from benchmarks.tasks import TASKS

    torch.set_num_threads(1)
    return TASKS[os.environ["BENCH_TASK"]]()


def start_worker() -> None:
    global worker_task
    worker_task = load_task()


def in_worker(payloads: list[str]) -> list[list[str]]:
    return worker_task.batched(payloads)


def main(port: int) -> None:
    mode = os.environ["BENCH_MODE"]
    quick = mode in ("tuned", "apart")
    if quick:
        os.environ.update(CHEAP_EVENTS)
        sys.setswitchinterval(0.0005)  # the model's thread gets the interpreter back sooner from the event loop
    import gradio as gr
    import matplotlib.pyplot  # noqa: F401  (Gradio would import it within the first event, and everybody would wait)

    if mode == "apart":
        pool = ProcessPoolExecutor(1, multiprocessing.get_context("spawn"), start_worker)
        pool.submit(os.getpid).result()  # the model is there before the page is
    else:
        task = load_task()

    async def apart(texts: list[str]) -> list[list[str]]:
        return await asyncio.get_running_loop().run_in_executor(pool, in_worker, list(texts))

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
            limit = 2 if quick else 1  # the lock, or the one worker, keeps it to one forward pass at a time
            answers = apart if mode == "apart" else batched
            text.submit(answers, text, [answer, problem], concurrency_limit=limit, **batch)
    demo.queue(status_update_rate=5 if quick else "auto")
    demo.launch(server_name="127.0.0.1", server_port=port, quiet=True, share=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
