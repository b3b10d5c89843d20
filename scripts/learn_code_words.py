"""Learn by which names code answers the words of a question, from docstrings and the functions below them.

    python scripts/learn_code_words.py STATE PACKAGES...

As `learn_code_questions.py`, whose pairs these are and whose map is used here. Writes
`data/code_words/FINGERPRINT.npy`, which `retriever/code_words.py` reads: two linear maps of word vectors, so that a word
of a docstring which its function does not hold is near to a name that stands there. They are learnt on top of what a
search knows anyway, the cosine of the whole and the share of the words that the function holds, so that they tell what
these do not. One package in eight is held out first, to say what is gained.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from ask.indexer import words
from ask.indexer.embed import Embedder
from ask.retriever import code_questions, code_words, shorthand
from learn_code_questions import Pair, embedded, given

TARGET = Path(__file__).resolve().parent.parent / "data" / "code_words"
DIMENSIONS = 128
WORDS, NAMES = 8, 80
"""Of a question and of a function, at most."""
EPOCHS, BATCH, RATE, TOGETHER = 4, 192, 2e-3, 48
"""Pairs of one package that are in one batch, so that a package's vocabulary alone does not tell which is which."""
AMONG = 40
"""Functions among which a held-out one is to be found: the best by all else."""
TRIED = (0.2, 0.3, code_words.WORTH, 0.5, 0.6, 0.8)
"""What the maps are worth may be less than what is learnt with them: these packages are told apart more easily."""


@dataclass(frozen=True)
class Pairs:
    """All pairs as numbers; words are numbered from 1."""

    packages: Sequence[str]
    vectors: torch.Tensor
    """[words + 1, width]"""
    asked: torch.Tensor
    """[pairs, WORDS]"""
    asked_stems: torch.Tensor
    weights: torch.Tensor
    """What each word asked weighs, the sum 1."""
    names: torch.Tensor
    """[pairs, NAMES]"""
    name_stems: torch.Tensor
    questions: torch.Tensor
    """[pairs, dimensions], turned towards code."""
    bodies: torch.Tensor


class Maps(NamedTuple):
    """What is learnt: two maps, and what their cosines, held words and all together count."""

    of_questions: torch.Tensor
    of_code: torch.Tensor
    worth: torch.Tensor
    held: torch.Tensor
    scale: torch.Tensor


def prepared(pairs: list[Pair], embedder: Embedder) -> Pairs:
    vectors, learnt = embedder.word_vectors(), code_questions.of_model(embedder.model.fingerprint)
    if vectors is None or learnt is None:
        raise SystemExit("this model has no word vectors, or scripts/learn_code_questions.py was not run")
    asked = [list(shorthand.weights(words.words(pair.question), {}))[:WORDS] for pair in pairs]
    names = [sorted(shorthand.read(pair.body).names)[:NAMES] for pair in pairs]
    vocabulary = list(dict.fromkeys(word for some in (*asked, *names) for word in some))
    number = {word: at for at, word in enumerate(vocabulary, 1)}
    stem = {word: words.stem(word) for word in vocabulary}
    stems = {each: at for at, each in enumerate(dict.fromkeys(stem.values()), 1)}
    counts = Counter(each for some in names for each in {stem[name] for name in some})

    def rows(some: Sequence[Sequence[str]], ids: dict[str, int], width: int) -> torch.Tensor:
        table = np.zeros((len(some), width), np.int64)
        for at, each in enumerate(some):
            table[at, : len(each)] = [ids[word] for word in each]
        return torch.from_numpy(table)

    of_stem = {word: stems[stem[word]] for word in vocabulary}
    rarity = {word: float(np.log(1 + len(pairs) / (1 + counts[stem[word]]))) for word in vocabulary}
    weights = np.zeros((len(pairs), WORDS), np.float32)
    for at, each in enumerate(asked):
        weights[at, : len(each)] = [rarity[word] for word in each]
    weights /= np.maximum(weights.sum(1, keepdims=True), 1e-9)
    asked_stems = rows(asked, of_stem, WORDS)
    asked_stems[asked_stems == 0] = -1
    questions, bodies = embedded(embedder, pairs)
    return Pairs(
        [pair.package for pair in pairs],
        torch.from_numpy(
            np.concatenate([np.zeros((1, vectors(vocabulary[:1]).shape[1]), np.float32), vectors(vocabulary)])
        ),
        rows(asked, number, WORDS),
        asked_stems,
        torch.from_numpy(weights),
        rows(names, number, NAMES),
        rows(names, of_stem, NAMES),
        torch.from_numpy(np.stack([learnt.turned(question) for question in questions.numpy()])),
        bodies,
    )


def scores(pairs: Pairs, maps: Maps, asked: torch.Tensor, among: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Without and with the maps, [asked, among]: of questions and functions, both by number."""
    unit = torch.nn.functional.normalize
    said, names = pairs.asked[asked], pairs.names[among]
    of_words = unit(pairs.vectors[said] @ maps.of_questions, dim=-1, eps=1e-6).flatten(0, 1)
    of_names = unit(pairs.vectors[names] @ maps.of_code, dim=-1, eps=1e-6).flatten(0, 1)
    near = (of_words @ of_names.T).view(*said.shape, *names.shape)
    nearest = near.masked_fill(names == 0, -1).max(-1).values.clamp(min=0)
    stems = pairs.name_stems[among].flatten()
    held = (pairs.asked_stems[asked].flatten()[:, None] == stems).view(*said.shape, *names.shape).any(-1)
    weights = pairs.weights[asked][:, :, None]
    plain = pairs.questions[asked] @ pairs.bodies[among].T + maps.held * (held * weights).sum(1)
    return plain, plain + maps.worth * (nearest * ~held * weights).sum(1)


def fitted(pairs: Pairs, within: torch.Tensor) -> Maps:
    """Maps by which a question finds its function among those of a batch (InfoNCE)."""
    torch.manual_seed(0)
    first = torch.linalg.svd(pairs.vectors[1:], full_matrices=False).Vh[:DIMENSIONS].T.contiguous()
    maps = Maps(first.clone(), first.clone(), torch.tensor(0.4), torch.tensor(0.35), torch.tensor(20.0).log())
    for each in maps:
        each.requires_grad_()
    optimizer = torch.optim.Adam([{"params": maps[:2]}, {"params": maps[2:], "lr": 2 * RATE}], lr=RATE)
    steps = EPOCHS * (len(within) // BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: max(1 - step / max(steps, 1), 0))
    for _ in range(EPOCHS):
        order = in_blocks(pairs, within)
        for at in range(0, len(order) - BATCH + 1, BATCH):
            batch = order[at : at + BATCH]
            _, with_maps = scores(pairs, maps, batch, batch)
            loss = torch.nn.functional.cross_entropy(with_maps * maps.scale.exp(), torch.arange(BATCH))
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
    return Maps(*(each.detach() for each in maps))


def in_blocks(pairs: Pairs, within: torch.Tensor) -> torch.Tensor:
    """All, in an order of chance, but some of one package always together."""
    of_package = defaultdict(list)
    for at in within[torch.randperm(len(within))].tolist():
        of_package[pairs.packages[at]].append(at)
    blocks = [some[at : at + TOGETHER] for some in of_package.values() for at in range(0, len(some), TOGETHER)]
    return torch.tensor([at for block in torch.randperm(len(blocks)).tolist() for at in blocks[block]])


def found_at(pairs: Pairs, maps: Maps, held: torch.Tensor) -> list[float]:
    """Mean reciprocal rank of each question's own function among the best others, as the maps are worth 0 and `TRIED`."""
    ranks = []
    one = maps._replace(worth=torch.tensor(1.0))
    with torch.no_grad():
        for at in held.tolist():
            cosines = pairs.bodies @ pairs.questions[at]
            others = [i for i in cosines.topk(AMONG + 1).indices.tolist() if i != at][:AMONG]
            without, whole = scores(pairs, one, torch.tensor([at]), torch.tensor([at, *others]))
            all_scores = [without + worth * (whole - without) for worth in (0, *TRIED)]
            ranks.append([1 + int((each[0, 1:] >= each[0, 0]).sum()) for each in all_scores])
    found: list[float] = (1 / torch.tensor(ranks, dtype=torch.float32)).mean(0).tolist()
    return found


def main() -> None:
    embedder, all_pairs = given(__doc__)
    pairs = prepared(all_pairs, embedder)
    usable = (pairs.asked[:, 0] > 0) & (pairs.names[:, 2] > 0)
    kinds = sorted(set(pairs.packages))
    held = torch.tensor([kinds.index(package) % 8 == 3 for package in pairs.packages]) & usable
    maps = fitted(pairs, (usable & ~held).nonzero()[:, 0])
    some = held.nonzero()[:, 0][:: max(int(held.sum()) // 2000, 1)]
    found = zip((0, *TRIED), found_at(pairs, maps, some), strict=True)
    print(f"held out: {len(some)} of {int(held.sum())} questions, mean reciprocal rank by worth:")
    print(", ".join(f"{worth} {rank:.4f}" for worth, rank in found))
    maps = fitted(pairs, usable.nonzero()[:, 0])
    print(f"worth {float(maps.worth):.3f}, held words {float(maps.held):.3f}, scale {float(maps.scale.exp()):.1f}")
    TARGET.mkdir(exist_ok=True)
    np.save(TARGET / f"{embedder.model.fingerprint}.npy", torch.stack(maps[:2]).numpy().astype(np.float16))


if __name__ == "__main__":
    main()
