"""What every candidate is given: seeded inputs, and one small model for each task.

A payload is a string and an answer is a string, so that no server is measured by how it carries pictures or vectors.
`padded` is a batch as it comes, which is what the peers' documentation shows; `batched` is our function.
"""

import base64
import io
import random
import threading
from contextlib import nullcontext

import numpy as np
import torch
from PIL import Image

from gradio_patterns.batching import CPU, GPU, Limits, run_batched
from gradio_patterns.models import load

VOCABULARY = (
    "the a of to and in is it you that he was for on are with as his they be at one have this from or had by hot but "
    "some what there we can out other were all your when up use word how said an each she which do their time if will "
    "way about many then them would write like so these her long make thing see him two has look more day could go "
    "come did my sound no most number who over know water than call first people may down side been now find any new "
    "work part take get place made live where after back little only round man year came show every good me give our "
    "under name very through just form much great think say help low line before turn cause same mean differ move "
    "right boy old too does tell sentence set three want air well also play small end put home read hand port large "
    "spell add even land here must big high such follow act why ask men change went light kind off need house picture "
    "try us again animal point mother world near build self earth father head stand own page should country found "
    "answer school grow study still learn plant cover food sun four thought let keep eye never last door between city "
    "tree cross since hard start might story saw far sea draw left late run while press close night real life few"
)
WORDS = VOCABULARY.split()
LABELS = (
    "travel",
    "food and cooking",
    "science",
    "sport",
    "music",
    "politics",
    "medicine",
    "money",
    "computers",
    "art",
)

# Words in a text. "mixed" is what people type into a text box: mostly a line, now and then a page.
LENGTHS = {
    "mixed": lambda dice: round(min(max(dice.lognormvariate(2.6, 0.9), 2), 180)),
    "short": lambda dice: dice.randint(3, 14),
    "long": lambda dice: dice.randint(60, 180),
    "mostly short": lambda dice: 150 if dice.random() < 0.1 else 6,
}


class Task:
    """A model on one device, used by one thread at a time: `lock` stands for the device."""

    lengths: tuple[str, ...] = ("",)
    limits: Limits | None = None

    def __init__(self) -> None:
        self.lock = threading.Lock()

    def payloads(self, count: int, lengths: str, seed: int = 0) -> list[str]:
        raise NotImplementedError

    def items(self, payloads: list[str]) -> list:
        """What `forward` takes, made once from each payload, outside the lock."""
        raise NotImplementedError

    def size(self, item) -> int:
        return 1

    def forward(self, items: list) -> list[str]:
        raise NotImplementedError

    def one(self, payload: str) -> str:
        return self.padded([payload])[0]

    def padded(self, payloads: list[str]) -> list[str]:
        items = self.items(payloads)
        with self.lock:
            return self.forward(items)

    def batched(self, payloads: list[str]) -> list[list[str]]:
        items = self.items(payloads)
        limits = self.limits._asdict() if self.limits else {}
        with self.lock:
            return run_batched(self.forward, items, size=self.size, **limits)


class Text(Task):
    """all-MiniLM-L6-v2: a text to the nearest of ten labels."""

    lengths = tuple(LENGTHS)

    def __init__(self) -> None:
        super().__init__()
        self.model, self.tokenizer = (pipe := load("feature-extraction")).model, pipe.tokenizer
        self.labels = torch.nn.functional.normalize(self.vectors(self.items(list(LABELS))), dim=1)

    def payloads(self, count: int, lengths: str = "mixed", seed: int = 0) -> list[str]:
        dice = random.Random(f"{lengths}-{seed}")
        return [" ".join(dice.choices(WORDS, k=LENGTHS[lengths](dice))) for _ in range(count)]

    def items(self, payloads: list[str]) -> list[list[int]]:
        return self.tokenizer(payloads, truncation=True, max_length=256)["input_ids"]

    def size(self, item: list[int]) -> int:
        return len(item)

    @torch.inference_mode()
    def vectors(self, items: list[list[int]]) -> torch.Tensor:
        batch = self.tokenizer.pad({"input_ids": items}, return_tensors="pt").to(self.model.device)
        hidden, mask = self.model(**batch).last_hidden_state, batch["attention_mask"].unsqueeze(-1)
        return (hidden * mask).sum(1) / mask.sum(1)

    def forward(self, items: list[list[int]]) -> list[str]:
        return [LABELS[index] for index in (self.vectors(items) @ self.labels.T).argmax(1).tolist()]


class Images(Task):
    """MobileNetV2, 224 by 224: a JPEG in base64 to its most likely class."""

    def __init__(self) -> None:
        super().__init__()
        self.pipe = load("image-classification")
        self.model = self.pipe.model
        # On a CPU, two at a time are fastest; 32 run at a third of that speed.
        self.limits = GPU if self.model.device.type == "cuda" else CPU._replace(max_items=2)

    def payloads(self, count: int, lengths: str = "", seed: int = 0) -> list[str]:
        dice, strings = np.random.default_rng(seed), []
        for _ in range(count):
            coarse = Image.fromarray(dice.integers(0, 255, (6, 6, 3), np.uint8))
            buffer = io.BytesIO()
            coarse.resize((320, 240), Image.Resampling.BICUBIC).save(buffer, "JPEG")
            strings.append(base64.b64encode(buffer.getvalue()).decode())
        return strings

    def items(self, payloads: list[str]) -> list[torch.Tensor]:
        images = [Image.open(io.BytesIO(base64.b64decode(payload))).convert("RGB") for payload in payloads]
        return list(self.pipe.image_processor(images, return_tensors="pt")["pixel_values"])

    @torch.inference_mode()
    def forward(self, items: list[torch.Tensor]) -> list[str]:
        pixels = torch.stack(items).to(self.model.device, self.model.dtype)
        return [self.model.config.id2label[index] for index in self.model(pixels).logits.argmax(1).tolist()]


class Chat(Task):
    """SmolLM2-135M-Instruct, greedy, 16 new tokens: a question to the start of an answer."""

    new_tokens = 16
    limits = Limits(max_tokens=4096, max_items=16, overhead=4096)  # decoding reads all weights for each token: share it

    def __init__(self) -> None:
        super().__init__()
        self.model, self.tokenizer = (pipe := load("text-generation")).model, pipe.tokenizer
        self.tokenizer.padding_side = "left"

    def payloads(self, count: int, lengths: str = "", seed: int = 0) -> list[str]:
        dice = random.Random(seed)
        return [f"Write about {' '.join(dice.choices(WORDS, k=dice.randint(2, 40)))}." for _ in range(count)]

    def items(self, payloads: list[str]) -> list[list[int]]:
        turns = [[{"role": "user", "content": payload}] for payload in payloads]
        return self.tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)["input_ids"]

    def size(self, item: list[int]) -> int:
        return len(item)

    @torch.inference_mode()
    def forward(self, items: list[list[int]]) -> list[str]:
        batch = self.tokenizer.pad({"input_ids": items}, return_tensors="pt").to(self.model.device)
        tokens = self.new_tokens
        out = self.model.generate(**batch, min_new_tokens=tokens, max_new_tokens=tokens, do_sample=False)
        return self.tokenizer.batch_decode(out[:, batch["input_ids"].shape[1] :], skip_special_tokens=True)


class Nothing(Task):
    """No model: what is left is the server's own cost for each event."""

    lock = nullcontext()

    def __init__(self) -> None:
        pass

    def payloads(self, count: int, lengths: str = "", seed: int = 0) -> list[str]:
        return [str(number) for number in range(count)]

    def items(self, payloads: list[str]) -> list[str]:
        return list(payloads)

    def forward(self, items: list[str]) -> list[str]:
        return items


TASKS: dict[str, type[Task]] = {"text": Text, "images": Images, "chat": Chat, "nothing": Nothing}
