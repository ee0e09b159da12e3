"""Loads an exported model and runs it in Python: the peer of the bench `import`.

    python benches/import.py model.pt2

prints medians in milliseconds, and the memory that loading took.
"""

import resource
import statistics
import sys
import time

import torch


def median(run, times: int = 20) -> float:
    """Milliseconds, after two runs that do not count."""
    taken = []
    for _ in range(times + 2):
        start = time.perf_counter()
        run()
        taken.append(1000 * (time.perf_counter() - start))
    return statistics.median(taken[2:])


def peak() -> float:
    """The most memory this process has held, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    before = peak()
    module = torch.export.load(sys.argv[1]).module()
    print(f"memory of loading     {peak() - before:8.0f} MB")
    print(f"load                  {median(lambda: torch.export.load(sys.argv[1]), 5):8.1f} ms")
    side = int(sys.argv[2]) if len(sys.argv) > 2 else 224
    x = torch.ones(1, 3, side, side, requires_grad=True)
    for parameter in module.parameters():
        parameter.requires_grad_(False)

    def forward() -> None:
        with torch.no_grad():
            module(x)

    print(f"forward               {median(forward):8.1f} ms")
    print(f"forward and backward  {median(lambda: torch.autograd.grad(module(x)[0, 0], x)):8.1f} ms")


if __name__ == "__main__":
    main()
