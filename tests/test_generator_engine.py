"""The language model in its own process: it loads, streams, stops, is cancelled, dies alone and comes back.

The model has random weights, so it writes nonsense; everything around the words is real.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ask.generator.child import PromptTooLong
from ask.generator.engine import Engine, EngineSettings, Finished, Piece
from ask.generator.sampling import Sampling
from ask.indexer.errors import ModelProblem

pytestmark = pytest.mark.llm
pytest.importorskip("llama_cpp", reason="needs llama-cpp-python: pip install '.[llm]'")

PROMPT = "<s><|user|>Where is the key?<|end|><|assistant|>"
GREEDY = Sampling(max_tokens=24, temperature=0, repeat_penalty=1)
ENDLESS = 'root ::= "a" root'


@pytest.fixture
def engine(tiny_model: Path) -> Iterator[Engine]:
    with Engine(tiny_model, EngineSettings(context=512, threads=1)) as made:
        yield made


def run(engine: Engine, prompt: str, sampling: Sampling, grammar: str = "") -> tuple[str, Finished]:
    *pieces, last = engine.generate(prompt, sampling, grammar)
    assert isinstance(last, Finished)
    return "".join(piece.text for piece in pieces if isinstance(piece, Piece)), last


def test_it_loads_counts_and_streams(engine: Engine) -> None:
    loaded = engine.load()
    assert loaded.context == 512
    assert loaded.most == 2048
    assert engine.count(["abc", "ž", "<|user|>", ""]) == [3, 2, 1, 0]
    text, last = run(engine, PROMPT, GREEDY)
    assert last.reason in ("length", "stop")
    assert 0 < last.tokens <= 24
    assert text
    assert run(engine, PROMPT, GREEDY)[0] == text


@pytest.mark.skipif(sys.platform != "linux", reason="the measures are those of Linux")
def test_the_process_has_given_up_network_programs_and_files(engine: Engine) -> None:
    assert {"limits", "calls"} <= set(engine.load().isolation)
    status = Path(f"/proc/{engine.process_id}/status").read_text("ascii")
    assert "Seccomp:\t2" in status
    assert "NoNewPrivs:\t1" in status
    for task in Path(f"/proc/{engine.process_id}/task").iterdir():  # the measures hold for every thread
        assert "Seccomp:\t2" in (task / "status").read_text("ascii")
    assert run(engine, PROMPT, GREEDY)[0]


def test_a_stop_word_ends_the_answer_and_is_not_part_of_it(engine: Engine) -> None:
    text, _ = run(engine, PROMPT, GREEDY)
    stop = text[3:5]
    shorter, last = run(engine, PROMPT, Sampling(max_tokens=24, temperature=0, repeat_penalty=1, stop=(stop,)))
    assert shorter == text[: text.index(stop)]
    assert last.reason == "stop"


def test_a_grammar_is_obeyed(engine: Engine) -> None:
    text, last = run(engine, PROMPT, GREEDY, 'root ::= "the key " ("hangs" | "lies") " [" [1-3] "]"')
    assert text.removeprefix("the key ") in {f"{verb} [{n}]" for verb in ("hangs", "lies") for n in (1, 2, 3)}
    assert last.reason == "stop"


def test_a_broken_grammar_is_an_error_and_the_process_lives_on(engine: Engine) -> None:
    engine.load()
    process = engine.process_id
    with pytest.raises(ModelProblem, match="grammar"):
        run(engine, PROMPT, GREEDY, "root ::= (")
    assert run(engine, PROMPT, GREEDY)[0]
    assert engine.process_id == process


def test_the_context_grows_and_has_an_end(engine: Engine) -> None:
    _, last = run(engine, "a" * 800, Sampling(max_tokens=2))
    assert last.prompt_tokens == 800
    with pytest.raises(PromptTooLong, match="too long"):
        run(engine, "a" * 2040, Sampling(max_tokens=16))
    assert run(engine, PROMPT, GREEDY)[0]


def test_an_empty_prompt_is_an_error(engine: Engine) -> None:
    with pytest.raises(ModelProblem, match="empty"):
        run(engine, "", GREEDY)


def test_what_was_read_before_is_not_read_again(engine: Engine) -> None:
    sources = "<s><|user|>" + "The key hangs behind the woodshed. " * 10
    _, first = run(engine, sources + "Where is it?", GREEDY)
    _, second = run(engine, sources + "What hangs there?", GREEDY)
    assert first.reused == 0
    assert second.reused >= engine.count([sources])[0]


def test_a_prompt_read_in_part_gives_the_same_answer_as_one_read_whole(engine: Engine, tiny_model: Path) -> None:
    sources = "<s><|user|>" + "The key hangs behind the woodshed. " * 5
    run(engine, sources + "Where is it?", GREEDY)
    with Engine(tiny_model, EngineSettings(context=512, threads=1)) as fresh:
        assert run(engine, sources + "What is it?", GREEDY)[0] == run(fresh, sources + "What is it?", GREEDY)[0]


def test_closing_the_stream_cancels_and_the_model_stays(engine: Engine) -> None:
    stream = engine.generate(PROMPT, Sampling(max_tokens=1500), ENDLESS)
    assert next(stream) == Piece("a")
    process = engine.process_id
    stream.close()
    assert run(engine, PROMPT, GREEDY)[0]
    assert engine.process_id == process


def test_another_thread_can_cancel(engine: Engine) -> None:
    stream = engine.generate(PROMPT, Sampling(max_tokens=1500), ENDLESS)
    next(stream)
    threading.Timer(0.05, engine.cancel).start()
    *_, last = stream
    assert isinstance(last, Finished)
    assert last.reason == "cancelled"
    assert last.tokens < 1500


def test_a_process_killed_in_mid_stream_is_an_error_and_the_next_question_starts_another(engine: Engine) -> None:
    stream = engine.generate(PROMPT, Sampling(max_tokens=1500), ENDLESS)
    next(stream)
    assert engine.process_id
    os.kill(engine.process_id, signal.SIGKILL)
    with pytest.raises(ModelProblem, match="signal 9"):
        list(stream)
    assert run(engine, PROMPT, GREEDY)[0]


@pytest.mark.skipif(sys.platform == "win32", reason="no SIGSTOP")
def test_a_process_that_died_unnoticed_is_replaced(engine: Engine) -> None:
    """A killed process looked alive for a moment more, and the next question died with it."""
    text, _ = run(engine, PROMPT, GREEDY)
    for ask in (lambda: run(engine, PROMPT, GREEDY)[0] == text, lambda: engine.count(["abc"]) == [3]):
        assert engine.process_id
        os.kill(engine.process_id, signal.SIGSTOP)  # alive, and it hears nothing more
        threading.Timer(0.2, os.kill, (engine.process_id, signal.SIGKILL)).start()
        assert ask()


def test_sixteen_questions_at_once_wait_for_each_other(engine: Engine) -> None:
    answers: dict[int, str] = {}

    def ask(number: int) -> None:
        answers[number] = run(engine, f"{PROMPT}{number}", GREEDY)[0]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: run(engine, f"{PROMPT}{number}", GREEDY)[0] for number in range(16)}


def test_an_idle_model_is_unloaded(tiny_model: Path) -> None:
    with Engine(tiny_model, EngineSettings(context=512, idle=0.05)) as engine:
        run(engine, PROMPT, GREEDY)
        for _ in range(200):
            if engine.process_id is None:
                break
            time.sleep(0.05)
        assert engine.process_id is None
        assert run(engine, PROMPT, GREEDY)[0]


def test_the_process_ends_with_the_one_that_asked(tiny_model: Path) -> None:
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom ask.generator.engine import Engine\n"
        "engine = Engine(Path(sys.argv[1]))\nengine.load()\nprint(engine.process_id, flush=True)\nos._exit(0)\n"
    )
    said = subprocess.run([sys.executable, "-c", code, str(tiny_model)], capture_output=True, text=True, check=True)
    child = Path("/proc") / said.stdout.strip()
    if not Path("/proc/self").exists():
        pytest.skip("needs /proc")
    for _ in range(200):
        if not child.exists():
            break
        time.sleep(0.05)
    assert not child.exists()


@pytest.mark.parametrize("content", [b"", b"not a model", b"GGUF\x03\x00\x00\x00" + b"\xff" * 64])
def test_a_file_that_is_no_model_is_an_error(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.gguf"
    file.write_bytes(content)
    with Engine(file) as engine, pytest.raises(ModelProblem):
        engine.load()


def test_a_model_cut_short_is_an_error(tiny_model: Path, tmp_path: Path) -> None:
    file = tmp_path / "cut.gguf"
    file.write_bytes(tiny_model.read_bytes()[:-5000])
    with Engine(file) as engine, pytest.raises(ModelProblem):
        engine.load()
