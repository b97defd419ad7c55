"""Places topics as discs on a sheet, and each paper within the disc of its topic.

Discs of like topics are neighbours: their centres come from classical scaling of the topics' distances (Torgerson, 1952), then
they are drawn together until they touch. Within a disc, papers stand by the two directions in which they differ most, turned so
that a paper tends to the side of the topic that it is next nearest to. A disc's area grows with its papers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rag.index.moments import Rows, Vector

WIDTH, HEIGHT = 1.0, 0.7  # of the sheet
_COVERED = 0.5  # share of the sheet that the discs cover, before they are fitted to it
_MARGIN = 0.012
_GAP = 0.015  # between discs
_PUSHES = 300
_LAST_PUSHES = 60  # without a pull
_PULL = 0.03  # of the way to the middle of the sheet, with each push
_INNER_SHARE = 0.9  # of a disc's radius, within which papers stand
_SEED = 0
_ROUNDS = 20  # of the iteration, after which the directions hardly turn
_SHARPNESS = 12.0  # of how much nearer topics pull more

Points = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sheet:
    """`papers` (n, 2) and `centres` (k, 2) as x and y on the sheet, y downwards, and the `radii` (k,) of the discs."""

    papers: Points
    centres: Points
    radii: Points


def place(vectors: Vector, groups: Rows, directions: Vector) -> Sheet:
    """Return where papers with these `vectors` (n, d) stand. `groups` (n,) and `directions` (k, d) are those of clusters."""
    sizes = np.bincount(groups, minlength=len(directions)).astype(np.float64)
    radii = np.sqrt(_COVERED * WIDTH * HEIGHT * sizes / sizes.sum() / np.pi)
    centres, radii = _fitted(_apart(_scaled(directions), radii), radii)
    papers = np.empty((len(vectors), 2))
    pulls = _pulls(vectors, directions, centres, groups)
    for group in range(len(directions)):
        within = groups == group
        papers[within] = centres[group] + radii[group] * _INNER_SHARE * _disc(vectors[within], pulls[within])
    return Sheet(papers, centres, radii)


def _axes(points: Vector) -> Vector:
    """Return the two directions (d, 2) in which the points (m, d) differ most, by orthogonal iteration."""
    centred = points - points.mean(axis=0)
    axes: NDArray[np.float32] = np.random.default_rng(_SEED).standard_normal((points.shape[1], 2), np.float32)
    for _ in range(_ROUNDS):
        axes = np.asarray(np.linalg.qr(centred.T @ (centred @ axes)).Q, np.float32)
    return axes


def _scaled(directions: Vector) -> Points:
    """Return a point (k, 2) for each topic, within -1 and 1, so that like topics are near."""
    distances = np.maximum(1 - directions @ directions.T, 0).astype(np.float64)
    around = np.eye(len(directions)) - 1 / len(directions)
    values, axes = np.linalg.eigh(-0.5 * around @ distances @ around)
    points = axes[:, ::-1][:, :2] * np.sqrt(np.maximum(values[::-1][:2], 0))
    points = np.pad(points, ((0, 0), (0, 2 - points.shape[1])))
    points *= np.where(points[np.argmax(np.abs(points), axis=0), [0, 1]] < 0, -1, 1)
    return np.asarray(points / np.maximum(np.abs(points).max(axis=0), 1e-9) * [0.5 * WIDTH, 0.5 * HEIGHT])


def _apart(points: Points, radii: Points) -> Points:
    """Return the points drawn together and pushed apart, until discs of these radii lie close and hardly overlap."""
    spacing = radii[:, np.newaxis] + radii + _GAP
    points = points + 1e-4 * np.stack([np.cos(np.arange(len(points))), np.sin(np.arange(len(points)))], axis=1)
    for n in range(_PUSHES + _LAST_PUSHES):
        between = points[:, np.newaxis] - points
        lengths = np.maximum(np.linalg.norm(between, axis=2), 1e-9)
        push = np.maximum(spacing - lengths, 0)
        np.fill_diagonal(push, 0)
        points = points + 0.5 * (between / lengths[..., np.newaxis] * push[..., np.newaxis]).sum(axis=1)
        if n < _PUSHES:
            points = points * (1 - _PULL * np.array([HEIGHT, WIDTH]))  # the sheet is wider than high
    return points


def _fitted(points: Points, radii: Points) -> tuple[Points, Points]:
    """Return discs moved, and made smaller or larger all alike, to fill the sheet."""
    low, high = (points - radii[:, np.newaxis]).min(axis=0), (points + radii[:, np.newaxis]).max(axis=0)
    room = np.array([WIDTH, HEIGHT]) - 2 * _MARGIN
    scale = float((room / np.maximum(high - low, 1e-9)).min())
    return (points - (low + high) / 2) * scale + np.array([WIDTH, HEIGHT]) / 2, radii * scale


def _pulls(vectors: Vector, directions: Vector, centres: Points, groups: Rows) -> Points:
    """Return for each paper the direction (n, 2) to the other topics on the sheet, by how near the paper is to them."""
    weights = np.exp(_SHARPNESS * (vectors @ directions.T).astype(np.float64))
    weights[np.arange(len(vectors)), groups] = 0
    weights /= np.maximum(weights.sum(axis=1, keepdims=True), 1e-9)
    towards = centres - centres[:, np.newaxis]
    towards /= np.maximum(np.linalg.norm(towards, axis=2, keepdims=True), 1e-9)
    return np.asarray(np.einsum("nk,nkc->nc", weights, towards[groups]))


def _disc(points: Vector, pulls: Points) -> Points:
    """Return points (m, d) within the unit disc, spread evenly from the middle, and turned to agree with `pulls` (m, 2)."""
    flat = ((points - points.mean(axis=0)) @ _axes(points)).astype(np.float64)
    left, _, right = np.linalg.svd(flat.T @ (pulls - pulls.mean(axis=0)))  # the turn of orthogonal Procrustes
    flat = flat @ left @ right
    lengths = np.linalg.norm(flat, axis=1)
    rank = np.empty(len(flat))
    rank[np.argsort(lengths, kind="stable")] = np.arange(len(flat))
    return flat / np.maximum(lengths, 1e-9)[:, np.newaxis] * np.sqrt((rank + 0.5) / len(flat))[:, np.newaxis]
