"""Writes `crates/reglet-train/tests/correction.json`: erasures by concept-erasure and logistic regressions by scikit-learn.

Both work on the same rows: 60 of 6 features, of which some go with a concept, drawn by a seeded generator and rounded to float32.

    features, width, shown    the rows, row by row; how many features; which rows have the concept
    erased                    the rows after LEACE (concept_erasure.LeaceEraser without shrinkage, numerical rank 1e-10)
    formula                   the same by the paper's formula in NumPy: x - W^+ P W (x - mean), W = Sigma^(-1/2), P the projection
                              on the span of W Sigma_xz
    lasso                     for each C: weights and intercept of LogisticRegression(l1_ratio=1, solver="saga") on the
                              standardised rows, tolerance 1e-12
"""

import json
import sys
from pathlib import Path

import numpy as np
import torch
from concept_erasure import LeaceFitter
from sklearn.linear_model import LogisticRegression


def main():
    random = np.random.default_rng(11)
    shown = random.random(60) < 0.4
    features = random.normal(1, 2, (60, 6)) @ random.normal(0, 1, (6, 6)) + np.outer(shown, random.normal(0, 1.5, 6))
    features = features.astype(np.float32).astype(np.float64)

    x, z = torch.from_numpy(features), torch.from_numpy(shown.astype(np.float64))[:, None]
    fitter = LeaceFitter(6, 1, constrain_cov_trace=False, shrinkage=False, svd_tol=1e-10, dtype=torch.float64)
    erased = fitter.update(x, z).eraser(x).numpy()

    centred, concept = features - features.mean(0), shown - shown.mean()
    values, vectors = np.linalg.eigh(centred.T @ centred / 60)
    whiten, unwhiten = (vectors * values**-0.5) @ vectors.T, (vectors * values**0.5) @ vectors.T
    direction = whiten @ (centred.T @ concept / 60)
    projection = np.outer(direction, direction) / (direction @ direction)
    formula = features - centred @ (unwhiten @ projection @ whiten).T
    assert np.abs(erased - formula).max() < 1e-8, np.abs(erased - formula).max()

    standard = centred / centred.std(0)
    lasso = []
    for c in [3.0, 1.0, 0.4]:
        fit = LogisticRegression(l1_ratio=1, C=c, solver="saga", tol=1e-12, max_iter=1_000_000).fit(standard, shown)
        lasso.append({"c": c, "weights": fit.coef_[0].tolist(), "intercept": fit.intercept_[0]})
    found = {
        "features": features.ravel().tolist(),
        "width": 6,
        "shown": shown.tolist(),
        "erased": erased.ravel().tolist(),
        "formula": formula.ravel().tolist(),
        "lasso": lasso,
    }
    path = Path(__file__).parents[2] / "crates" / "reglet-train" / "tests" / "correction.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(found) + "\n")


if __name__ == "__main__":
    sys.exit(main())
