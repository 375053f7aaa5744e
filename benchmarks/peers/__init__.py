"""The peers, each with dynamic batching as its documentation sets it up, in modules that their workers can import."""

import os
from collections.abc import Callable


def make() -> Callable[[list[str]], list[str]]:
    """`payloads -> answers` of the task and mode that the environment names, with one model thread."""
    import torch

    from benchmarks.tasks import TASKS

    torch.set_num_threads(1)
    task = TASKS[os.environ["BENCH_TASK"]]()
    if os.environ["BENCH_MODE"] == "padded":
        return lambda payloads: task.padded(list(payloads))
    return lambda payloads: task.batched(list(payloads))[0]
