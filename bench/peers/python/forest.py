"""scikit-learn's isolation forest, and what it is trained on."""

import numpy
from sklearn.ensemble import IsolationForest


def train(file: str) -> IsolationForest:
    """100 trees of 256 rows; the strangest 1 % of the training rows are anomalies."""
    rows = numpy.loadtxt(file, delimiter=",", skiprows=1)
    forest = IsolationForest(
        n_estimators=100, max_samples=256, contamination=0.01, random_state=1
    )
    return forest.fit(rows)
