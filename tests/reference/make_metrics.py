"""Writes crates/reglet-metrics/tests/fixtures/reference.json: what Quantus, Captum, pytorch-grad-cam and SciPy find.

Small seeded maps with masks, and a small smooth network as plain weights, so that the tests can run it themselves.
"""

import json
from pathlib import Path

import captum.metrics
import numpy as np
import quantus
import torch
from pytorch_grad_cam.metrics.road import NoisyLinearImputer
from scipy import ndimage, stats

OUT = Path(__file__).resolve().parents[2] / "crates/reglet-metrics/tests/fixtures/reference.json"
SHAPE = (3, 8, 8)


class Network(torch.nn.Module):
    """tanh(x·W)·v with two classes, on pictures of 3×8×8."""

    def __init__(self, random):
        super().__init__()
        self.w = torch.nn.Parameter(torch.tensor(random.normal(0, 0.1, (192, 5)), dtype=torch.float64))
        self.v = torch.nn.Parameter(torch.tensor(random.normal(0, 1.0, (5, 2)), dtype=torch.float64))

    def forward(self, x):
        return torch.tanh(x.reshape(len(x), -1).to(torch.float64) @ self.w) @ self.v


def quiet(metric, **options):
    return metric(disable_warnings=True, display_progressbar=False, **options)


def located(random, model):
    """Maps without ties and without negative values, where Quantus and the papers agree."""
    for fraction in (0.1, 0.3, 0.7):
        map = random.random((8, 8)) ** 2
        mask = random.random((8, 8)) < fraction
        x, y = np.zeros((1, *SHAPE), np.float32), np.array([0])
        batch = dict(model=model, x_batch=x, y_batch=y, a_batch=map[None, None], s_batch=mask[None, None], device="cpu")
        values = {
            "mass": quiet(quantus.RelevanceMassAccuracy, abs=False, normalise=False)(**batch)[0],
            "rank_accuracy": quiet(quantus.RelevanceRankAccuracy, abs=False, normalise=False)(**batch)[0],
            "pointing": quiet(quantus.PointingGame, abs=False, normalise=False)(**batch)[0],
            "auc": quiet(quantus.AUC, abs=False, normalise=False)(**batch)[0],
            "gini": quiet(quantus.Sparseness, abs=True, normalise=False)(**batch)[0],
            "complexity": quiet(quantus.Complexity, abs=True, normalise=False)(**batch)[0],
        }
        yield {"map": map.tolist(), "mask": mask.tolist()} | {name: float(value) for name, value in values.items()}


def morans_i(map):
    """By its definition, with the whole matrix of weights: 1 for pixels that share a side."""
    places = np.argwhere(np.ones_like(map))
    weights = (np.abs(places[:, None] - places[None]).sum(-1) == 1).astype(float)
    z = map.ravel() - map.mean()
    return float(len(z) / weights.sum() * (z @ weights @ z) / (z @ z))


def main():
    random = np.random.default_rng(11)
    torch.manual_seed(0)
    model = Network(random).double().eval()
    x = torch.tensor(random.normal(0, 1, (1, *SHAPE)), dtype=torch.float64)
    x.requires_grad_()
    (gradient,) = torch.autograd.grad(model(x)[0, 1], x)
    x = x.detach()
    map = gradient[0].abs().amax(0).numpy()

    perturbations = [torch.tensor(random.normal(0, 0.3, (1, *SHAPE))) for _ in range(6)]
    supply = iter(perturbations)

    def perturb(inputs):
        noise = next(supply)
        return noise, inputs - noise

    infidelity = captum.metrics.infidelity(model, perturb, x, gradient, target=1, n_perturb_samples=6, max_examples_per_batch=1)

    near = [x + torch.tensor(random.uniform(-0.3, 0.3, (1, *SHAPE))) for _ in range(5)]

    def explain(inputs):
        inputs = inputs[0] if isinstance(inputs, tuple) else inputs
        inputs = inputs.detach().requires_grad_()
        with torch.enable_grad():
            # As a tuple: of a bare tensor Captum 0.9 takes the rows apart and divides by the first channel's norm.
            return torch.autograd.grad(model(inputs)[:, 1].sum(), inputs)

    supply_near = iter(near)
    sensitivity = captum.metrics.sensitivity_max(
        explain, x, perturb_func=lambda inputs: (next(supply_near),), n_perturb_samples=5, max_examples_per_batch=1
    )

    # Quantus flips one channel of one pixel at a time; RISE flips whole pixels, as is done here.
    order = np.argsort(-map.ravel(), kind="stable")
    deletion, insertion = [], []
    for count in range(0, 65, 8):
        gone, come = x.clone(), torch.zeros_like(x)
        rows, columns = np.unravel_index(order[:count], (8, 8))
        gone[0, :, rows, columns] = 0
        come[0, :, rows, columns] = x[0, :, rows, columns]
        with torch.no_grad():
            deletion.append(model(gone)[0, 1].item())
            insertion.append(model(come)[0, 1].item())

    kept = np.ones(64)
    kept[order[:20]] = 0
    imputed = NoisyLinearImputer(noise=0.0)(x[0].float(), torch.tensor(kept.reshape(8, 8)))

    other = map + random.normal(0, 0.02, map.shape)
    tied = np.round(map, 2)
    reference = {
        "located": list(located(random, model)),
        "model": {"w": model.w.tolist(), "v": model.v.tolist()},
        "input": x[0].tolist(),
        "gradient": gradient[0].tolist(),
        "map": map.tolist(),
        "perturbations": [noise[0].tolist() for noise in perturbations],
        "infidelity": infidelity.item(),
        "near": [there[0].tolist() for there in near],
        "explained": [explain(there)[0][0].tolist() for there in [x, *near]],
        "sensitivity_max": sensitivity.item(),
        "deletion": deletion,
        "insertion": insertion,
        "deletion_area": float(np.trapezoid(deletion, dx=1 / 8)),
        "removed": (kept.reshape(8, 8) == 0).tolist(),
        "imputed": imputed.tolist(),
        "spearman": [
            {"other": other.tolist(), "value": stats.spearmanr(map.ravel(), other.ravel()).statistic},
            {"other": tied.tolist(), "value": stats.spearmanr(map.ravel(), tied.ravel()).statistic},
        ],
        "sobel": np.hypot(*(ndimage.sobel(map, axis=axis, mode="nearest") for axis in (0, 1))).tolist(),
        "morans_i": [morans_i(map), morans_i(tied)],
    }

    def rounded(value):
        if isinstance(value, float):
            return float(f"{value:.9g}")
        if isinstance(value, list):
            return [rounded(item) for item in value]
        if isinstance(value, dict):
            return {name: rounded(item) for name, item in value.items()}
        return value

    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(rounded(reference)) + "\n")


if __name__ == "__main__":
    main()
