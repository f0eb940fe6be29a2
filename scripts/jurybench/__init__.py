"""Measures the jury's aggregation on recorded votes of real models. Run `python -m scripts.bench_jury`."""

import os

# Before numpy is loaded: the matrices here are tiny, and threads that wait for each other cost ten times more
# than they save. One thread also adds in the same order on every machine.
for _library in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_library, "1")
