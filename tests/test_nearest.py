"""The nearest vectors are the same, whoever finds them: rows, FAISS, or FAISS and the rows after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from ask.indexer import fill, vectors
from ask.indexer.store import Store, hash_of

FINGERPRINT = "0" * 16
SIZE = 32


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store(tmp_path / "state") as store:
        fill.activate_space(store, FINGERPRINT, "model", SIZE)
        yield store


def _vectors(count: int, seed: int = 0) -> vectors.Vectors:
    found = np.random.default_rng(seed).standard_normal((count, SIZE)).astype(np.float32)
    unit = found / np.linalg.norm(found, axis=1, keepdims=True)
    return vectors.decode(vectors.encode(unit), SIZE)  # what is kept of them, so that order is beyond doubt


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
