"""A LLaMA that transformers wrote becomes a GGUF that computes the same, and reads text the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ask.generator import convert
from ask.generator.gguf_file import read_header
from ask.indexer.errors import ModelProblem, UsageError

pytestmark = pytest.mark.llm
llama_cpp = pytest.importorskip("llama_cpp", reason="needs llama-cpp-python: pip install '.[llm]'")

TEXT = "The key hangs behind the woodshed. Klíč visí za kůlnou na dříví, je to 1234."
ROPE = {
    "rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}  # fmt: skip


def make(folder: Path, **settings: Any) -> Path:
    """A tiny LLaMA with random weights and a vocabulary learned from two sentences, as transformers saves it."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import LlamaConfig, LlamaForCausalLM

    folder.mkdir()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)  # GPT-2's way of cutting
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=320, special_tokens=["<s>", "</s>"], initial_alphabet=alphabet)
    tokenizer.train_from_iterator([TEXT] * 3, trainer)
    tokenizer.save(str(folder / "tokenizer.json"))
    words = {"bos_token": "<s>", "eos_token": "</s>", "chat_template": "{{ messages[0].content }}"}
    (folder / "tokenizer_config.json").write_text(json.dumps(words))
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size() + 3, hidden_size=64, intermediate_size=96, num_hidden_layers=2,
        num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=128, bos_token_id=0, eos_token_id=1,
        **settings,
    )  # fmt: skip
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def llama(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("hf") / "tiny-llama", rope_parameters=ROPE)


def logits_of_transformers(folder: Path, tokens: list[int]) -> Any:
    import torch
    from transformers import LlamaForCausalLM

    with torch.no_grad():
        return LlamaForCausalLM.from_pretrained(folder, dtype=torch.float32)(torch.tensor([tokens])).logits[0].numpy()


def test_it_computes_what_the_model_computed(llama: Path, tmp_path: Path) -> None:
    """Positions beyond those trained, grouped heads, the order of queries and keys: a mistake in any changes all."""
    source = convert.read(llama)
    whole = tmp_path / "whole.gguf"
    list(convert.write(source, whole, convert.cutting(source, tmp_path / "words.gguf")))
    made = llama_cpp.Llama(str(whole), n_ctx=128, logits_all=True, verbose=False)
    tokens = made.tokenize(TEXT.encode(), add_bos=False)
    made.eval(tokens)
    ours, theirs = np.array(made.scores[: len(tokens)]), logits_of_transformers(llama, tokens)
    made.close()
    assert len(tokens) > 16
    assert np.abs(ours - theirs).max() < 0.02 * np.abs(theirs).max()
    assert (ours.argmax(1) == theirs.argmax(1)).mean() > 0.9


def test_a_model_is_converted_by_the_command(ask: Any, llama: Path) -> None:
    said = ask("model", "convert", llama, "--quantisation", "q8_0", "--json")
    assert said.code == 0, said.err
    path = Path(said.json()["path"])
    assert path == ask.home / "llm" / "tiny-llama-q8_0.gguf"
    header = read_header(path)
    assert (header.architecture, header.quantisation, header.context) == ("llama", "Q8_0", 128)
    assert header.template == "{{ messages[0].content }}"
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert "tiny-llama-q8_0" in ask("model", "list").out


def test_a_vocabulary_in_the_manner_of_sentencepiece_reads_the_same(llama: Path, tmp_path: Path) -> None:
    """LLaMA 2, Mistral, TinyLlama: spaces as ▁, tokens for bytes, merges by rank."""
    from tokenizers import Tokenizer, models, normalizers, trainers

    folder = tmp_path / "spm"
    folder.mkdir()
    learned = Tokenizer(models.BPE(unk_token="<unk>"))
    learned.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    learned.train_from_iterator([TEXT] * 3, trainers.BpeTrainer(vocab_size=360, special_tokens=special))
    kept = json.loads(learned.to_str())
    kept["model"]["byte_fallback"] = True
    kept["added_tokens"] = kept["added_tokens"][:3]
    (folder / "tokenizer.json").write_text(json.dumps(kept))
    config = json.loads((llama / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": len(kept["model"]["vocab"])}))
    (folder / "model.safetensors").symlink_to(llama / "model.safetensors")
    convert.cutting(convert.read(folder), tmp_path / "words.gguf")  # raises when llama.cpp reads otherwise


def test_a_vocabulary_that_llama_cpp_would_misread_is_refused(llama: Path, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    kept = json.loads((llama / "tokenizer.json").read_text())
    kept["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [
        {"type": "Split", "pattern": {"String": "e"}, "behavior": "Isolated", "invert": False}, kept["pre_tokenizer"],
    ]}  # fmt: skip
    (folder / "tokenizer.json").write_text(json.dumps(kept))
    for name in ("config.json", "model.safetensors", "tokenizer_config.json"):
        (folder / name).symlink_to(llama / name)
    with pytest.raises(ModelProblem, match="read text otherwise"):
        list(convert.convert(folder, tmp_path / "out" / "odd.gguf"))
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"architectures": ["GPT2LMHeadModel"]}, "no LLaMA"),
        ({"architectures": ["LlamaForCausalLM"]}, "lacks tokenizer.json"),
        ({}, "holds no model"),
    ],
)
def test_what_cannot_be_converted_says_why(tmp_path: Path, config: dict[str, object], says: str) -> None:
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match=says):
        convert.read(tmp_path)


def test_an_unknown_quantisation_is_refused(llama: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no quantisation"):
        list(convert.convert(llama, tmp_path / "x.gguf", "Q9"))
