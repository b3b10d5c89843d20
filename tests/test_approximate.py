"""Approximate meaning first, exact behind: the static table, the map, and what searches learn."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ask.indexer import approximate, maintain
from ask.indexer.compile import Compiled
from ask.indexer.embed import Embedder
from ask.indexer.progress import Silent
from ask.indexer.static import Map, Static, fit, load_map, save_map, unit
from ask.indexer.store import Store
from ask.retriever.sharpen import calibrated

TOPICS = (
    ("bees", "The hive by the orchard lost its queen in spring and the bees swarmed into the neighbour's chimney."),
    ("printer", "The printer in the hall prints everything in cyan since the firmware was updated."),
    ("boat", "We painted the hull of the rowing boat green before the lake froze over."),
    ("bread", "The dough rises overnight in the cold pantry and is baked in a cast iron pot."),
    ("taxes", "The tax office wants the receipts of the last three years in a sealed envelope."),
    ("cat", "The cat sleeps on the warm router and unplugs the network cable when it stretches."),
)


@pytest.fixture(scope="module")
def embedder(compiled: Compiled) -> Embedder:
    return Embedder(compiled)


@pytest.fixture
def notes(tree: Callable[..., Path]) -> Path:
    """60 files, ten for each topic, each of one chunk."""
    return tree({f"{name}{n}.txt": f"{text} Entry number {n}.\n" for name, text in TOPICS for n in range(10)})


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Collections as small as these are worth a table."""
    monkeypatch.setattr(approximate, "FEW", 5)


def test_a_map_is_recovered_from_its_pairs() -> None:
    chance = np.random.default_rng(1)
    matrix = chance.normal(size=(8, 8)).astype(np.float32)
    features = chance.normal(size=(500, 8)).astype(np.float32) * 10
    found = fit(features, features @ matrix + 3, np.eye(8, dtype=np.float32))
    assert np.allclose(found.matrix, matrix, atol=0.01)
    assert np.allclose(found(features), unit(features @ matrix + 3), atol=0.01)


def test_without_pairs_to_learn_from_the_map_stays_as_it_was() -> None:
    before = np.eye(4, dtype=np.float32) * 0.5
    same = np.ones((3, 4), np.float32)
    assert np.allclose(fit(same, same, before).matrix, before)


def test_an_approximate_vector_is_nearest_to_the_exact_one_of_its_text(embedder: Embedder) -> None:
    table = Static(embedder)
    texts = [text for _, text in TOPICS]
    near = table.first(table.features(texts)) @ embedder.embed(texts).T
    assert near.argmax(axis=1).tolist() == list(range(len(texts)))


def test_the_table_is_read_as_it_was_made(embedder: Embedder) -> None:
    first, second = Static(embedder), Static(embedder)
    assert np.allclose(first.features(["a warm router"]), second.features(["a warm router"]), atol=1e-3)
    assert not first.features([""]).any()


def test_a_damaged_map_is_none(tmp_path: Path) -> None:
    eye = np.eye(3, dtype=np.float32)
    save_map(tmp_path / "map.npz", Map(eye, eye[0], eye[1]))
    assert (tmp_path / "map.npz").stat().st_mode & 0o077 == 0
    found = load_map(tmp_path / "map.npz")
    assert found is not None
    assert np.array_equal(found.matrix, eye)
    (tmp_path / "map.npz").write_bytes((tmp_path / "map.npz").read_bytes()[:-40])
    assert load_map(tmp_path / "map.npz") is None
    assert load_map(tmp_path / "none.npz") is None


def tiers(ask: Any) -> tuple[int, int]:
    chunks = ask("status", "--json").json()["chunks"]
    return chunks["approximate"], chunks["exact"]


def test_everything_is_found_by_meaning_before_it_is_exact(ask: Any, notes: Path) -> None:
    assert ask("index", notes, "--wait", "instant").code == 0
    assert tiers(ask) == (60, 0)
    assert ask("check").code == 0
    said = ask("search", "insects that make honey", "--only", "meaning", "--json").json()
    assert Path(said["hits"][0]["path"]).name.startswith("bees")
    assert any("0 % of it exactly" in note for note in said["notes"])


def test_what_a_search_has_embedded_is_kept(ask: Any, notes: Path) -> None:
    ask("index", notes, "--wait", "instant")
    said = ask("search", "insects that make honey", "--json").json()
    assert said["hits"][0]["exact"]
    approximate_left, exact = tiers(ask)
    assert exact > 0
    assert approximate_left == 60 - exact
    assert ask("check").code == 0


def test_a_search_without_time_to_embed_keeps_nothing(ask: Any, notes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ask("index", notes, "--wait", "instant")
    monkeypatch.setenv("ASK_EMBED_BUDGET_MS", "0")
    assert not ask("search", "insects that make honey", "--json").json()["hits"][0]["exact"]
    assert tiers(ask) == (60, 0)


def test_a_search_while_another_writes_answers_and_keeps_nothing(ask: Any, notes: Path) -> None:
    ask("index", notes, "--wait", "instant")
    with Store(ask.home):
        assert ask("search", "insects that make honey").code == 0
    assert tiers(ask) == (60, 0)


def test_exact_follows_and_equals_what_exact_alone_gives(ask: Any, notes: Path, new_ask: Any, tmp_path: Path) -> None:
    ask("index", notes, "--wait", "instant")
    ask("index", notes, "--wait", "full")
    fresh = new_ask(tmp_path / "fresh")
    fresh("index", notes, "--wait", "full")
    assert tiers(ask) == tiers(fresh) == (0, 60)
    question = ("search", "where are the receipts", "--json")
    ours, theirs = ask(*question).json(), fresh(*question).json()
    assert [(h["path"], round(h["score"], 4)) for h in ours["hits"]] == [
        (h["path"], round(h["score"], 4)) for h in theirs["hits"]
    ]
    assert ask("check").code == 0


def test_the_map_is_fitted_again_when_that_helps(
    ask: Any, notes: Path, compiled: Compiled, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(approximate, "LEAST", 20)
    ask("index", notes, "--wait", "instant")
    with Store(ask.home) as store:
        assert not approximate.improve(store, embedder, Silent())
        before = store.db.execute("SELECT max(id) FROM vectors").fetchone()[0]
        turns = iter([False] * 2 + [True] * 9)
        monkeypatch.setattr("ask.indexer.fill.BATCH", 20)
        maintain.fill(store, compiled, 1, Silent(), enough=lambda: next(turns))
        exact = store.db.execute("SELECT count(*) FROM chunks WHERE tier = 2").fetchone()[0]
        assert 20 <= exact < 60
        assert approximate.improve(store, embedder, Silent())
        assert approximate.map_path(ask.home, store.space).exists()
        assert store.db.execute("SELECT min(id) FROM vectors WHERE exact = 0").fetchone()[0] > before, "all renewed"
        assert not approximate.improve(store, embedder, Silent()), "not again before there are twice as many"
    assert ask("check").code == 0
    assert ask("forget", notes).code == 0
    assert not list(ask.home.glob("map-*"))


def test_what_was_not_embedded_is_brought_to_the_scale_of_what_was() -> None:
    """In a language the model does not know, approximate cosines were all above exact ones, and won."""
    approximately = {i: 0.5 + i / 100 for i in range(12)}
    exact = {i: 0.2 + i / 200 for i in range(8)}
    found = calibrated(approximately, exact, [8, 9])
    assert {i: found[i] for i in exact} == exact
    assert found[8] == pytest.approx(0.24)
    assert found[9] == pytest.approx(0.245)
    assert set(found) == {*exact, 8, 9}, "what has its exact vector already is left alone"
    assert calibrated(approximately, {0: 0.2}, [1]) == {0: 0.2}, "one pair tells nothing"
    flat = calibrated(dict.fromkeys(range(10), 0.5), exact, [9])
    assert flat[9] == pytest.approx(sum(exact.values()) / 8)
