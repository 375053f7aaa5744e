import asyncio
import atexit
import contextlib
import logging
import os

import gradio as gr
import ray
import torch
from ray import serve
from ray.exceptions import RayActorError
from ray.serve.exceptions import BackPressureError
from transformers import TextIteratorStreamer

from gradio_patterns.batching import run_batched
from gradio_patterns.models import load

ANSWERS = [
    "Refunds are paid to the card you used, within five days.",
    "To reset your password, follow the link we send by e-mail.",
    "We open at nine and close at six, on Sundays at four.",
]
BY_LOAD = {"min_replicas": 1, "max_replicas": 2, "target_ongoing_requests": 2, "upscale_delay_s": 1}
BY_LOAD |= {"metrics_interval_s": 0.5, "look_back_period_s": 2}  # quick, to be watched
os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
logging.getLogger("ray.serve").setLevel("ERROR")


@serve.deployment(autoscaling_config=BY_LOAD, max_ongoing_requests=32, max_queued_requests=200)
class Search:
    def __init__(self):
        self.embed = load("feature-extraction")
        self.known = torch.stack(self.forward(self.ids(ANSWERS)))

    def ids(self, texts):
        return self.embed.tokenizer(texts, truncation=True, max_length=128)["input_ids"]

    def forward(self, ids):
        batch = self.embed.tokenizer.pad({"input_ids": ids}, return_tensors="pt").to(self.embed.device)
        with torch.inference_mode():
            hidden = self.embed.model(**batch).last_hidden_state.float()
        sums = (hidden * batch["attention_mask"][..., None]).sum(1)
        return list(torch.nn.functional.normalize(sums, dim=-1))

    @serve.batch(max_batch_size=32, batch_wait_timeout_s=0.01)
    async def __call__(self, texts):
        vectors, problems = await asyncio.to_thread(run_batched, self.forward, self.ids(texts), size=len)
        best = [None if v is None else int((self.known @ v).argmax()) for v in vectors]
        return [(i, problem, os.getpid(), len(texts)) for i, problem in zip(best, problems, strict=True)]


@serve.deployment(max_ongoing_requests=1, max_queued_requests=20)
class Write:
    def __init__(self):
        self.chat = load("text-generation")

    async def __call__(self, question):
        words = TextIteratorStreamer(self.chat.tokenizer, skip_prompt=True, skip_special_tokens=True)
        asked, options = [{"role": "user", "content": question}], {"max_new_tokens": 24, "do_sample": False}
        job = asyncio.create_task(asyncio.to_thread(self.chat, asked, streamer=words, **options))
        job.add_done_callback(lambda _: words.end())  # also after an error: else the loop waits for ever
        while (word := await asyncio.to_thread(next, words, None)) is not None:
            yield word
        await job  # raises what `generate` has raised


here = {"num_cpus": 4, "include_dashboard": False, "object_store_memory": 80_000_000}
cluster = {} if os.environ.get("RAY_ADDRESS") else here  # join that one, or start one on this machine
for attempt in range(3):  # Ray gives its own start 30 s, too little on a busy laptop
    try:
        ray.is_initialized() or ray.init(log_to_driver=False, logging_level="ERROR", **cluster)
    except Exception:
        if attempt == 2:
            raise
serve.start(proxy_location="Disabled", logging_config={"log_level": "ERROR", "enable_access_log": False})
search, write = serve.run_many([serve.RunTarget(m.bind(), m.name, None) for m in (Search, Write)])


@atexit.register
def leave():  # the handles first: they report to the cluster until told to stop
    search.shutdown(), write.shutdown(), ray.shutdown()


@contextlib.contextmanager
def checked(question):
    if not (question or "").strip():
        raise gr.Error("Type a question first.", print_exception=False)
    try:
        yield question[:1000]
    except (BackPressureError, RayActorError):
        raise gr.Error("The models are busy or restart. Ask again in a minute.", print_exception=False) from None


async def find(question):
    with checked(question) as question:
        try:
            (best, problem, process, together), again = await search.remote(question), ""
        except RayActorError:  # it changes nothing, so it may be repeated, once
            (best, problem, process, together), again = await search.remote(question), ", at the second attempt"
        if problem:
            raise gr.Error(problem, print_exception=False)
        return ANSWERS[best], f"process {process}, batch of {together}{again}"


async def answer(question):
    with checked(question) as question:
        text = ""
        async for word in write.options(stream=True).remote(question):
            text += word  # from here on it cannot be repeated: the visitor reads along
            yield text


with gr.Blocks(title="In front of a cluster") as demo:
    question = gr.Textbox("When is the money back?", label="Question")
    text = gr.Textbox(label="Answer", lines=3)
    by = gr.Textbox(label="Found by")
    gr.Button("Look up", variant="primary").click(find, question, [text, by], concurrency_limit=64, api_name="find")
    gr.Button("Ask the language model").click(answer, question, text, concurrency_limit=8, api_name="answer")

demo.launch()
