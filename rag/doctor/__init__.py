"""python -m rag.doctor: checks machine, library, index and model, and says what to do."""
