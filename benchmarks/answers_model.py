"""How fast an answer by a model begins: `python benchmarks/answers_model.py [--tokens 400] [--rounds 3]`.

The yardstick is a file of the shape of a 1B LLaMA (16 layers, width 2048, 128,256 tokens) with random weights in Q4_0:
it computes what a real one computes and writes nonsense. Measured are, each over several rounds in turn:

    direct      llama-cpp-python called in this process: time to the first token of a prompt never seen
    engine      the same prompts through the process that `ask` runs models in
    follow-up   another question after the same sources, whose state was kept

Wanted: engine within 5 % of direct; follow-up under a third of engine.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from contextlib import closing
from pathlib import Path

import gguf
import llama_cpp
import numpy as np
from ask.generator.engine import Engine, EngineSettings
from ask.generator.sampling import Sampling

WIDTH, LAYERS, HEADS, KV_HEADS, HIDDEN, WORDS = 2048, 16, 32, 8, 8192, 128_256
BLOCK = 32
"""Weights in a block of Q4_0: a 16-bit scale and 16 bytes."""


def main() -> None:
    """Make the file, measure, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=400, help="length of the sources")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--layers", type=int, default=LAYERS, help="fewer make it faster, and no longer a 1B")
    parser.add_argument("--model", type=Path, help="a real GGUF file instead of the random one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.model or Path(folder) / "random-1b.gguf"
        if options.model is None:
            write_random(path, options.layers)
        report(measure(path, options.tokens, options.rounds))


def write_random(path: Path, layers: int) -> None:
    """Write random blocks of Q4_0 whose values have the spread of trained weights."""
    writer = gguf.GGUFWriter(str(path), "llama")
    writer.add_name("random weights of the shape of a 1B LLaMA")
    writer.add_context_length(8192)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_rope_freq_base(500_000)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_0)
    _add_words(writer)
    rng = np.random.default_rng(0)
    kv = WIDTH // HEADS * KV_HEADS
    _add_matrix(writer, "token_embd.weight", WORDS, WIDTH, rng)
    writer.add_tensor("output_norm.weight", np.ones(WIDTH, np.float32))
    for layer in range(layers):
        for norm in ("attn_norm", "ffn_norm"):
            writer.add_tensor(f"blk.{layer}.{norm}.weight", np.ones(WIDTH, np.float32))
        for name, rows, columns in (
            ("attn_q", WIDTH, WIDTH),
            ("attn_k", kv, WIDTH),
            ("attn_v", kv, WIDTH),
            ("attn_output", WIDTH, WIDTH),
            ("ffn_gate", HIDDEN, WIDTH),
            ("ffn_up", HIDDEN, WIDTH),
            ("ffn_down", WIDTH, HIDDEN),
        ):
            _add_matrix(writer, f"blk.{layer}.{name}.weight", rows, columns, rng)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_matrix(writer: gguf.GGUFWriter, name: str, rows: int, columns: int, rng: np.random.Generator) -> None:
    blocks = np.empty((rows, columns // BLOCK, 2 + BLOCK // 2), np.uint8)
    blocks[:, :, 2:] = rng.integers(0, 256, blocks[:, :, 2:].shape, np.uint8)
    scale = np.float16(1 / (4.6 * np.sqrt(columns)))  # 4.6: the spread of whole numbers from -8 to 7
    blocks[:, :, :2] = np.frombuffer(scale.tobytes(), np.uint8)
    writer.add_tensor(name, blocks.reshape(rows, -1), raw_dtype=gguf.GGMLQuantizationType.Q4_0)


def _add_words(writer: gguf.GGUFWriter) -> None:
    """A vocabulary of the right size: 256 bytes that spell every text, and words, so that every token shows."""
    spelled = [chr(code + 256) if code < 33 or 127 <= code < 161 or code == 173 else chr(code) for code in range(256)]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("gpt-2")
    writer.add_token_list([*spelled, *(f"w{number}" for number in range(256, WORDS))])
    writer.add_token_types([gguf.TokenType.NORMAL] * WORDS)
    writer.add_token_merges([f"{spelled[254]} {spelled[255]}"])
    writer.add_bos_token_id(WORDS - 2)
    writer.add_eos_token_id(WORDS - 1)
    writer.add_add_bos_token(False)


def measure(path: Path, tokens: int, rounds: int) -> dict[str, list[float]]:
    """Seconds to the first token. Direct and engine take turns, so that a busy machine is busy for both."""
    times: dict[str, list[float]] = {"direct": [], "engine": [], "follow-up": []}
    context = tokens * 2 + 256
    settings = EngineSettings(context=context)
    with closing(llama_cpp.Llama(str(path), n_ctx=context, verbose=False)) as llama, Engine(path, settings) as engine:
        direct(llama, "warm up")
        through_engine(engine, "warm up")
        for number in range(rounds):
            times["direct"].append(direct(llama, sources(2 * number, tokens) + "first?"))
            prompt = sources(2 * number + 1, tokens)
            times["engine"].append(through_engine(engine, prompt + "first?"))
            times["follow-up"].append(through_engine(engine, prompt + "and the second?"))
    return times


def sources(number: int, tokens: int) -> str:
    """A text that no other round begins with, one token a letter."""
    return (f"{number} is the number of this text. " + "The key hangs behind the woodshed. " * tokens)[:tokens]


def direct(llama: llama_cpp.Llama, prompt: str) -> float:
    """As its documentation has it."""
    began = time.perf_counter()
    stream = llama.create_completion(prompt, max_tokens=4, temperature=0, stream=True)
    next(iter(stream))
    spent = time.perf_counter() - began
    for _ in stream:
        pass
    return spent


def through_engine(engine: Engine, prompt: str) -> float:
    """Until the first text has come through the pipe."""
    began = time.perf_counter()
    events = engine.generate(prompt, Sampling(max_tokens=4, temperature=0))
    next(events)
    spent = time.perf_counter() - began
    for _ in events:
        pass
    return spent


def report(times: dict[str, list[float]]) -> None:
    """Medians and ratios."""
    medians = {name: statistics.median(values) for name, values in times.items()}
    for name, values in times.items():
        print(f"{name:10} {medians[name]:8.3f} s   ({', '.join(f'{value:.3f}' for value in values)})")
    print(f"engine / direct    {medians['engine'] / medians['direct']:.3f}")
    print(f"follow-up / engine {medians['follow-up'] / medians['engine']:.3f}")


if __name__ == "__main__":
    main()
