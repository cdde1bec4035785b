"""Writes scikit-forest.json: a small scikit-learn IsolationForest, its trees and its scores of some rows.

    python export-scikit-forest.py > scikit-forest.json

scikit-learn scores in single precision: all values here are exact in it. It goes left where x <= threshold, Outrider
where x < threshold: the thresholds are the next double up.
"""

import json
import sys

import numpy as np
import sklearn
from sklearn.ensemble import IsolationForest

TREES, SAMPLE, FEATURES = 20, 64, 4

random = np.random.RandomState(7)
# Multiples of 1/64 below 2^10: exact in single precision. Many values are equal to others.
training = np.round(random.standard_normal((300, FEATURES)) * 64) / 64
training[:, 3] = random.randint(0, 3, 300)
rows = np.vstack([training[:40], np.round(random.standard_normal((24, FEATURES)) * 512) / 64])
forest = IsolationForest(n_estimators=TREES, max_samples=SAMPLE, random_state=3).fit(training)
assert all((features == np.arange(FEATURES)).all() for features in forest.estimators_features_)

json.dump(
    {
        "scikitLearn": sklearn.__version__,
        "psi": SAMPLE,
        "features": FEATURES,
        "trees": [
            {
                "left": tree.children_left.tolist(),
                "right": tree.children_right.tolist(),
                "feature": tree.feature.tolist(),
                "threshold": np.nextafter(tree.threshold, np.inf).tolist(),
                "size": tree.n_node_samples.tolist(),
            }
            for tree in (estimator.tree_ for estimator in forest.estimators_)
        ],
        "rows": rows.tolist(),
        "scores": (-forest.score_samples(rows)).tolist(),
    },
    sys.stdout,
)
sys.stdout.write("\n")
