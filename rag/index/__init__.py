"""Chunks, the bundled embedder, Chroma, Tantivy, exact cosines, and the generations of an index on disk."""
