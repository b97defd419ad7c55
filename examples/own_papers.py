"""Puts papers of your own into a library of their own and asks them.

uv run python examples/own_papers.py
"""

import json
import tempfile
from pathlib import Path

from rag import Assistant, Filters, factory, load_settings
from rag.ingestion import ingest

PAPERS = [
    {
        "title": "LanternNet: Street Lamps That Listen",
        "abstract": "Street lamps waste power when nobody walks below them. LanternNet dims 340 lamps by learning from "
        "footsteps. It cut the energy used in Ghent by 27.5% over 12 weeks.",
        "published": "2025-03-01",
    },
    {
        "title": "Frost Watch: Blossom Temperatures by Drone",
        "abstract": "Orchards lose fruit to frost in spring. A drone measures blossom temperature every 90 seconds and "
        "warns the grower 40 minutes before damage.",
        "published": "2024-04-12",
    },
]

with tempfile.TemporaryDirectory() as folder:
    file = Path(folder, "papers.jsonl")
    file.write_text("\n".join(map(json.dumps, PAPERS)), "utf-8")
    settings = load_settings(home=Path(folder, "home"), no_model=True)
    embedder = factory.embedder(load_settings())  # of the usual home, where its files are ready

    for report in ingest(settings.home, [str(file)], embedder, lambda stage, done, total: None):
        print(f"{report.source}: {report.added} added, {len(report.bad)} bad")

    assistant = Assistant(settings, embedder=embedder)
    print(assistant.ask("How much energy did LanternNet save in Ghent?").answer)
    for hit in assistant.search("orchards and frost", filters=Filters(year=2024)):
        print(hit.paper.title)
