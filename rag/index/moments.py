"""What is known of all vectors of a generation together: their moments, and the axes on which they differ most.

    matrix/moments.npz   the moments, and the rows whose papers are gone or stand in a later row
    matrix/axes.npz      the directions on which the vector index keeps its vectors, and of how many chunks they were taken

The vector index only proposes papers, and for that a quarter of the dimensions will do.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_MAX_AXES = 96  # dimensions of the vector index

Vector = NDArray[np.float32]
Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Moments:
    """Mean (d,) and covariance (d, d) of some chunk vectors: they give the mean and spread of any question's cosines."""

    chunks: int
    mean: NDArray[np.float64]
    covariance: NDArray[np.float64]

    def of(self, question: Vector) -> tuple[float, float]:
        """Return mean and standard deviation of the cosines of all chunks with `question` (d,)."""
        variance = float(question @ self.covariance @ question)
        return float(self.mean @ question), max(variance, 1e-9) ** 0.5


class Sums:
    """Sums over vectors that are put in and taken out again, from which their moments follow."""

    def __init__(self, dimension: int, start: Moments | None = None) -> None:
        self.chunks = start.chunks if start else 0
        self._sum = start.mean * start.chunks if start else np.zeros(dimension)
        self.outer = np.zeros((dimension, dimension))
        if start:
            self.outer += (start.covariance + np.outer(start.mean, start.mean)) * start.chunks

    def add(self, vectors: Vector, times: int = 1) -> None:
        """Put in vectors (n, dimension), or take them out, with `times` -1."""
        self.chunks += times * len(vectors)
        self._sum += times * vectors.sum(axis=0, dtype=np.float64)
        self.outer += times * (vectors.T @ vectors)

    def moments(self) -> Moments:
        mean = self._sum / max(self.chunks, 1)
        return Moments(self.chunks, mean, self.outer / max(self.chunks, 1) - np.outer(mean, mean))


@dataclass(frozen=True, slots=True)
class Axes:
    """The top (at most 96) principal directions, shape (dimension, directions), fitted on `fitted` chunks."""

    directions: Vector
    fitted: int

    def of(self, vectors: Vector) -> Vector:
        """Return vectors (n, dimension) on these axes, of length 1 again."""
        kept = vectors @ self.directions
        lengths = np.linalg.norm(kept, axis=1, keepdims=True)
        return np.asarray(kept / np.maximum(lengths, 1e-9), np.float32)

    @classmethod
    def fit(cls, sums: Sums) -> Axes:
        """Return the axes on which the vectors of `sums` keep most of their length."""
        _, directions = np.linalg.eigh(sums.outer)  # by growing eigenvalue
        return cls(directions[:, ::-1][:, :_MAX_AXES].astype(np.float32), sums.chunks)

    def write(self, folder: Path) -> None:
        np.savez(folder / "axes.npz", axes=self.directions, fitted=self.fitted)

    @classmethod
    def read(cls, folder: Path) -> Axes:
        """Return what write() has put in `folder`. Raises OSError, ValueError or KeyError when it is not whole."""
        with np.load(folder / "axes.npz") as stored:
            return cls(stored["axes"], int(stored["fitted"]))


def write_moments(folder: Path, moments: Moments, hidden: Rows) -> None:
    np.savez(folder / "moments.npz", chunks=moments.chunks, mean=moments.mean, covariance=moments.covariance, hidden=hidden)


def read_moments(folder: Path) -> tuple[Moments, Rows]:
    """Return the moments and the hidden rows. Raises OSError, ValueError or KeyError when they are not whole."""
    with np.load(folder / "moments.npz") as stored:
        return Moments(int(stored["chunks"]), stored["mean"], stored["covariance"]), stored["hidden"]
