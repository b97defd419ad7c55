"""The bundled cases: JSON Lines, read by evals.case_files."""
