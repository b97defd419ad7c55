"""Measures whether answers are grounded: python -m evals run."""
