"""What most people would write: sentence-transformers, chunks of 512 characters, a flat FAISS index.

    python benchmarks/plain.py DIR            prints {"files": …, "chunks": …, "seconds": …} after loading the model

It is what ours is compared with: the same model, batches of 32, torch with all cores, every text file below DIR.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

CHUNK = 512
BATCH = 32


def main() -> None:
    """Embed everything."""
    import faiss
    from ask.indexer.weights import DEFAULT, locate
    from sentence_transformers import SentenceTransformer

    begun = time.perf_counter()
    model = SentenceTransformer(str(locate(DEFAULT).folder), device="cpu")
    loaded = time.perf_counter()
    files = [path for path in sorted(Path(sys.argv[1]).rglob("*")) if path.is_file()]
    texts = [path.read_text("utf-8", "replace") for path in files]
    chunks = [text[at : at + CHUNK] for text in texts for at in range(0, len(text), CHUNK)]
    index = faiss.IndexFlatIP(model.get_sentence_embedding_dimension())
    index.add(model.encode(chunks, batch_size=BATCH, normalize_embeddings=True, show_progress_bar=False))
    spent = time.perf_counter() - loaded
    result = {"files": len(files), "chunks": index.ntotal, "seconds": round(spent, 2), "load": round(loaded - begun, 2)}
    print(json.dumps(result))


if __name__ == "__main__":
    main()
