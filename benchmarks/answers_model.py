"""How fast an answer by a model begins: `python benchmarks/answers_model.py [--tokens 400] [--rounds 3]`.

The yardstick is a file of the shape of a 1B LLaMA (16 layers, width 2048, 128,256 tokens) with random weights in Q4_0:
it computes what a real one computes and writes nonsense. Measured are, each over several rounds in turn:

    direct      llama-cpp-python called in this process: time to the first token of a prompt it has not read
    engine      the same prompt through the process that `ask` runs models in; who is first alternates
    follow-up   another question after the same sources, whose state was kept

Wanted: engine within 5 % of direct; follow-up under a third of engine. Ratios are taken within each round, because what
else the machine does changes from one to the next, and their median is printed. On a busy machine only those of
processor time mean something.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import gguf
import llama_cpp
import machine
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
    parser.add_argument("--threads", type=int, default=0, help="0: as llama-cpp-python chooses; 1 on a busy machine")
    parser.add_argument("--layers", type=int, default=LAYERS, help="fewer make it faster, and no longer a 1B")
    parser.add_argument("--model", type=Path, help="a real GGUF file instead of the random one")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = options.model or Path(folder) / "random-1b.gguf"
        if options.model is None:
            write_random(path, options.layers)
        report(measure(path, options.tokens, options.rounds, options.threads))


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


@dataclass(frozen=True, slots=True)
class Spent:
    """Until the first token, in seconds."""

    wall: float
    processor: float
    """Of all threads of this process and the model's; what a busy machine does not change much."""


def measure(path: Path, tokens: int, rounds: int, threads: int) -> dict[str, list[Spent]]:
    """Direct and engine take turns, so that a busy machine is busy for both."""
    times: dict[str, list[Spent]] = {"direct": [], "engine": [], "follow-up": []}
    context = tokens * 2 + 256
    settings = EngineSettings(context=context, threads=threads)
    model = llama_cpp.Llama(
        str(path), n_ctx=context, n_threads=threads or None, n_threads_batch=threads or None, verbose=False
    )
    with closing(model) as llama, Engine(path, settings) as engine:
        direct(llama, "warm up")
        through_engine(engine, "warm up")
        for number in range(rounds):
            prompt = sources(number, tokens)
            sides = {
                "direct": partial(direct, llama, prompt + "first?"),
                "engine": partial(through_engine, engine, prompt + "first?"),
            }
            for name in sorted(sides, reverse=number % 2 == 1):
                times[name].append(sides[name]())
            times["follow-up"].append(through_engine(engine, prompt + "and the second?"))
    return times


def sources(number: int, tokens: int) -> str:
    """A text that no other round begins with, one token a letter."""
    return (f"{number} is the number of this text. " + "The key hangs behind the woodshed. " * tokens)[:tokens]


def direct(llama: llama_cpp.Llama, prompt: str) -> Spent:
    """As its documentation has it."""
    stream = llama.create_completion(prompt, max_tokens=4, temperature=0, stream=True)
    return until_first(stream, 0)


def through_engine(engine: Engine, prompt: str) -> Spent:
    """Until the first text has come through the pipe."""
    engine.load()
    return until_first(engine.generate(prompt, Sampling(max_tokens=4, temperature=0)), engine.process_id or 0)


def until_first(stream: Iterator[object], other: int) -> Spent:
    """Take the first piece of a stream, note what it cost, and take the rest."""
    wall, processor = time.perf_counter(), time.process_time() + processor_time(other)
    next(stream)
    spent = Spent(time.perf_counter() - wall, time.process_time() + processor_time(other) - processor)
    for _ in stream:
        pass
    return spent


def processor_time(process: int) -> float:
    """Seconds of processor time of another process, where the system tells (Linux)."""
    stat = Path(f"/proc/{process}/stat")
    if not stat.exists():
        return 0.0
    fields = stat.read_text("ascii", "replace").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def report(times: dict[str, list[Spent]]) -> None:
    """Medians and ratios."""
    walls = {name: statistics.median(spent.wall for spent in values) for name, values in times.items()}
    processors = {name: statistics.median(spent.processor for spent in values) for name, values in times.items()}
    print(machine.line())
    for name in times:
        print(f"{name:10} {walls[name]:8.3f} s   {processors[name]:8.3f} s of processor time")
    for name, base in (("engine", "direct"), ("follow-up", "engine")):
        pairs = list(zip(times[name], times[base], strict=True))
        wall = statistics.median(mine.wall / theirs.wall for mine, theirs in pairs)
        processor = statistics.median(mine.processor / theirs.processor for mine, theirs in pairs if theirs.processor)
        print(f"{name} / {base}: {wall:.3f}, {processor:.3f} of processor time")


if __name__ == "__main__":
    main()
