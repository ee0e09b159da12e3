"""Writes crates/reglet-statistics/tests/relations.json and probe.json: what SciPy and scikit-learn find.

Numbers and categories against a label, by rows and by groups put together with pandas' `groupby`; rank correlation
within strata; ridge logistic regressions on standardised features, fewer and more than there are rows.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

FOLDER = Path(__file__).resolve().parents[2] / "crates/reglet-statistics/tests"


def number(random, rows, groups, digits, shift):
    group = random.integers(0, groups, rows) if groups else np.arange(rows)
    label = random.random(rows) < 0.4
    value = np.round(shift * label + random.normal(0, 1, rows), digits)
    missing = random.random(rows) < 0.1
    table = pd.DataFrame({"value": value, "label": label, "group": group})[~missing]
    units = table.groupby(["label", "group"]).value.mean().reset_index()
    with_it, without = units.value[units.label], units.value[~units.label]
    tied = units.value.nunique() < len(units)
    method = "exact" if not tied and min(len(with_it), len(without)) <= 8 and len(units) <= 200 else "asymptotic"
    test = stats.mannwhitneyu(with_it, without, method=method)
    return {
        "values": [None if gone else one for one, gone in zip(value.tolist(), missing)],
        "labels": label.tolist(),
        "groups": group.tolist(),
        "auc": test.statistic / (len(with_it) * len(without)),
        "p": test.pvalue,
        "units": len(units),
    }


def category(random, rows, kinds, strength):
    label = random.random(rows) < 0.4
    kind = np.where(random.random(rows) < strength, label.astype(int), random.integers(0, kinds, rows))
    table = pd.crosstab(label, kind).to_numpy()
    expected = stats.contingency.expected_freq(table)
    if (expected >= 5).all():
        p = stats.chi2_contingency(table, correction=False).pvalue
    else:
        method = stats.PermutationMethod(n_resamples=100_000, rng=np.random.default_rng(0))
        p = stats.chi2_contingency(table, correction=False, method=method).pvalue
    cramer = stats.contingency.association(table, method="cramer")
    return {
        "categories": kind.tolist(),
        "labels": label.tolist(),
        "v": cramer,
        "p": p,
        "exact": bool((expected >= 5).all()),
    }


def stratified(random, sizes, together):
    stratum = np.repeat(np.arange(len(sizes)), sizes)
    value = random.normal(0, 1, len(stratum)) + stratum
    score = together * value + random.normal(0, 1, len(stratum)) - 3 * stratum
    value = np.round(value, 1)
    parts = []
    for own in (stratum == number for number in range(len(sizes))):
        first, second = (stats.rankdata(side[own]) / (own.sum() + 1) for side in (value, score))
        parts.append((first - first.mean(), second - second.mean()))
    xy, xx, yy = (
        np.array([(a * b).sum() for a, b in pairs])
        for pairs in (parts, [(a, a) for a, _ in parts], [(b, b) for _, b in parts])
    )
    variance = (xx * yy / (np.array(sizes) - 1)).sum()
    if len(stratum) >= 50:
        p = 2 * stats.norm.sf(abs(xy.sum()) / np.sqrt(variance))
    else:
        shuffled = np.zeros(100_000)
        for a, b in parts:
            shuffled += random.permuted(np.tile(b, (len(shuffled), 1)), axis=1) @ a
        p = (np.abs(shuffled) >= abs(xy.sum()) - 1e-12).mean()
    strength = xy.sum() / np.sqrt(xx.sum() * yy.sum())
    if len(sizes) == 1:
        assert np.isclose(strength, stats.spearmanr(value, score).statistic)
    return {
        "values": value.tolist(),
        "scores": score.tolist(),
        "strata": stratum.tolist(),
        "strength": strength,
        "p": p,
        "formula": len(stratum) >= 50,
    }


def regression(random, rows, width, c):
    label = random.random(rows) < 0.4
    features = random.normal(3, 2, (rows, width)) * random.uniform(0.1, 10, width)
    features[:, 0] += 4 * label
    features[:, -1] = 0.3
    features = np.round(features, 3).astype(np.float32)
    standard = StandardScaler().fit(features.astype(float))
    model = LogisticRegression(C=c, tol=1e-10, max_iter=10_000, solver="lbfgs")
    model.fit(standard.transform(features.astype(float)), label)
    return {
        "features": features.astype(float).round(3).ravel().tolist(),
        "labels": label.tolist(),
        "width": width,
        "c": c,
        "weights": (model.coef_[0] / standard.scale_).tolist(),
        "scores": model.decision_function(standard.transform(features.astype(float))).tolist(),
    }


def main():
    random = np.random.default_rng(29)
    relations = {
        "numbers": [
            number(random, *how)
            for how in [(40, 0, 9, 0.5), (16, 0, 9, 1), (120, 0, 1, 0.3), (150, 60, 9, 0.6), (18, 0, 0, 1)]
        ],
        "categories": [category(random, *how) for how in [(120, 2, 0.3), (200, 4, 0.2), (24, 2, 0.4), (30, 5, 0.3)]],
        "stratified": [
            stratified(random, *how) for how in [([80], 0.3), ([40, 90, 25], 0.2), ([12, 9], 0.6), ([20, 15, 8], 0)]
        ],
    }
    (FOLDER / "relations.json").write_text(json.dumps(relations) + "\n")
    probe = [regression(random, *how) for how in [(60, 6, 1.0), (30, 45, 4 / 45), (40, 45, 1.0)]]
    (FOLDER / "probe.json").write_text(json.dumps(probe) + "\n")


if __name__ == "__main__":
    main()
