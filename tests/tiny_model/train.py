"""Trains the tiny model of the tests: `python train.py OUT.gguf [MINUTES]`, about ten minutes on an idle core.

A LLaMA of a third of a million weights that has learned one thing: find the sentence about the asked-for thing among
the numbered sources of the prompt, copy it, and put the source's number behind it. It knows nothing else, and only the
words below. With it the tests run the whole way from files to a cited answer; it is no model to use.
"""

from __future__ import annotations

import random
import re
import sys
import time
from pathlib import Path

import gguf_maker
import numpy as np
import torch
from torch import nn
from torch.nn import functional

NOUNS = (
    "key cabin lamp boat ladder letter garden kettle clock bicycle window bridge cellar piano map basket mirror wallet"
    " candle drum hammer jacket carpet bottle painting radio rope saddle shovel stove sofa table tent ticket trunk"
    " violin wheel anchor barrel bench blanket bucket camera chest coin compass curtain desk diary door fence"
).split()
VERBS = "hangs lies stands waits rests sits".split()
PLACES = "behind under near above beside inside".split()
LOOKS = "old red blue broken green heavy small white black new".split()
NAMES = "notes cabin letters diary house list travel work ideas home".split()
QUESTIONS = ("Where is the {}?", "What about the {}?", "How is the {}?", "Where can I find the {}?")

WORDS = [
    "The", "Question", "Where", "What", "How", "\n\n", ".md", " (", " [", ").",
    *(" " + word for word in (*NOUNS, *VERBS, *PLACES, *LOOKS, *NAMES)),
    *(str(year) for year in range(1990, 2030)), *(f"{number:02}" for number in range(1, 32)),
    *NAMES, " is", " the", " about", " can", " I", " find", "Not", " found",
]  # fmt: skip
"""Tokens of their own. Everything else is spelled in bytes."""

SHAPE = gguf_maker.Shape(width=96, layers=3, heads=3, kv_heads=3, hidden=192, context=1024)
PIECES = re.compile(r" ?[^\W\d_]+| ?\d+| ?[^\s\w]+|\s+(?!\S)|\s+")


class Tokenizer:
    """The same byte-level BPE as the GGUF file describes, for these words."""

    def __init__(self) -> None:
        self.vocabulary = gguf_maker.vocabulary(WORDS)
        self._number = {token: number for number, token in enumerate(self.vocabulary)}
        self._symbols = gguf_maker.byte_symbols()

    def encode(self, text: str) -> list[int]:
        return [token for piece in PIECES.findall(text) for token in self._piece(piece)]

    def _piece(self, piece: str) -> list[int]:
        """Every join extends a beginning, so a piece is its longest known beginning and then bytes."""
        spelled = "".join(self._symbols[byte] for byte in piece.encode())
        found: list[int] = []
        while spelled:
            end = next((end for end in range(len(spelled), 1, -1) if spelled[:end] in self._number), 1)
            found.append(self._number[spelled[:end]])
            spelled = spelled[end:]
        return found


def example(rng: random.Random, most: int = 4) -> tuple[str, str]:
    """(user message, answer) as the prompts of the tests have them, with at most so many sources."""
    nouns = rng.sample(NOUNS, 8)
    sources, facts = [], []
    for number in range(1, rng.randint(1, most) + 1):
        date = f"{rng.randint(1990, 2029)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}"
        lines = []
        for _ in range(rng.randint(1, 2)):
            fact = sentence(nouns.pop() if nouns else rng.choice(NOUNS), rng)
            lines.append(fact)
            facts.append((fact, number))
        sources.append(f"[{number}] {rng.choice(NAMES)}.md ({date})\n" + "\n".join(lines))
    fact, number = rng.choice(facts)
    noun = fact.split()[1]
    question = rng.choice(QUESTIONS).format(noun)
    return "\n\n".join(sources) + f"\n\nQuestion: {question}", f"{fact[:-1]} [{number}]."


def sentence(noun: str, rng: random.Random) -> str:
    """A fact about a thing, which is its second word."""
    return f"The {noun} {rng.choice(VERBS)} {rng.choice(PLACES)} the {rng.choice(LOOKS)} {rng.choice(NOUNS)}."


def tokens(message: str, answer: str, tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """(prompt, continuation) as the chat template joins them."""
    control = gguf_maker.token
    prompt = [control("<s>"), control("<|user|>"), *tokenizer.encode(message), control("<|end|>")]
    return [*prompt, control("<|assistant|>")], [*tokenizer.encode(answer), control("<|end|>")]


class Block(nn.Module):
    """One layer of a LLaMA."""

    def __init__(self, shape: gguf_maker.Shape) -> None:
        super().__init__()
        self.shape = shape
        kv = shape.kv_heads * shape.head_width
        self.attn_norm = nn.RMSNorm(shape.width, eps=1e-5)
        self.attn_q = nn.Linear(shape.width, shape.width, bias=False)
        self.attn_k = nn.Linear(shape.width, kv, bias=False)
        self.attn_v = nn.Linear(shape.width, kv, bias=False)
        self.attn_output = nn.Linear(shape.width, shape.width, bias=False)
        self.ffn_norm = nn.RMSNorm(shape.width, eps=1e-5)
        self.ffn_gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.ffn_down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: torch.Tensor, turn: torch.Tensor) -> torch.Tensor:
        batch, length, width = x.shape
        normed = self.attn_norm(x)
        split = (batch, length, -1, self.shape.head_width)
        query = rotated(self.attn_q(normed).view(split).transpose(1, 2), turn)
        key = rotated(self.attn_k(normed).view(split).transpose(1, 2), turn)
        value = self.attn_v(normed).view(split).transpose(1, 2)
        seen = functional.scaled_dot_product_attention(query, key, value, is_causal=True)
        x = x + self.attn_output(seen.transpose(1, 2).reshape(batch, length, width))
        normed = self.ffn_norm(x)
        return x + self.ffn_down(functional.silu(self.ffn_gate(normed)) * self.ffn_up(normed))


def rotated(x: torch.Tensor, turn: torch.Tensor) -> torch.Tensor:
    """Rotary positions over neighbouring pairs, as llama.cpp has them for this architecture."""
    pairs = torch.view_as_complex(x.float().reshape(*x.shape[:-1], -1, 2))
    return torch.view_as_real(pairs * turn[: x.shape[2]]).flatten(-2)


class Model(nn.Module):
    """The whole LLaMA; the output shares its weights with the embedding."""

    def __init__(self, shape: gguf_maker.Shape, words: int) -> None:
        super().__init__()
        self.token_embd = nn.Embedding(words, shape.width)
        nn.init.normal_(self.token_embd.weight, std=0.05)
        self.blk = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.output_norm = nn.RMSNorm(shape.width, eps=1e-5)
        speeds = shape.rope_base ** (-torch.arange(0, shape.head_width, 2) / shape.head_width)
        angles = torch.outer(torch.arange(shape.context), speeds)
        self.turn = torch.polar(torch.ones_like(angles), angles)

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        x = self.token_embd(ids)
        for block in self.blk:
            x = block(x, self.turn)
        return functional.linear(self.output_norm(x), self.token_embd.weight)


def batch(
    size: int, most: int, rng: random.Random, tokenizer: Tokenizer
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(input, target, weight): everything is to be predicted, the answer with far more weight."""
    rows = [tokens(*example(rng, most), tokenizer) for _ in range(size)]
    longest = max(len(prompt) + len(answer) for prompt, answer in rows)
    ids = torch.full((size, longest), gguf_maker.token("</s>"))
    weight = torch.zeros(size, longest - 1)
    for row, (prompt, answer) in enumerate(rows):
        ids[row, : len(prompt) + len(answer)] = torch.tensor(prompt + answer)
        weight[row, : len(prompt) - 1] = 0.02
        weight[row, len(prompt) - 1 : len(prompt) + len(answer) - 1] = 1
    return ids[:, :-1], ids[:, 1:], weight


def repeated(size: int, rng: random.Random, words: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """(input, target, weight) of random tokens said twice: what comes after a token is what came after it before."""
    length = rng.randint(6, 24)
    first = torch.tensor([rng.choices(range(words), k=length) for _ in range(size)])
    ids = torch.cat([first, first], 1)
    weight = torch.zeros(size, 2 * length - 1)
    weight[:, length:] = 1
    return ids[:, :-1], ids[:, 1:], weight


def train(path: Path, minutes: float, seed: int = 0) -> None:
    """Train for a while and write the file now and then; prints how many of the answers' tokens are right.

    Copying comes first, from random tokens said twice; then facts, from few sources to several. Without the first stage
    the model copies some sentence, but does not learn to look for the right one.
    """
    rng = random.Random(seed)
    torch.manual_seed(seed)
    torch.set_num_threads(1)  # matrices this small are slower shared out
    tokenizer = Tokenizer()
    model = Model(SHAPE, len(tokenizer.vocabulary))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1, betas=(0.9, 0.98), weight_decay=0.01)
    began, step = time.monotonic(), 0
    while (done := (time.monotonic() - began) / 60 / minutes) < 1:
        optimizer.param_groups[0]["lr"] = 2e-3 * min(1.0, (step + 1) / 100) * (1 - 0.97 * done)
        if done < 0.15 or step % 8 == 0:
            ids, target, weight = repeated(48, rng, len(tokenizer.vocabulary))
        else:
            ids, target, weight = batch(24, min(1 + int(done * 7), 4), rng, tokenizer)
        logits = model(ids)
        losses = functional.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="none")
        loss = (losses * weight.flatten()).sum() / weight.sum()
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        if step % 50 == 1:
            right = (logits.argmax(-1) == target)[weight == 1].float().mean()
            print(f"{done:4.0%} step {step} loss {loss:.3f} right {right:.3f}", flush=True)  # noqa: T201
            save(model, path)
        step += 1
    save(model, path)


def save(model: Model, path: Path) -> None:
    """Write the trained model as GGUF. Without an `output` tensor llama.cpp uses the embedding."""
    weights: dict[str, np.ndarray] = {f"{name}": value.detach().numpy() for name, value in model.named_parameters()}
    gguf_maker.write(path, SHAPE, weights, "tiny test model that copies facts", WORDS)


if __name__ == "__main__":
    train(Path(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 10)
