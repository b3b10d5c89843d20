"""The nearest vectors are the same, whoever finds them: rows, FAISS, or FAISS and the rows after it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from ask.indexer import packed, spaces, vectors
from ask.indexer.rows import hash_of
from ask.indexer.store import Store

FINGERPRINT = "0" * 16
SIZE = 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as store:
        spaces.activate(store, FINGERPRINT, "model", SIZE)
        yield store


def _vectors(count: int, seed: int = 0) -> vectors.Vectors:
    found = np.random.default_rng(seed).standard_normal((count, SIZE)).astype(np.float32)
    unit = found / np.linalg.norm(found, axis=1, keepdims=True)
    return packed.decode(packed.encode(unit), SIZE)  # what is kept of them, so that order is beyond doubt


def _put(store: Store, found: vectors.Vectors, first: int = 0) -> None:
    hashes = [hash_of(str(first + i).encode()) for i in range(len(found))]
    vectors.put(store, store.space, hashes, found, exact=True)


def _nearest(store: Store) -> vectors.Nearest:
    return vectors.Nearest(store.home, store.db, store.space, FINGERPRINT, SIZE)


def _truth(found: vectors.Vectors, query: vectors.Vectors, k: int) -> list[int]:
    return [int(i) + 1 for i in np.argsort(-(found @ query))[:k]]


def test_the_first_question_and_the_second_get_the_same_answer(store: Store) -> None:
    found, query = _vectors(500), _vectors(1, seed=1)[0]
    _put(store, found)
    vectors.build(store, store.space, FINGERPRINT, SIZE)
    nearest = _nearest(store)
    by_rows = nearest.search(query, 10)
    assert nearest._index is None
    by_faiss = nearest.search(query, 10)
    assert nearest._index is not None
    assert [i for i, _ in by_faiss] == [i for i, _ in by_rows]
    assert [cosine for _, cosine in by_faiss] == pytest.approx([cosine for _, cosine in by_rows])
    assert [i for i, _ in by_rows] == _truth(found, query, 10)


def test_rows_after_the_index_and_rows_gone_from_it_count(store: Store) -> None:
    found, query = _vectors(300), _vectors(1, seed=1)[0]
    _put(store, found[:200])
    vectors.build(store, store.space, FINGERPRINT, SIZE)
    _put(store, found[200:], first=200)
    best = _truth(found, query, 1)[0]
    store.db.execute("DELETE FROM vectors WHERE id = ?", (best,))
    nearest = _nearest(store)
    answers = [[i for i, _ in nearest.search(query, 5)] for _ in range(3)]
    assert answers == [_truth(found, query, 6)[1:]] * 3


def test_many_vectors_are_looked_up_in_faiss_at_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    _put(store, _vectors(50))
    vectors.build(store, store.space, FINGERPRINT, SIZE)
    monkeypatch.setattr(vectors, "SMALL_SCOPE", 49)
    nearest = _nearest(store)
    nearest.search(_vectors(1, seed=1)[0], 5)
    assert nearest._index is not None


def test_what_was_proposed_beforehand_is_scored_alike(store: Store) -> None:
    found, query = _vectors(500), _vectors(1, seed=1)[0]
    _put(store, found[:400])
    vectors.build(store, store.space, FINGERPRINT, SIZE)
    _put(store, found[400:], first=400)
    nearest = _nearest(store)
    nearest.open()
    first = nearest.propose(query, 10)  # a small collection's first question is answered from its rows
    assert first == []
    by_rows = nearest.search(query, 10, proposed=first)
    with ThreadPoolExecutor(1) as beside:
        nearest.open()
        proposed = beside.submit(nearest.propose, query, 10).result()
    assert set(proposed) <= set(range(1, 401))
    by_faiss = nearest.search(query, 10, proposed=proposed)
    assert [i for i, _ in by_faiss] == [i for i, _ in by_rows] == _truth(found, query, 10)
    assert nearest.search(query, 10) == by_faiss


def test_what_was_proposed_and_is_gone_is_made_up_for(store: Store) -> None:
    found, query = _vectors(3000), _vectors(1, seed=1)[0]
    _put(store, found)
    vectors.build(store, store.space, FINGERPRINT, SIZE)
    nearest = _nearest(store)
    nearest.open()
    nearest.open()
    proposed = nearest.propose(query, 10)
    assert 10 < len(proposed) < 3000
    store.db.executemany("DELETE FROM vectors WHERE id = ?", [(i,) for i in proposed])
    there = [i for i in _truth(found, query, 3000) if i not in set(proposed)]
    assert [i for i, _ in nearest.search(query, 10, proposed=proposed)] == there[:10]


def test_a_filter_works_before_the_cut(store: Store) -> None:
    found, query = _vectors(300), _vectors(1, seed=1)[0]
    _put(store, found)
    vectors.build(store, store.space, FINGERPRINT, SIZE)
    worst = _truth(found, query, 300)[-5:]
    nearest = _nearest(store)
    for _ in range(2):
        assert [i for i, _ in nearest.search(query, 3, set(worst))] == worst[:3]


def test_without_an_index_the_rows_answer(store: Store) -> None:
    found, query = _vectors(40), _vectors(1, seed=1)[0]
    _put(store, found)
    assert [i for i, _ in _nearest(store).search(query, 40)] == _truth(found, query, 40)


def test_new_rows_are_added_to_the_file_there_is(store: Store) -> None:
    found, query = _vectors(900), _vectors(1, seed=1)[0]
    _put(store, found[:600])
    vectors.build(store, store.space, FINGERPRINT, SIZE)
    _put(store, found[600:], first=600)
    assert vectors.build(store, store.space, FINGERPRINT, SIZE, anew=False) == 900
    trailer = vectors.read_trailer(vectors.faiss_path(store.home, store.space))
    assert trailer is not None
    assert (trailer.count, trailer.last_id, trailer.trained) == (900, 900, 600)
    nearest = _nearest(store)
    answers = [[i for i, _ in nearest.search(query, 10)] for _ in range(2)]
    assert answers == [_truth(found, query, 10)] * 2


def test_a_file_that_has_outgrown_its_lists_is_made_anew(store: Store) -> None:
    found = _vectors(300)
    _put(store, found[:100])
    vectors.build(store, store.space, FINGERPRINT, SIZE)
    _put(store, found[100:], first=100)
    vectors.build(store, store.space, FINGERPRINT, SIZE, anew=False)
    trailer = vectors.read_trailer(vectors.faiss_path(store.home, store.space))
    assert trailer is not None
    assert trailer.trained == 300


def test_a_large_scope_is_looked_up_in_faiss(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not allowed never takes the place of what is."""
    found, query = _vectors(600), _vectors(1, seed=1)[0]
    _put(store, found)
    vectors.build(store, store.space, FINGERPRINT, SIZE)
    monkeypatch.setattr(vectors, "SMALL_SCOPE", 10)
    monkeypatch.setattr(vectors, "LEAST", 10)
    monkeypatch.setattr(vectors, "PROBES", 2)
    allowed = set(range(301, 601))
    best = [i for i in _truth(found, query, 600) if i in allowed][:3]
    got = [i for i, _ in _nearest(store).search(query, 100, allowed)]
    assert set(got) <= allowed
    assert len(got) == 100
    assert got[0] == best[0]


def test_few_of_many_candidates_are_missed(store: Store) -> None:
    """Real vectors lie in heaps; a tenth of the lists and one bit a dimension find nearly all of the ten nearest."""
    chance = np.random.default_rng(3)
    heaps = _vectors(60, seed=4)[chance.integers(60, size=20_000)]
    found = heaps + 0.12 * chance.standard_normal(heaps.shape).astype(np.float32)
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    found = packed.decode(packed.encode(found), SIZE)
    _put(store, found)
    vectors.build(store, store.space, FINGERPRINT, SIZE)
    nearest = _nearest(store)
    nearest.search(found[0], 1)
    shares = []
    for query in found[:20]:
        got = {i for i, _ in nearest.search(query, 10)}
        shares.append(len(got & set(_truth(found, query, 10))) / 10)
    assert nearest._index is not None
    assert np.mean(shares) >= 0.98
