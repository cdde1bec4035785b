"""Scores rows with scikit-learn: python scikit.py INPUT (see forest.c), then a line of stdin each "BATCH ROWS".

Fits 100 trees of 256 rows on the input's rows, in single precision, so that nothing is converted while time is taken.
Answers each line with the nanoseconds of processor time that ROWS rows took in batches of BATCH.
"""

import sys
import time

import numpy as np
import sklearn
from sklearn.ensemble import IsolationForest

with open(sys.argv[1], "rb") as file:
    nodes, trees, rows, width = np.fromfile(file, "<i4", 4)
    file.seek(16 + int(nodes) * 24 + int(trees) * 8)
    values = np.fromfile(file, "<f8", int(rows) * int(width)).reshape(rows, width).astype(np.float32)

forest = IsolationForest(n_estimators=100, max_samples=256, random_state=0, n_jobs=None).fit(values)
print(f"scikit-learn {sklearn.__version__}", flush=True)
for line in sys.stdin:
    batch, count = map(int, line.split())
    best = None
    for _ in range(3):
        start = time.process_time_ns()
        for at in range(0, count, batch):
            forest.score_samples(values[at : at + batch])
        took = time.process_time_ns() - start
        best = took if best is None else min(best, took)
    print(best, flush=True)
