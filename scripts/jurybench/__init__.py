"""Measures the jury's aggregation on recorded votes of real models. Run `python -m scripts.bench_jury`."""
