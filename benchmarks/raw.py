"""The model without a server: the ceiling, our function, and libraries that batch a list."""

import time
from collections.abc import Callable

from benchmarks.tasks import Chat, Task, Text
from gradio_patterns.batching import Limits, run_batched, split

Groups = list[list[int]]


def rate(run: Callable[[], None], items: int) -> float:
    begin = time.perf_counter()
    run()
    return items / (time.perf_counter() - begin)


def arrival(sizes: list[int], many: int) -> Groups:
    return [list(range(start, min(start + many, len(sizes)))) for start in range(0, len(sizes), many)]


def sorted_chunks(sizes: list[int], many: int) -> Groups:
    order = sorted(range(len(sizes)), key=sizes.__getitem__, reverse=True)
    return [order[start : start + many] for start in range(0, len(order), many)]


def by_cost(sizes: list[int], limits: Limits) -> Groups:
    return split([(size, index) for index, size in enumerate(sizes)], limits)


def strategies(limits: bool = True) -> dict[str, Callable[[list[int]], Groups]]:
    """Ways to cut a window into passes, the order of the items being free; without `limits` only by number."""
    found: dict[str, Callable[[list[int]], Groups]] = {}
    for many in (4, 8, 16, 32, 64):
        found[f"sorted, {many} at a time"] = lambda sizes, many=many: sorted_chunks(sizes, many)
    for tokens in (256, 512, 1024, 2048, 4096, 16_384) if limits else ():
        for overhead in (0, 24, 48, 96):
            cost = Limits(tokens, 64, overhead)
            found[f"at most {tokens} tokens, overhead {overhead}"] = lambda sizes, cost=cost: by_cost(sizes, cost)
    return found


class Raw:
    """Windows of a task's items, prepared once: what is timed is the model.

    window: items at hand at once, which is what as many users offer.
    """

    def __init__(self, task: Task, payloads: list[str], window: int = 64) -> None:
        self.task, self.window = task, window
        self.payloads = [payloads[start : start + window] for start in range(0, len(payloads), window)]
        self.windows = [task.items(window) for window in self.payloads]
        self.sizes = [[task.size(item) for item in window] for window in self.windows]
        self.count = len(payloads)

    def cut(self, strategy: Callable[[list[int]], Groups]) -> float:
        """Items a second with every window cut by `strategy`; the cutting itself is not timed."""
        passes = [
            [window[index] for index in group]
            for window, sizes in zip(self.windows, self.sizes, strict=True)
            for group in strategy(sizes)
        ]
        return rate(lambda: [self.task.forward(group) for group in passes] and None, self.count)

    def function(self) -> float:
        """Items a second through `run_batched`, its own work included."""
        limits = self.task.limits._asdict() if self.task.limits else {}
        found: list[list] = []

        def run() -> None:
            found.extend(run_batched(self.task.forward, w, size=self.task.size, **limits) for w in self.windows)

        speed = rate(run, self.count)
        if problems := [problem for *_, column in found for problem in column if problem]:
            raise RuntimeError(f"{len(problems)} items failed: {problems[0]}")
        return speed

    def whole(self) -> float:
        """Payloads a second through `task.batched`: preparing them (tokenising) included."""
        return rate(lambda: [self.task.batched(window) for window in self.payloads] and None, self.count)

    def best(self) -> str:
        """The fastest strategy on two windows. Rounds are interleaved: a slow moment slows all of them."""
        few = Raw(self.task, [payload for window in self.payloads[:2] for payload in window], self.window)
        different: dict[str, str] = {}
        for name, strategy in strategies(not isinstance(self.task, Chat)).items():
            different.setdefault(repr([strategy(sizes) for sizes in few.sizes]), name)
        rates: dict[str, list[float]] = {name: [] for name in different.values()}
        for _ in range(1 if isinstance(self.task, Chat) else 3):
            for name, values in rates.items():
                values.append(few.cut(strategies()[name]))
        return max(rates, key=lambda name: sorted(rates[name])[len(rates[name]) // 2])


def libraries(task: Task) -> dict[str, Callable[[list[str]], object]]:
    """What batches a list of texts in other libraries, one call for a window."""
    if not isinstance(task, Text):
        return {}
    from gradio_patterns.models import load

    pipe = load("feature-extraction")
    found: dict[str, Callable[[list[str]], object]] = {
        "transformers pipeline, batch_size=32": lambda window: pipe(window, batch_size=32, return_tensors=True)
    }
    try:
        from sentence_transformers import SentenceTransformer
    except ImportError:
        return found
    model = SentenceTransformer(
        pipe.model.name_or_path, device=str(pipe.device), model_kwargs={"dtype": pipe.model.dtype}
    )
    found["sentence-transformers encode"] = lambda window: model.encode(window, show_progress_bar=False)
    return found
