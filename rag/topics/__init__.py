"""Topics of the collection, found in the vectors of its papers, and a map on which papers of one topic stand together."""
