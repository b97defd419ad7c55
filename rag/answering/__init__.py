"""Answers: quoted without a model, or streamed from one, and refusals."""
