"""Groups of points: many small ones by density, merged to the number that the points themselves suggest.

Small groups are found by UMAP and HDBSCAN (or PCA and k-means), merged by Ward's rule, and moved to where their points
are. The number of groups is the fewest whose silhouette is within a twentieth of the best, at least the fourth root of
the number of points.
"""

import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import fcluster

Points = NDArray[np.float32]
Labels = NDArray[np.int64]

NEIGHBOURS, COMPONENTS, EPOCHS = 15, 5, 100
PRINCIPAL = 50
# Of more texts a random sample is clustered, and all are scored.
MOST_FITTED = 20_000
# Points whose silhouette is measured.
MEASURED = 2_500
NEAR_BEST, TRIALS, MOVES = 0.95, 24, 5


@dataclass(frozen=True)
class Groups:
    """Groups of points.

    Attributes
    ----------
    centroids
        One row a group, of unit length, the group with most points first.
    labels
        The nearest group of each point.
    core
        Whether each point was dense enough for HDBSCAN to count it in.
    small, silhouette
        How many small groups there were, and the silhouette of the merged ones.
    """

    centroids: Points
    labels: Labels
    core: NDArray[np.bool_]
    small: int
    silhouette: float

    def facts(self) -> dict[str, float | int | None]:
        """Return what was chosen from the points, as plain JSON."""
        silhouette = None if np.isnan(self.silhouette) else round(self.silhouette, 4)
        return {"small_groups": self.small, "silhouette": silhouette, "fitted": len(self.labels)}


def group(points: Points, mode: str, seed: int) -> Groups:
    """Return groups of points of unit length.

    Parameters
    ----------
    points
        n × d, without repeats.
    mode
        `umap` (UMAP and HDBSCAN) or `portable` (PCA and k-means, the same on every machine).
    seed
        Of UMAP, of k-means, and of what is sampled.
    """
    random = np.random.default_rng(seed)
    fitted = np.sort(random.permutation(len(points))[:MOST_FITTED])
    sample = points[fitted]
    small = _dense(sample, seed) if mode == "umap" else _even(sample, seed)
    centroids, labels = _settle(sample, small)
    tree = ward(centroids, np.bincount(labels))
    merged, silhouette = _cut(sample, labels, tree, random)
    centroids, _ = _settle(sample, merged)
    labels = nearest(points, centroids)
    order = np.argsort(-np.bincount(labels, minlength=len(centroids)), kind="stable")
    core = np.ones(len(points), bool)
    core[fitted] = small >= 0
    return Groups(centroids[order], np.argsort(order)[labels], core, len(tree) + 1, silhouette)


def neighbours(points: Points, count: int = NEIGHBOURS) -> tuple[NDArray[np.int32], Points]:
    """Return the nearest points of each point, itself first, and their cosine distances, exactly.

    UMAP would find them by an approximation whose compilation takes longer than the exact search.
    """
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(points)
    distance, index = search.kneighbors(points)
    return index.astype(np.int32), (distance**2 / 2).astype(np.float32)


def _dense(points: Points, seed: int) -> Labels:
    """Return the small group of each point by UMAP and HDBSCAN, −1 for points in no dense place."""
    coordinates = _reduced(points, seed)
    least = max(5, round(len(points) ** 0.5 / 5))
    labels = _hdbscan(coordinates, least)
    return labels if labels.max(initial=-1) > 0 else _even(points, seed)


def _reduced(points: Points, seed: int) -> Points:
    """Return the coordinates of points by UMAP."""
    count = min(NEIGHBOURS, len(points) - 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from umap import UMAP

        model = UMAP(
            n_neighbors=count,
            n_components=min(COMPONENTS, len(points) - 2),
            min_dist=0.0,
            metric="cosine",
            n_epochs=EPOCHS,
            random_state=seed,
            n_jobs=1,
            precomputed_knn=(*neighbours(points, count), None),
        )
        coordinates: Points = model.fit_transform(points)
    return coordinates


def _hdbscan(coordinates: Points, least: int) -> Labels:
    """Return the groups of coordinates by HDBSCAN, −1 for points in no dense place."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from hdbscan import HDBSCAN

        model = HDBSCAN(min_cluster_size=least, min_samples=5, cluster_selection_method="leaf", core_dist_n_jobs=1)
        labels: Labels = model.fit(coordinates.astype(np.float64)).labels_.astype(np.int64)
    return labels


def _even(points: Points, seed: int) -> Labels:
    """Return the small group of each point by PCA and k-means."""
    from sklearn.cluster import KMeans
    from sklearn.decomposition import PCA

    size = min(PRINCIPAL, *points.shape)
    flat = PCA(size, svd_solver="full").fit_transform(points.astype(np.float64)) if size > 1 else points
    count = min(round(2 * len(points) ** 0.5), len(np.unique(flat, axis=0)))
    labels: Labels = KMeans(max(1, count), n_init=1, random_state=seed).fit(flat).labels_.astype(np.int64)
    return labels


def ward(centroids: Points, sizes: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the tree of groups merged by Ward's rule, in SciPy's form; SciPy's own knows no sizes.

    Examples
    --------
    >>> ward(np.array([[0.0], [1.0], [9.0]]), np.array([1, 1, 2]))[0]
    array([0.        , 1.        , 0.70710678, 2.        ])
    """
    count = len(centroids)
    weight = sizes.astype(float)
    cost = _squares(centroids)
    cost *= weight[:, None] * weight / (weight[:, None] + weight)
    np.fill_diagonal(cost, np.inf)
    name, leaves, tree = np.arange(count), np.ones(count), np.empty((max(0, count - 1), 4))
    for step in range(count - 1):
        one, other = np.unravel_index(np.argmin(cost), cost.shape)
        least, total = cost[one, other], weight + weight[one] + weight[other]
        # Lance and Williams: what merging the new group with each of the rest would cost.
        new = (weight + weight[one]) * cost[one] + (weight + weight[other]) * cost[other] - weight * least
        cost[one] = cost[:, one] = np.where(np.isfinite(new), new / total, np.inf)
        cost[one, one], cost[other], cost[:, other] = np.inf, np.inf, np.inf
        weight[one] += weight[other]
        leaves[one] += leaves[other]
        tree[step] = [name[one], name[other], np.sqrt(max(least, 0)), leaves[one]]
        name[one] = count + step
    tree[:, 2] = np.maximum.accumulate(tree[:, 2])
    return tree


def cut(tree: NDArray[np.float64], count: int) -> Labels:
    """Return which of at most `count` groups each leaf of a tree is in."""
    if not len(tree):
        return np.zeros(1, np.int64)
    return np.asarray(fcluster(tree, count, "maxclust"), np.int64) - 1


def _cut(points: Points, small: Labels, tree: NDArray[np.float64], random: np.random.Generator) -> tuple[Labels, float]:
    """Return the group of each point where the tree is cut, and its silhouette."""
    most, fewest = len(tree) + 1, max(2, round(len(points) ** 0.25))
    if most <= fewest:
        return small, float("nan")
    chosen = random.permutation(len(points))[:MEASURED]
    scores = {}
    for count in np.unique(np.geomspace(fewest, most, TRIALS).round().astype(int)):
        labels = nearest(points[chosen], _middles(points, cut(tree, int(count))[small]))
        if 1 < len(np.unique(labels)) < len(labels):
            scores[int(count)] = silhouette(points[chosen], labels)
    if not scores:
        return small, float("nan")
    best = max(scores.values())
    count = min(count for count, score in scores.items() if score >= min(NEAR_BEST * best, best))
    return cut(tree, count)[small], scores[count]


def silhouette(points: Points, labels: Labels) -> float:
    """Return the mean silhouette of points of unit length by cosine distance.

    The distances of a point to a group sum to its size less the cosine with the sum of its points: scikit-learn's
    figure without all pairs.
    """
    group, own = np.unique(labels, return_inverse=True)
    counts = np.bincount(own)
    sums = np.stack([points[own == one].sum(0, dtype=float) for one in range(len(group))])
    mean = 1 - points @ sums.T / counts
    rows, others = np.arange(len(points)), np.maximum(counts[own] - 1, 1)
    within = mean[rows, own] * counts[own] / others
    mean[rows, own] = np.inf
    nearest_other = mean.min(1)
    scores = (nearest_other - within) / np.maximum(np.maximum(nearest_other, within), 1e-12)
    return float(np.where(counts[own] > 1, scores, 0).mean())


def _settle(points: Points, labels: Labels) -> tuple[Points, Labels]:
    """Return the centroids of groups, and the nearest of each point, after a few moves; empty groups go."""
    for _ in range(MOVES):
        centroids = _middles(points, labels)
        labels = nearest(points, centroids)
    kept = np.unique(labels)
    return centroids[kept], np.searchsorted(kept, labels)


def _middles(points: Points, labels: Labels) -> Points:
    """Return the centroid of each group that has points."""
    return _unit(np.stack([points[labels == one].mean(0) for one in np.unique(labels[labels >= 0])]))


def nearest(points: Points, centroids: Points) -> Labels:
    """Return the number of the nearest centroid of each point."""
    step = max(1, 10_000_000 // len(centroids))
    parts = [(points[start : start + step] @ centroids.T).argmax(1) for start in range(0, len(points), step)]
    return np.concatenate(parts)


def _squares(centroids: Points) -> NDArray[np.float64]:
    """Return the squared distances of centroids."""
    from scipy.spatial.distance import pdist, squareform

    squares: NDArray[np.float64] = squareform(pdist(centroids.astype(float), "sqeuclidean"))
    return squares


def _unit(points: Points) -> Points:
    """Return points at unit length."""
    return (points / np.maximum(np.linalg.norm(points, axis=1, keepdims=True), 1e-12)).astype(np.float32)
