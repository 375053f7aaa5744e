# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "ray[serve]>=2.50",
#   "torch>=2.6",
# ]
# ///
import asyncio
import atexit
import logging
import os

import gradio as gr
import ray
import torch
from ray import serve
from ray.exceptions import RayActorError
from ray.serve.exceptions import BackPressureError

from gradio_patterns.batching import run_batched
from gradio_patterns.models import load

ANSWERS = [
    "Refunds are paid to the card you used, within five days.",
    "To reset your password, follow the link we send by e-mail.",
    "We open at nine and close at six, on Sundays at four.",
]
BY_LOAD = {"min_replicas": 1, "max_replicas": 2, "target_ongoing_requests": 8, "upscale_delay_s": 3}
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


here = {"num_cpus": 2, "include_dashboard": False, "object_store_memory": 80_000_000}
cluster = {} if os.environ.get("RAY_ADDRESS") else here  # join that one, or start one on this machine
for chance in range(3):  # Ray gives its own start 30 s, too little on a busy machine
    try:
        ray.is_initialized() or ray.init(log_to_driver=False, logging_level="ERROR", **cluster)
    except Exception:
        if chance == 2:
            raise
serve.start(proxy_location="Disabled", logging_config={"log_level": "ERROR", "enable_access_log": False})
search = serve.run(Search.bind(), route_prefix=None)


@atexit.register
def leave():  # the handle first: it reports to the cluster until told to stop
    search.shutdown(), ray.shutdown()


async def find(question):
    if not (question or "").strip():
        raise gr.Error("Type a question first.", print_exception=False)
    for attempt in ("", ", at the second attempt"):
        try:
            best, problem, process, together = await search.remote(question[:1000])
            break
        except RayActorError:  # the call changes nothing, so it may be repeated, once
            if attempt:
                raise gr.Error("The models restart. Ask again in a minute.", print_exception=False) from None
        except BackPressureError:
            raise gr.Error("The models are busy. Ask again in a minute.", print_exception=False) from None
    if problem:
        raise gr.Error(problem, print_exception=False)
    return ANSWERS[best], f"process {process}, batch of {together}{attempt}"


with gr.Blocks(title="In front of a cluster") as demo:
    question = gr.Textbox("When is the money back?", label="Question")
    found = gr.Textbox(label="Answer")
    by = gr.Textbox(label="Found by")
    gr.Button("Look up", variant="primary").click(find, question, [found, by], concurrency_limit=64, api_name="find")

demo.launch()
