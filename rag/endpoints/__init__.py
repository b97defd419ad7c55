"""Everything that talks to an OpenAI-compatible server: connections, errors, chat replies and embeddings."""
