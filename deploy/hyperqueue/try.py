"""Tries an audit in parts on HyperQueue: a server and two workers on this machine, ended afterwards.

    pip install hyperqueue
    python deploy/hyperqueue/try.py PROGRAM FOLDER

PROGRAM is `reglet-run`, as `cargo build` leaves it, with libtorch's folder in LD_LIBRARY_PATH. The plan, seven parts and their
merging are tasks of one job, and the results are compared with those of one audit, byte for byte but for how long it took.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

from hyperqueue import Job, LocalCluster
from hyperqueue.cluster import WorkerConfig

PARTS = 7
AUDIT = ["audit", "--config", "ruler.toml", "--set", "data.phantoms.count=112", "--set", "maps=10"]
# HyperQueue gives each task of one core one thread; with another number of threads, sums are rounded differently.
ENVIRONMENT = {"LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""), "OMP_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}


def main() -> int:
    program, folder = str(Path(sys.argv[1]).resolve()), Path(sys.argv[2]).resolve()
    folder.mkdir(parents=True)
    parts, merged, whole = (str(folder / name) for name in ("parts", "merged", "whole"))
    with LocalCluster() as cluster:
        for _ in range(2):
            cluster.start_worker(WorkerConfig(cores=1))
        job = Job(default_workdir=folder, default_env=ENVIRONMENT)
        # Tasks are numbered from 0, so that the parts have the numbers from 1 on that `--shard auto` expects.
        plan = job.program([program, *AUDIT, "--plan", "--out", parts])
        made = [
            job.program([program, *AUDIT, "--shard", f"auto/{PARTS}", "--out", parts], deps=[plan]) for _ in range(PARTS)
        ]
        job.program([program, "merge", parts, "--out", merged], deps=made)
        client = cluster.client()
        client.wait_for_jobs([client.submit(job)])
    subprocess.run([program, *AUDIT, "--out", whole], env=os.environ | ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    files = sorted(path.relative_to(whole) for path in Path(whole).rglob("*") if path.is_file())
    differing = [str(file) for file in files if timeless(Path(whole, file)) != timeless(Path(merged, file))]
    print(f"{len(files) - len(differing)} of {len(files)} files are those of one audit" + "".join(f"\n  not {file}" for file in differing))
    return 1 if differing else 0


def timeless(path: Path) -> bytes:
    """What a file holds, but for how long something took."""
    return re.sub(rb'"seconds": [0-9.]*|<dd>[0-9][^<]* s</dd>', b"", path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
