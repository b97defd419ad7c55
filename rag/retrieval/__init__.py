"""Hybrid search, how many papers a question gets, and the gate that refuses what the abstracts do not say."""
