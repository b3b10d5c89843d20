"""Another model of meaning: its vectors grow beside the old ones, which answer until the last is there."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ask.indexer import fill, maintain, switch
from ask.indexer.compile import Compiled, read_card
from ask.indexer.progress import Silent
from ask.indexer.store import Store

NOTES = {f"{name}.md": f"# {name}\n\nThe {name} stands in the {place}.\n" for name, place in
         [("ladder", "attic"), ("kettle", "kitchen"), ("printer", "cellar"), ("bicycle", "hall")]}  # fmt: skip
SIZE = 48


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers model with random weights, a tokenizer of its own, prompts and another dimension."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer
    from tokenizers import Tokenizer, normalizers, pre_tokenizers, processors, trainers
    from tokenizers.models import WordPiece
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny") / "tiny-bert"
    tokenizer = Tokenizer(WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    tokenizer.train_from_iterator([*NOTES.values()], trainers.WordPieceTrainer(vocab_size=600, special_tokens=special))
    tokenizer.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", None, [("[CLS]", 2), ("[SEP]", 3)])
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, model_max_length=64, pad_token="[PAD]", unk_token="[UNK]", cls_token="[CLS]",
        sep_token="[SEP]", mask_token="[MASK]",
    ).save_pretrained(folder / "bert")  # fmt: skip
    torch.manual_seed(1)
    config = BertConfig(
        vocab_size=600, hidden_size=SIZE, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96,
        max_position_embeddings=64,
    )  # fmt: skip
    BertModel(config).save_pretrained(folder / "bert")
    transformer = Transformer(str(folder / "bert"), max_seq_length=64)
    whole = SentenceTransformer(
        modules=[transformer, Pooling(SIZE)], device="cpu", prompts={"query": "ask: ", "passage": "text: "}
    )
    whole.save(str(folder / "model"))
    return folder / "model"


@pytest.fixture(scope="module")
def switched_home(
    compiled: Compiled,
    new_ask: Callable[[Path], Any],
    plant: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """An index by the default model, with a models folder of its own."""
    base = tmp_path_factory.mktemp("switched")
    ask = new_ask(base / "state")
    (ask.home / "models").unlink()
    (ask.home / "models").mkdir()
    (ask.home / "models" / compiled.folder.name).symlink_to(compiled.folder)
    plant(base / "files", NOTES)
    assert ask("index", base / "files").code == 0
    return ask


def _card(ask: Any, tiny: Path) -> Compiled:
    return maintain.prepare_model(ask.home, str(tiny), Silent())


def _space(ask: Any) -> tuple[str, int]:
    db = ask.db()
    try:
        return db.execute(  # type: ignore[no-any-return]
            "SELECT model, dimensions FROM spaces"
            " WHERE id = (SELECT CAST(value AS INTEGER) FROM meta WHERE key = 'space')"
        ).fetchone()
    finally:
        db.close()


def _meaning(ask: Any) -> list[tuple[str, float]]:
    said = ask("search", "where is the ladder", "--only", "meaning", "--json")
    return [(Path(hit["path"]).name, round(hit["score"], 6)) for hit in said.json()["hits"]]


@pytest.mark.slow
def test_the_whole_switch(switched_home: Any, tiny: Path) -> None:
    ask = switched_home
    before = _meaning(ask)

    # A batch of the new vectors, then an interruption: the old ones answer, nothing is mixed.
    model = _card(ask, tiny)
    looks = iter([False, True])
    with Store(ask.home) as store:
        switch.choose(store, model)
        keep, fill.BATCH = fill.BATCH, 2
        try:
            maintain.fill(store, model, 1, Silent(), enough=lambda: next(looks, True))
        finally:
            fill.BATCH = keep
        assert switch.progress_of(store.db) == (model.folder.name, 2, 4)
        assert fill.pending_count(store.db) == 0
    assert _meaning(ask) == before
    assert _space(ask)[1] == 384
    assert "2 of 4 texts ready" in ask("status", "--json").json()["models"]["next"]
    assert ask("check").code == 0

    # What changes meanwhile is embedded by the model that answers.
    said = ask("model", "use", tiny, "--later", "--json")
    assert said.json() == {"kind": "meaning", "model": str(tiny), "dimensions": SIZE, "answers_now": False}
    assert _meaning(ask) == before

    # It goes on where it was, and then only the new space is left.
    said = ask("model", "use", tiny)
    assert said.code == 0
    assert f"Meaning is found by {tiny} ({SIZE} dimensions, reads 64 tokens at a time)." in said.out
    assert _space(ask) == (model.folder.name, SIZE)
    assert ask.count("SELECT count(DISTINCT space) FROM vectors") == 1
    assert ask.count("SELECT count(*) FROM spaces") == 1
    assert {path.name for path in ask.home.glob("vectors-*")} == {"vectors-2.faiss"}
    after = _meaning(ask)
    assert [score for _, score in after] != [score for _, score in before]
    assert "next" not in ask("status", "--json").json()["models"]
    assert ask("check").code == 0
    assert f"* {tiny}" in ask("model", "list").out

    # The configured model is the new one: indexing again embeds nothing anew.
    vectors = ask.count("SELECT max(id) FROM vectors")
    assert ask("index", ask.home.parent / "files").code == 0
    assert ask.count("SELECT max(id) FROM vectors") == vectors

    # And back.
    assert ask("model", "use", "all-MiniLM-L6-v2").code == 0
    assert _meaning(ask) == before


def test_prompts_are_those_of_the_model(switched_home: Any, tiny: Path) -> None:
    import numpy as np
    from ask.indexer.embed import Embedder
    from sentence_transformers import SentenceTransformer

    card = read_card(_card(switched_home, tiny).folder)
    assert (card.query_prompt, card.passage_prompt, card.dimensions, card.max_tokens) == ("ask: ", "text: ", SIZE, 64)
    original: Any = SentenceTransformer(str(tiny), device="cpu")
    ours = Embedder(card, 1)
    asked = original.encode("where is the ladder", prompt_name="query", normalize_embeddings=True)
    assert float(np.dot(asked, ours.embed_query("where is the ladder"))) > 0.98


def test_a_watcher_of_older_days_follows(switched_home: Any, tiny: Path) -> None:
    """A watcher that began before the switch would have turned the index back to its own model."""
    ask = switched_home
    model = _card(ask, tiny)
    with Store(ask.home) as store:
        old = switch.chosen(store, model)
        switch.choose(store, model)
        maintain.fill(store, old, 1, Silent())
    assert _space(ask) == (model.folder.name, SIZE)


@pytest.mark.slow
def test_what_is_no_model_changes_nothing(ask: Any, tmp_path: Path) -> None:
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / "config.json").write_text(json.dumps({"model_type": "nothing"}))
    said = ask("model", "use", tmp_path / "odd")
    assert said.code == 2
    assert "could not be compiled" in said.err
    assert not (ask.home / "config.toml").exists()
    said = ask("model", "use", "no-such-model")
    assert said.code == 1
    assert "no-such-model" in said.err
    assert "the folder of a sentence-transformers model" in said.err
