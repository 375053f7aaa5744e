"""Stream from one model to many visitors at the same time: continuous batching.

A step of a language model reads all weights to make one token. Made for many visitors at once, the tokens cost little
more than one. `model.generate` can share its steps only among those who start together, and until the longest answer
ends. Here the batch changes between two steps: who is new joins, who is done or has left makes room.

    streams = Streams(chat.model, chat.tokenizer, places=16)

    def answer(question):
        text = ""
        with closing(streams.stream([{"role": "user", "content": question}], 200)) as pieces:
            for piece in pieces:
                yield (text := text + piece)

    ask.click(answer, question, reply, concurrency_limit=streams.places, api_name="answer")

The technique is the iteration-level scheduling of Orca (Yu et al., OSDI 2022). Rows are padded on the left; new prompts
are read in a pass of their own, whose keys and values are then put below the others'. Transformers has a manager with
paged memory for large GPUs, `model.init_continuous_batching()`; on a CPU this is faster, and ready at once.

This file needs torch and transformers and can be copied alone.
"""

from __future__ import annotations

import inspect
import queue
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

__all__ = ["Streams", "TooLong"]


class TooLong(ValueError):
    """A prompt leaves no room for an answer in the context."""


class Streams:
    """One model, and the streams that share its steps.

    Args:
        model: a decoder of Transformers that keeps all keys and values, such as Llama, Qwen or SmolLM2.
        tokenizer: the model's; nothing of it is changed.
        places: streams at the same time. More wait in the order in which they came.
        max_context: tokens of a prompt and its answer together; None takes what the model was trained for.
        max_prefill: tokens of new prompts, with padding, that are read between two steps; a longer one is read alone.
            The more, the longer those who stream already wait for their next token.
        pick: from logits of shape (streams, vocabulary) the next token of each, of shape (streams,). The default takes
            the most likely one; nothing else of the model's `generation_config` is used but its end tokens.

    The model's keys and values take at most `places` times `max_context` tokens, twice that while the batch changes.
    The steps run in a thread of its own, which ends when nobody streams. Under ZeroGPU such a thread has no GPU.

    Raises:
        ValueError: a limit below 1, or a model that keeps something else than keys and values for every token.
    """

    def __init__(
        self,
        model: Any,
        tokenizer: Any,
        *,
        places: int = 16,
        max_context: int | None = None,
        max_prefill: int = 2048,
        pick: Callable[[torch.Tensor], torch.Tensor] = lambda logits: logits.argmax(-1),
    ) -> None:
        if reason := _unsupported(model):
            raise ValueError(
                f"{type(model).__name__} cannot stream to many at once: {reason}. "
                "Stream its answers one at a time, or answer in batches with `run_batched`."
            )
        trained = getattr(model.config.get_text_config(decoder=True), "max_position_embeddings", None) or 2048
        self.places, self.max_context, self.max_prefill = places, min(max_context or trained, trained), max_prefill
        if min(places, self.max_context - 1, max_prefill) < 1 or (max_context is not None and max_context < 2):
            raise ValueError("places and max_prefill must be at least 1, and max_context at least 2.")
        self.model, self.tokenizer, self.pick = model, tokenizer, pick
        ends = getattr(model.generation_config, "eos_token_id", None)
        self._ends = {tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}
        self._last_only = {"logits_to_keep": 1} if "logits_to_keep" in _parameters(model) else {}
        self._lock = threading.Lock()  # guards the three below
        self._waiting: deque[_Request] = deque()
        self._thread: threading.Thread | None = None
        self._closed = False
        self._placed: list[_Request] = []

    @property
    def streaming(self) -> int:
        """How many streams have a place."""
        return len(self._placed)

    @property
    def waiting(self) -> int:
        """How many wait for the next step or for a place."""
        return len(self._waiting)

    def stream(
        self,
        prompt: Sequence[Mapping[str, Any]] | Sequence[int],
        max_new_tokens: int = 256,
        stop: threading.Event | None = None,
    ) -> Iterator[str]:
        """Yield the answer to a prompt piece by piece, each a token's text or what several make together.

        prompt: the messages of a chat, or token ids.
        max_new_tokens: where the answer is cut; the context cuts it, too.
        stop: ends the stream at the next step once it is set. Closing the iterator does so as well.

        Pieces never end within a character. Who takes them slowly gets longer ones, and holds up nobody.

        Raises, at the first piece:
            TooLong: the prompt fills the context.
            ValueError: an empty prompt, ids that the model does not know, or what the chat template refuses.
            RuntimeError: the model failed at a step that this stream shared, or `close` was called.
        """
        ids = self._ids(prompt)
        request = _Request(ids, min(max_new_tokens, self.max_context - len(ids)), stop)
        if max_new_tokens < 1:
            raise ValueError("max_new_tokens must be at least 1.")
        self._submit(request)
        shown: list[int] = []  # the tokens of the last piece: what comes before decides about spaces
        new: list[int] = []
        try:
            while True:
                arrived = [request.arrivals.get()]  # waits for one, and takes what has come besides
                while not request.arrivals.empty():
                    arrived.append(request.arrivals.get())
                new += [item for item in arrived if isinstance(item, int)]
                ended = not isinstance(arrived[-1], int)
                text = self._text(shown + new)[len(self._text(shown)) :]
                if ended:
                    text = text.rstrip("\ufffd")  # the limit has cut a character
                if text and not text.endswith("\ufffd"):  # else wait for the rest of the character
                    yield text
                    shown, new = new, []
                if ended:
                    if isinstance(arrived[-1], Exception):
                        raise RuntimeError(f"The stream was broken off: {arrived[-1]}") from arrived[-1]
                    return
        finally:
            request.left = True

    def warm_up(self) -> None:
        """Run a step with all places taken: what the model allocates or compiles at first, no visitor waits for."""
        requests = [_Request([0], 2, None) for _ in range(self.places)]
        self._submit(*requests)
        for request in requests:
            while isinstance(item := request.arrivals.get(), int):
                pass
            if item is not None:
                raise RuntimeError(f"The model cannot be warmed up: {item}") from item

    def close(self) -> None:
        """End all streams with a `RuntimeError`, and refuse new ones."""
        with self._lock:
            self._closed, thread = True, self._thread
        if thread is not None:
            thread.join()

    def _ids(self, prompt: Sequence[Any]) -> list[int]:
        if prompt and isinstance(prompt[0], Mapping):
            with self._lock:  # a fast tokenizer that two threads use may say "Already borrowed"
                options = {"add_generation_prompt": True, "return_dict": True}
                prompt = self.tokenizer.apply_chat_template(list(prompt), **options)["input_ids"]
        ids = [int(token) for token in prompt]
        known = self.model.get_input_embeddings().num_embeddings
        if not ids or not all(0 <= token < known for token in ids):  # a GPU would fail for everybody
            raise ValueError(f"A prompt needs at least one token, each from 0 to {known - 1}.")
        if len(ids) >= self.max_context:
            raise TooLong(f"The prompt has {len(ids)} tokens, and at most {self.max_context - 1} fit.")
        return ids

    def _text(self, tokens: list[int]) -> str:
        return self.tokenizer.decode(tokens, skip_special_tokens=True)

    def _submit(self, *requests: _Request) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("These streams were closed.")
            self._waiting.extend(requests)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="streams", daemon=True)
                self._thread.start()

    # --- in the thread of the model ---

    @torch.inference_mode()
    def _run(self) -> None:
        rows = _Rows()
        new: list[_Request] = []
        while True:
            try:
                rows.drop()
                with self._lock:
                    new = self._admitted(self.places - len(rows.requests))
                    self._placed = rows.requests + new
                    if not self._placed:
                        self._thread = None  # the next stream starts another
                        return
                for fresh in self._prefilled(new):  # first: a newcomer waits for no step more than the one under way
                    rows.join(fresh)
                rows.drop()
                if rows.requests:
                    rows.mask = torch.nn.functional.pad(rows.mask, (0, 1), value=1)
                    self._forward(rows, rows.last[:, None])
                if self._closed:
                    raise RuntimeError("These streams were closed.")
            except Exception as error:
                for request in rows.requests + new:
                    request.end(error)
                traceback.clear_frames(error.__traceback__)  # the frames hold tensors
                rows = _Rows()

    def _admitted(self, room: int) -> list[_Request]:
        """Take from the line who gets a place now; end who no longer waits."""
        taken: list[_Request] = []
        still: deque[_Request] = deque()
        longest, full = 0, False
        for request in self._waiting:
            if self._closed or request.is_over:
                request.end(RuntimeError("These streams were closed.") if self._closed else None)
                continue
            longest = max(longest, request.length)
            full = full or len(taken) == room or bool(taken and (len(taken) + 1) * longest > self.max_prefill)
            (still if full else taken).append(request)
        self._waiting = still
        return taken

    def _prefilled(self, new: list[_Request]) -> Iterator[_Rows]:
        """The rows of new requests, their first token made; those that the model cannot bear fail alone."""
        if not new:
            return
        rows, longest = _Rows(new), max(request.length for request in new)
        ids = torch.tensor([[0] * (longest - request.length) + request.ids for request in new])
        mask = torch.tensor([[0] * (longest - request.length) + [1] * request.length for request in new])
        try:
            rows.cache, rows.mask = DynamicCache(config=self.model.config), mask.to(self.model.device)
            self._forward(rows, ids.to(self.model.device))
        except Exception as error:
            traceback.clear_frames(error.__traceback__)
            if len(new) == 1:
                new[0].end(error)
            else:
                for request in new:
                    yield from self._prefilled([request])
        else:
            yield rows

    def _forward(self, rows: _Rows, ids: torch.Tensor) -> None:
        """One pass on ids of shape (rows, new tokens), and the token of each row delivered."""
        positions = (rows.mask.cumsum(1) - 1).clamp(min=0)[:, -ids.shape[1] :]
        logits = self.model(
            input_ids=ids, attention_mask=rows.mask, position_ids=positions,
            past_key_values=rows.cache, use_cache=True, **self._last_only,
        ).logits[:, -1]  # fmt: skip
        rows.last = self.pick(logits)
        for request, token in zip(rows.requests, rows.last.tolist(), strict=True):
            request.deliver(token, end=token in self._ends)


class _Request:
    """One stream: what it asks for, and what has arrived; its fields change in one thread each."""

    def __init__(self, ids: list[int], most: int, stop: threading.Event | None) -> None:
        self.ids, self.most, self.stop = ids, most, stop
        self.made = 0
        self.left = self.ended = False
        self.arrivals: queue.SimpleQueue[int | Exception | None] = queue.SimpleQueue()  # tokens, and last the end

    @property
    def length(self) -> int:
        """Tokens in the cache once all that are made are read."""
        return len(self.ids) + self.made

    @property
    def is_over(self) -> bool:
        if self.left or (self.stop is not None and self.stop.is_set()):
            self.end()
        return self.ended

    def deliver(self, token: int, end: bool) -> None:
        self.made += 1
        if not end:
            self.arrivals.put(token)
        if end or self.made == self.most:
            self.end()

    def end(self, error: Exception | None = None) -> None:
        if not self.ended:
            self.ended = True
            self.arrivals.put(error)


class _Rows:
    """Requests that share a pass, one row each, padded on the left.

    cache: keys and values of each layer, of shape (rows, heads, length, size of a head).
    mask: 1 where a row has a token, of shape (rows, length).
    last: the newest token of each row, of shape (rows,); the next pass reads it.
    """

    cache: Any
    mask: torch.Tensor
    last: torch.Tensor

    def __init__(self, requests: list[_Request] | None = None) -> None:
        self.requests = requests or []

    def drop(self) -> None:
        """Drop the rows that are over, and the padding that none of those left needs."""
        indices = [index for index, request in enumerate(self.requests) if not request.is_over]
        if len(indices) == len(self.requests):
            return
        if not indices:
            self.__dict__ = vars(_Rows())  # and all keys and values
            return
        self.requests = [self.requests[index] for index in indices]
        # The newest token is made and not yet read: it is in `length` and not in the cache.
        start = self.mask.shape[1] - max(request.length - 1 for request in self.requests)
        chosen = torch.tensor(indices, device=self.mask.device)
        self.mask, self.last = self.mask[chosen, start:], self.last[chosen]
        for layer in self.cache.layers:
            layer.keys, layer.values = layer.keys[chosen, :, start:], layer.values[chosen, :, start:]

    def join(self, other: _Rows) -> None:
        """Put another's rows below, with the shorter ones padded."""
        if not self.requests:
            self.__dict__.update(vars(other))
            return
        length = max(self.mask.shape[1], other.mask.shape[1])

        def together(mine: torch.Tensor, theirs: torch.Tensor, below: int = 0) -> torch.Tensor:
            """Join along the rows; `below` is how many dimensions come after the length."""
            padded = [
                torch.nn.functional.pad(part, (0, 0) * below + (length - part.shape[-1 - below], 0))
                for part in (mine, theirs)
            ]
            return torch.cat(padded)

        self.mask = together(self.mask, other.mask)
        for layer, new in zip(self.cache.layers, other.cache.layers, strict=True):
            layer.keys, layer.values = together(layer.keys, new.keys, 1), together(layer.values, new.values, 1)
        self.last = torch.cat([self.last, other.last])
        self.requests = self.requests + other.requests


def _parameters(model: Any) -> Mapping[str, Any]:
    return inspect.signature(model.forward).parameters


def _unsupported(model: Any) -> str | None:
    """Why a model's rows cannot come and go between steps, in words; None if they can."""
    if model.config.is_encoder_decoder or model.get_output_embeddings() is None:
        return "it is no decoder that generates text"
    missing = {"input_ids", "attention_mask", "position_ids", "past_key_values"} - set(_parameters(model))
    if missing:
        return f"it takes no {', '.join(sorted(missing))}"
    kinds = {type(layer).__name__ for layer in DynamicCache(config=model.config).layers} - {DynamicLayer.__name__}
    if kinds:
        return f"it keeps no keys and values of all tokens ({', '.join(sorted(kinds))})"
    return None
