"""Writes crates/reglet-statistics/tests/groups.json: what statsmodels, SciPy and scikit-learn find of rows in groups.

Standard errors that are robust to clusters, one way (CR1) and two (Cameron, Gelbach and Miller), of a mean and of a
difference; of an area under the ROC curve by Obuchowski's closed form (1997); Wilson's interval at the effective
number of rows; and by how much few groups widen an interval.
"""

import json
from pathlib import Path

import numpy as np
import statsmodels.api as sm
from scipy import stats
from sklearn.metrics import roc_auc_score
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.sandwich_covariance import cov_cluster_2groups

OUT = Path(__file__).resolve().parents[2] / "crates/reglet-statistics/tests/groups.json"


def clustered_error(values, design, groups):
    return sm.OLS(values, design).fit(cov_type="cluster", cov_kwds={"groups": groups}).bse


def clustered(random, groups, largest):
    group = np.repeat(np.arange(groups), random.integers(1, largest + 1, groups))
    values = 0.1 + random.normal(0, 0.2, groups)[group] + random.normal(0, 0.2, len(group))
    error = clustered_error(values, np.ones(len(values)), group)[0]
    return {"values": values.tolist(), "groups": group.tolist(), "mean": values.mean(), "error": error}


def crossed(random, groups, rows, donors, spread):
    group = np.repeat(np.arange(groups), rows)
    donor = random.integers(0, donors, len(group))
    values = random.normal(0, spread[0], groups)[group] + random.normal(0, spread[1], donors)[donor]
    values += random.normal(0, spread[2], len(group))
    fitted = sm.OLS(values, np.ones(len(values))).fit()
    # By chance the estimate for both may fall below that for one of them.
    variance = max(cov[0, 0] for cov in cov_cluster_2groups(fitted, group, donor, use_correction=False))
    fewer = min(groups, len(np.unique(donor)))
    error = np.sqrt(variance * fewer / (fewer - 1))
    return {"values": values.tolist(), "groups": group.tolist(), "donors": donor.tolist(), "error": error}


def difference(random, groups, both):
    group = np.repeat(np.arange(groups), random.integers(1, 5, groups))
    share = random.random(groups) < 0.4
    with_it = random.random(len(group)) < 0.5 if both else share[group]
    values = 0.3 * with_it + random.normal(0, 0.2, groups)[group] + random.normal(0, 0.2, len(group))
    error = clustered_error(values, sm.add_constant(with_it.astype(float)), group)[1]
    return {
        "values": values.tolist(),
        "with": with_it.tolist(),
        "groups": group.tolist(),
        "difference": values[with_it].mean() - values[~with_it].mean(),
        "error": error,
    }


def auroc(random, groups):
    group = np.repeat(np.arange(groups), random.integers(1, 5, groups))
    label = (random.random(groups) < 0.4)[group] ^ (random.random(len(group)) < 0.1)
    score = np.round(label + random.normal(0, 0.7, groups)[group] + random.normal(0, 0.7, len(group)), 1)
    area = roc_auc_score(label, score)
    weight = random.integers(0, 4, len(group)).astype(float)
    # Obuchowski: structural components, summed over each cluster.
    wins = (score[label][:, None] > score[~label]) + 0.5 * (score[label][:, None] == score[~label])
    positive, negative = np.zeros(groups), np.zeros(groups)
    np.add.at(positive, group[label], wins.mean(axis=1) - area)
    np.add.at(negative, group[~label], wins.mean(axis=0) - area)
    beyond = positive / label.sum() + negative / (~label).sum()
    return {
        "scores": score.tolist(),
        "labels": label.tolist(),
        "groups": group.tolist(),
        "auroc": area,
        "error": np.sqrt((beyond**2).sum() * groups / (groups - 1)),
        "weights": weight.tolist(),
        "weighted": roc_auc_score(label, score, sample_weight=weight),
    }


def share(random, sizes, rate, level):
    groups = len(sizes)
    group = np.repeat(np.arange(groups), sizes)
    hits = random.random(len(group)) < random.beta(rate, 1 - rate, groups)[group]
    n, p = len(hits), hits.mean()
    error = clustered_error(hits.astype(float), np.ones(n), group)[0]
    independent = np.sqrt(p * (1 - p) / (n - 1))
    # The variance within groups is what is left by a mean of its own for each group.
    within = sm.OLS(hits.astype(float), (group[:, None] == np.arange(groups)).astype(float)).fit().mse_resid
    correlation = 1 - within / (p * (1 - p))
    alike = n / (1 + correlation * (np.square(sizes).sum() / n - 1))
    tail = (1 - level) / 2
    equal = n**2 / np.square(sizes).sum()
    freedom = (stats.t.ppf(tail, n - 1) / stats.t.ppf(tail, equal - 1)) ** 2
    effective = min(n, n * (independent / error) ** 2, alike) * freedom
    interval = proportion_confint(p * effective, effective, 1 - level, method="wilson")
    interval = [float(end) for end in interval]
    return {"hits": hits.tolist(), "groups": group.tolist(), "level": level, "interval": interval}


def main():
    random = np.random.default_rng(13)
    reference = {
        "clustered": [clustered(random, *sizes) for sizes in [(12, 6), (30, 5), (80, 4), (200, 1)]],
        "crossed": [
            crossed(random, 60, 4, 24, (0.2, 0.2, 0.2)),
            crossed(random, 150, 1, 24, (0.2, 0.0, 0.2)),
            crossed(random, 150, 1, 24, (0.1, 0.3, 0.1)),
            crossed(random, 40, 8, 40, (0.3, 0.1, 0.5)),
        ],
        "difference": [difference(random, 100, both) for both in (False, True)],
        "auroc": [auroc(random, groups) for groups in (40, 150)],
        "share": [
            *[
                share(random, random.integers(1, 7, groups), rate, level)
                for groups, rate, level in [(40, 0.3, 0.95), (25, 0.5, 0.9), (150, 0.1, 1 - 0.05 / 60)]
            ],
            share(random, np.repeat([50, 1], [5, 55]), 0.3, 0.9),
        ],
        "widening": [
            [groups, level, np.sqrt(groups / (groups - 1)) * stats.t.isf(tail, groups - 1) / stats.norm.isf(tail)]
            for groups in (1.5, 2, 3, 4.25, 5, 10, 40, 1000, 100_000)
            for level in (0.9, 0.95, 1 - 0.05 / 60)
            for tail in [(1 - level) / 2]
        ],
    }
    OUT.write_text(json.dumps(reference) + "\n")


if __name__ == "__main__":
    main()
