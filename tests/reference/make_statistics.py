"""Writes crates/reglet-statistics/tests/reference.json: what SciPy, scikit-learn and statsmodels find.

Samples of paired differences, symmetric and skewed, with ties and zeros, few and many; tables of counts; scores
with labels.
"""

import json
from pathlib import Path

import numpy as np
from scipy import optimize, stats
from sklearn.metrics import brier_score_loss, roc_auc_score
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

OUT = Path(__file__).resolve().parents[2] / "crates/reglet-statistics/tests/reference.json"


def samples(random):
    yield random.normal(0.1, 0.4, 23)
    yield random.normal(0.0, 1.0, 50)
    yield random.normal(0.02, 0.1, 120)
    yield random.exponential(0.3, 30)
    yield -random.exponential(0.3, 12)
    yield np.round(random.normal(0.1, 0.3, 40), 1)
    yield np.concatenate([np.zeros(6), random.normal(0.4, 0.3, 20)])
    yield np.array([0.9, 0.02, 0.01, 0.04, 0.85, 0.003, 0.0001, 0.31, 0.05, 0.006])


def sample(values):
    bootstrap = stats.bootstrap(
        (values,), np.mean, n_resamples=200_000, batch=1000, method="BCa", random_state=np.random.default_rng(0)
    ).confidence_interval
    ranks = stats.rankdata(np.abs(values[values != 0]))
    signs = np.sign(values[values != 0])
    n, deviation = len(values), values.std(ddof=1)

    def shortfall(effect):
        noncentrality = effect / deviation * np.sqrt(n)
        limit = stats.t.ppf(0.975, n - 1)
        # The other tail is below 1e-4 where the power is anywhere near 0.8.
        return stats.nct.sf(limit, n - 1, noncentrality) - 0.8

    return {
        "values": values.tolist(),
        "bca": [bootstrap.low, bootstrap.high],
        # Few values: see the crate's `Draws::interval`.
        "widening": np.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1) / stats.norm.ppf(0.975),
        "wilcoxon": stats.wilcoxon(values).pvalue,
        "rank_biserial": float((ranks * signs).sum() / ranks.sum()),
        "cohens_d": values.mean() / deviation,
        "detectable": optimize.brentq(shortfall, 0.1 * deviation, 2 * deviation),
    }


def table(counts):
    counts = np.array(counts)
    # SciPy's odds ratio has no correction for zeros: where there are some, half is added before, as we say.
    if (counts == 0).any():
        cells = counts + 0.5
        log, error = np.log(cells[0, 0] * cells[1, 1] / cells[0, 1] / cells[1, 0]), np.sqrt((1 / cells).sum())
        odds = [float(np.exp(log + side * stats.norm.ppf(0.975) * error)) for side in (0, -1, 1)]
    else:
        result = stats.contingency.odds_ratio(counts, kind="sample")
        interval = result.confidence_interval(0.95)
        odds = [result.statistic, interval.low, interval.high]
    column, row = np.repeat([0, 1, 0, 1], counts.ravel()), np.repeat([0, 0, 1, 1], counts.ravel())
    pearson = stats.pearsonr(row, column)
    interval = pearson.confidence_interval(0.95)
    return {
        "counts": counts.tolist(),
        "odds_ratio": odds,
        "phi": pearson.statistic,
        "phi_interval": [interval.low, interval.high],
    }


def scores(random, count):
    labels = random.random(count) < 0.4
    values = np.round(np.clip(random.beta(2, 3, count) + 0.2 * labels, 0, 1), 3)
    # Bins open below and closed above.
    bins = np.clip(np.ceil(values * 10), 1, 10)
    error = sum(abs(values[bins == b].sum() - labels[bins == b].sum()) for b in range(1, 11)) / count
    return {
        "scores": values.tolist(),
        "labels": labels.tolist(),
        "auroc": roc_auc_score(labels, values),
        "brier": brier_score_loss(labels, values),
        "calibration_error": error,
    }


def main():
    random = np.random.default_rng(5)
    lists = [random.uniform(0, 0.1, 7).tolist(), [0.01, 0.04, 0.03, 0.005], [0.5, 0.9], [0.02]]
    reference = {
        "samples": [sample(values) for values in samples(random)],
        "mcnemar": [
            [a, b, stats.binomtest(min(a, b), a + b).pvalue] for a, b in [(1, 9), (5, 5), (0, 6), (40, 22), (3, 2)]
        ],
        "holm": [[values, multipletests(values, method="holm")[1].tolist()] for values in lists],
        "tables": [table(counts) for counts in ([[20, 5], [7, 18]], [[13, 15], [10, 14]], [[12, 0], [3, 9]])],
        "wilson": [
            [hits, count, *map(float, proportion_confint(hits, count, method="wilson"))]
            for hits, count in [(0, 12), (12, 12), (5, 23), (1, 2), (300, 1000)]
        ],
        "scores": [scores(random, count) for count in (30, 200)],
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(reference, indent=1) + "\n")


if __name__ == "__main__":
    main()
