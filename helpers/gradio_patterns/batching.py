"""Run the items of a Gradio batch through a model with little padding and separate failures.

Gradio's `batch=True` hands a handler whatever is waiting, in arrival order. Stacked as they come, short items
are padded to the longest, which can cost more than no batching. `run_batched` sorts the items by length, cuts them
into passes under a budget of padded tokens, and puts the results back into the callers' order:

    def label(texts):                                    # batch=True: one tuple for each input component
        ids = tokenizer(list(texts), truncation=True)["input_ids"]
        return run_batched(forward, ids, size=len)       # [answers, problems]: one list for each output component

    run.click(label, text, [answer, problem], batch=True, max_batch_size=32, api_name="label")

This file needs nothing but the standard library and can be copied alone.
"""

import logging
import sys
import traceback
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

log = logging.getLogger(__name__)


class Limits(NamedTuple):
    """What one forward pass may hold, and what it costs to start one.

    max_tokens: items times the longest of them, that is with padding.
    max_items: items in a pass, whatever their size.
    overhead: the fixed cost of a pass, in tokens; a pass is only split where that saves more padding than this.
    """

    max_tokens: int
    max_items: int
    overhead: int


# The CPU values follow from all-MiniLM-L6-v2, whose cost per token is flat from about 256 padded tokens on. The GPU
# values are an estimate, not measured: tune them with `max_tokens` and `overhead`.
CPU = Limits(max_tokens=1024, max_items=32, overhead=48)
GPU = Limits(max_tokens=16_384, max_items=128, overhead=1024)


def default_limits() -> Limits:
    """`GPU` if torch is loaded and sees an accelerator, else `CPU`."""
    torch = sys.modules.get("torch")
    if torch is not None and (torch.cuda.is_available() or torch.backends.mps.is_available()):
        return GPU
    return CPU


def is_out_of_memory(error: Exception) -> bool:
    """Whether PyTorch ran out of memory: on CUDA a class of its own, on the CPU and elsewhere only words.

    The wording is that of `accelerate.utils.memory.should_reduce_batch_size`.
    """
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    words = ("out of memory", "can't allocate memory", "CUDNN_STATUS_NOT_SUPPORTED")
    return isinstance(error, RuntimeError) and any(word in str(error) for word in words)


def user_message(error: Exception) -> str:
    """What a user may read of an exception: a `gr.Error`'s own message; of others nothing internal, they are logged."""
    if type(error).__name__ == "Error" and isinstance(getattr(error, "message", None), str):
        return error.message  # ty: ignore[missing-attribute]
    log.warning("An item of a batch failed.", exc_info=error)
    if is_out_of_memory(error):
        return "This input is too large for the memory of this server. Try a smaller one."
    return "This input could not be processed."


def run_batched(
    fn: Callable[[list[Any]], Iterable[Any]],
    items: Sequence[Any],
    *,
    size: Callable[[Any], int] | None = None,
    key: Callable[[Any], Hashable] | None = None,
    outputs: int = 1,
    max_tokens: int | None = None,
    max_items: int | None = None,
    overhead: int | None = None,
    message: Callable[[Exception], str] = user_message,
) -> list[list[Any]]:
    """Call `fn` on groups of `items` of similar size and return one list for each output component, and the problems.

    fn: takes a list of n items, returns n results in the same order (an `Exception` as a result fails that item).
        It may see an item again after a failure, so it must not count on side effects.
    items: one for each caller. One that is an `Exception` already (a refused input) is not run.
    size: tokens of an item (its padded length, more than 0); `None` where padding does not matter.
    key: items whose key differs never share a pass: the pixel size of images, the settings of a generation.
    outputs: values that `fn` returns for each item; with 2 or more, each result is a tuple of that length.
    max_tokens, max_items, overhead: see `Limits`; `None` takes `default_limits()`.
    message: turns an exception into the words that its user reads.

    Returns `outputs + 1` lists as long as `items`, in their order: the results (`None` where an item failed), and last
    the problems ("" where an item succeeded).

    A pass that fails is halved until what fails stands alone; out of memory is no different. What a pass needs is
    freed before the halves run.

    Raises `ValueError` if `fn` returns anything but one result for each item: no result could be given to its caller.
    """
    default = default_limits()
    limits = Limits(
        default.max_tokens if max_tokens is None else max_tokens,
        default.max_items if max_items is None else max_items,
        default.overhead if overhead is None else overhead,
    )
    if limits.max_tokens < 1 or limits.max_items < 1 or limits.overhead < 0 or outputs < 1:
        raise ValueError(f"outputs and the limits must be positive, but outputs is {outputs} and they are {limits}.")
    done: list[Any] = list(items)
    groups: dict[Hashable, list[tuple[int, int]]] = {}
    for index, item in enumerate(done):
        if not isinstance(item, Exception):
            try:
                groups.setdefault(key(item) if key else None, []).append((size(item) if size else 1, index))
            except Exception as error:
                done[index] = error
    for sizes in groups.values():
        for group in split(sizes, limits if size else limits._replace(max_tokens=sys.maxsize)):
            for index, result in zip(group, _attempt(fn, [items[i] for i in group], outputs), strict=True):
                done[index] = result
    columns: list[list[Any]] = [[None] * len(done) for _ in range(outputs)] + [[""] * len(done)]
    for index, result in enumerate(done):
        if isinstance(result, Exception):
            columns[-1][index] = message(result) or "This input could not be processed."
        else:
            for column, value in zip(columns, result if outputs > 1 else [result], strict=False):
                column[index] = value
    return columns


def split(sizes: Sequence[tuple[int, int]], limits: Limits) -> list[list[int]]:
    """Cut (size, index) pairs, sorted by size, into the passes that cost least: lists of indices, largest first.

    A pass costs its padded tokens plus the overhead. Sorted contiguous groups are optimal for that cost, so dynamic
    programming over the cuts finds the best split in n * max_items steps. An item above the budget goes alone.
    """
    ordered = sorted(sizes, reverse=True)  # largest first: what does not fit shows at once
    best, cut = [0.0], [0]
    for end in range(1, len(ordered) + 1):
        best.append(float("inf"))
        cut.append(end - 1)
        for start in range(end - 1, max(end - 1 - limits.max_items, -1), -1):
            padded = (end - start) * ordered[start][0]
            if padded > limits.max_tokens and end - start > 1:
                break  # an earlier start is longer and larger still
            if best[start] + padded + limits.overhead < best[end]:
                best[end], cut[end] = best[start] + padded + limits.overhead, start
    groups, end = [], len(ordered)
    while end:
        groups.append([index for _, index in ordered[cut[end] : end]])
        end = cut[end]
    return groups[::-1]


def _attempt(fn: Callable[[list[Any]], Iterable[Any]], group: list[Any], outputs: int) -> list[Any]:
    """Results of `fn(group)`; halves of it after an exception; the exception itself for a single item."""
    try:
        results = fn(group)
        if results is not None and not isinstance(results, str | bytes | Mapping):
            results = list(results)  # here, so that a generator that fails is halved too
    except Exception as error:
        traceback.clear_frames(error.__traceback__)  # the frames hold the tensors of the failed pass
        if len(group) == 1:
            return [error]
        out_of_memory = is_out_of_memory(error)
    else:
        _check(results, len(group), outputs)
        return results  # ty: ignore[invalid-explicit-return]
    if out_of_memory and (torch := sys.modules.get("torch")) and torch.cuda.is_available():
        torch.cuda.empty_cache()
    half = len(group) // 2
    return _attempt(fn, group[:half], outputs) + _attempt(fn, group[half:], outputs)


def _check(results: Any, expected: int, outputs: int) -> None:
    if not isinstance(results, list):
        raise ValueError(
            f"The batched function returned {type(results).__name__} for {expected} items. "
            "Return a list with one result for each item, in the order of the items."
        )
    if len(results) != expected:
        raise ValueError(
            f"The batched function returned {len(results)} results for {expected} items. "
            "Return one result for each item, in the order of the items."
        )
    for result in results if outputs > 1 else ():
        if not isinstance(result, Exception) and not (isinstance(result, tuple | list) and len(result) == outputs):
            raise ValueError(
                f"The batched function must return a tuple of {outputs} values for each item "
                f"(outputs={outputs}), but returned {type(result).__name__}: {result!r:.80}"
            )
