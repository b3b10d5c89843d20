"""From bytes to documents. One file per family of formats; `registry` decides which one reads a file."""

from ask.indexer.extract.registry import Extractor, Limits, Recognition, Source, choose, extractor, extractors, read

__all__ = ["Extractor", "Limits", "Recognition", "Source", "choose", "extractor", "extractors", "read"]
