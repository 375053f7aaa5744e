# /// script
# requires-python = ">=3.10"
# dependencies = [
#   "gradio-patterns @ git+https://github.com/gradio-patterns/gradio-patterns",
#   "gradio<7,>=6.31",
#   "torch>=2.6",
# ]
# ///
import itertools
import threading

import gradio as gr
import torch

from gradio_patterns.models import load

WHO = ["The parcel", "Our order", "The invoice", "My refund", "The box", "A letter", "The chair", "The lamp"]
WHAT = ["arrived", "was lost", "came late", "was sent twice", "is missing", "was broken"]
WHEN = ["on Monday", "last week", "in spring", "yesterday", "after a month"]
LINES = "\n".join(f"{' '.join(words)}." for words in itertools.product(WHO, WHAT, WHEN))

embed = load("feature-extraction")
stops = {}  # session -> Event, which tells its job to end: it waits, or runs
busy = set()  # sessions whose job runs


def duplicates(text, request: gr.Request, progress=gr.Progress()):
    me = request.session_hash
    lines = list(dict.fromkeys(filter(None, map(str.strip, (text or "").splitlines()))))
    if not 2 <= len(lines) <= 2000:
        raise gr.Error("Paste between 2 and 2000 different lines.", print_exception=False)
    if me in busy:
        raise gr.Error("Your last job is still running. Stop it first.", print_exception=False)
    stop = stops.setdefault(me, threading.Event())
    busy.add(me)
    read = []
    try:
        for line in progress.tqdm(lines, desc="Reading", unit="lines"):
            if stop.is_set():
                return f"Stopped after {len(read)} of {len(lines)} lines.", []
            read.append(embed(line[:500], return_tensors=True)[0].float().mean(0))
    finally:
        busy.discard(me)
        stops.pop(me, None)
    unit = torch.nn.functional.normalize(torch.stack(read), dim=1)
    first, second = torch.triu_indices(len(lines), len(lines), 1)
    best = (unit @ unit.T)[first, second].topk(min(5, len(first)))
    rows = [[lines[first[i]], lines[second[i]], round(s, 3)] for s, i in zip(best.values.tolist(), best.indices)]
    return f"{len(lines)} lines compared.", rows


def awake(run, stop):
    return gr.Button(interactive=run), gr.Button(interactive=stop)


def start(request: gr.Request):
    stops[request.session_hash] = threading.Event()  # so that Stop works while the job waits, too
    return awake(run=False, stop=True)


def halt(request: gr.Request):
    if request.session_hash in stops:
        stops[request.session_hash].set()


def leave(request: gr.Request):
    halt(request)
    stops.pop(request.session_hash, None)


with gr.Blocks(title="Near duplicates") as demo:
    text = gr.Textbox(LINES, label="Lines", lines=4, max_lines=4)
    with gr.Row():
        go = gr.Button("Find near duplicates", variant="primary")
        stop_button = gr.Button("Stop", interactive=False)
    status = gr.Textbox(label="Status", lines=2)
    pairs = gr.Dataframe(headers=["Line", "Line", "Similarity"], label="Most alike", interactive=False)

    started = go.click(start, None, [go, stop_button], queue=False, api_visibility="private")
    job = started.success(
        duplicates, text, [status, pairs], concurrency_limit=2, show_progress_on=status, api_name="duplicates"
    )
    for end in (job.success, job.failure):
        end(lambda: awake(run=True, stop=False), None, [go, stop_button], api_visibility="private")
    stop_button.click(halt, queue=False, api_name="stop")
    demo.unload(leave)

demo.launch(height=560)
