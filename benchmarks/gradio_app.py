"""The live Gradio endpoint: `python -m benchmarks.gradio_app PORT`, with BENCH_TASK and BENCH_MODE in the environment.

one       each request alone, Gradio's own default
padded    `batch=True`, stacked in arrival order
batched   `batch=True` with our function
tuned     the same with two batches in flight, and the settings that make an event cheap
apart     the same with the model in a process of its own, which shares no interpreter with the events and takes all
          that waits whenever it is free
"""

import asyncio
import multiprocessing
import os
import sys
import threading

CHEAP_EVENTS = {"GRADIO_ANALYTICS_CACHE_FREQUENCY": "1000000", "GRADIO_ANALYTICS_MAX_EVENTS": "1"}
MAX_BATCH = 32


def load_task():
    """The task of BENCH_TASK with its model, on one thread."""
    import torch

    from benchmarks.tasks import TASKS

    torch.set_num_threads(1)
    return TASKS[os.environ["BENCH_TASK"]]()


def work(questions: multiprocessing.Queue, answers: multiprocessing.Queue) -> None:
    """What the process of `Worker` does: all that waits, at most MAX_BATCH payloads, is the next batch."""
    task = load_task()
    answers.put([])
    while True:
        taken = [questions.get()]
        while len(taken) < MAX_BATCH and not questions.empty():
            taken.append(questions.get())
        columns = task.batched([payload for _, payload in taken])
        answers.put([(number, row) for (number, _), row in zip(taken, zip(*columns, strict=True), strict=True)])


class Worker:
    """A handler that leaves the batch to another process and awaits its own results."""

    def __init__(self) -> None:
        spawn = multiprocessing.get_context("spawn")
        self.questions, self.answers = spawn.Queue(), spawn.Queue()
        self.waiting: dict[int, asyncio.Future] = {}
        spawn.Process(target=work, args=(self.questions, self.answers), daemon=True).start()
        self.answers.get()  # the model is there before the page is
        threading.Thread(target=self.receive, daemon=True).start()

    async def answer(self, payloads: list[str]) -> list[list[str]]:
        self.loop = asyncio.get_running_loop()
        futures = [self.loop.create_future() for _ in payloads]
        for future, payload in zip(futures, payloads, strict=True):
            self.waiting[id(future)] = future
            self.questions.put((id(future), payload))
        return [list(column) for column in zip(*await asyncio.gather(*futures), strict=True)]

    def receive(self) -> None:
        while True:
            results = self.answers.get()
            self.loop.call_soon_threadsafe(self.deliver, results)

    def deliver(self, results: list[tuple]) -> None:
        for number, row in results:
            self.waiting.pop(number).set_result(row)


def main(port: int) -> None:
    mode = os.environ["BENCH_MODE"]
    quick = mode in ("tuned", "apart")
    if quick:
        os.environ.update(CHEAP_EVENTS)
        sys.setswitchinterval(0.0005)  # the model's thread gets the interpreter back sooner from the event loop
    import gradio as gr
    import matplotlib.pyplot  # noqa: F401  (Gradio would import it within the first event, and everybody would wait)

    if mode == "apart":
        handler = Worker().answer
    else:
        task = load_task()
        handler = {
            "one": task.one,
            "padded": lambda texts: [task.padded(list(texts))],
            "batched": lambda texts: task.batched(list(texts)),
            "tuned": lambda texts: task.batched(list(texts)),
        }[mode]
    batch = {} if mode == "one" else {"batch": True, "max_batch_size": MAX_BATCH}
    limit = {"tuned": 2, "apart": 8}.get(mode, 1)  # the lock, or the one worker, keeps it to one pass at a time
    with gr.Blocks() as demo:
        text, answer, problem = gr.Textbox(label="Text"), gr.Textbox(label="Answer"), gr.Textbox(label="Problem")
        outputs = answer if mode in ("one", "padded") else [answer, problem]
        text.submit(handler, text, outputs, api_name="predict", concurrency_limit=limit, **batch)
    demo.queue(status_update_rate=5 if quick else "auto")
    demo.launch(server_name="127.0.0.1", server_port=port, quiet=True, share=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
