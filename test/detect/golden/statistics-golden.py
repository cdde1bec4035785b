"""Golden values for the detectors ecod and mahalanobis, from PyOD and scikit-learn.

    pip install -r requirements-statistics.txt
    python statistics-golden.py > statistics-golden.json

ecod: PyOD's tails of each value (U_l, U_r), the paper's scores from them (algorithm 1: the largest of three sums over
the features), and PyOD's own scores (a sum over the features of the larger tail).
mahalanobis: scikit-learn's MinCovDet, as it is before and after its reweighting; the best of all subsets of a few rows;
chi-square from SciPy.
"""

import json
import sys
from itertools import combinations

import numpy as np
from pyod.models.ecod import ECOD
from scipy.stats import chi2, skew
from sklearn.covariance import MinCovDet

random = np.random.default_rng(20220102)


def ecod():
    rows = 120
    data = np.column_stack(
        [
            random.normal(size=rows).round(3),
            np.exp(random.normal(size=rows)).round(3),
            -np.exp(random.normal(size=rows)).round(2),
            random.integers(0, 5, rows),
            np.where(random.random(rows) < 0.1, 7.0, 0.0),
        ]
    )
    detector = ECOD().fit(data)
    gamma = skew(data, axis=0)
    left, right = detector.U_l, detector.U_r
    pointed = np.where(gamma < 0, left, right)
    paper = np.max([left.sum(1), right.sum(1), pointed.sum(1)], axis=0)
    return {
        "width": data.shape[1],
        "data": data.ravel().tolist(),
        "paper": paper.tolist(),
        "pyod": detector.decision_scores_.tolist(),
    }


def rows_of(rows, width, outliers):
    mix = random.normal(size=(width, width)) + 2 * np.eye(width)
    data = random.normal(size=(rows, width)) @ mix
    data[:outliers] = random.normal(size=(outliers, width)) * 3 + 40
    return data.round(4)


def mcd(rows, width, support):
    """As many outliers as the subset leaves out: with random rows alone scikit-learn misses the best subset."""
    data = rows_of(rows, width, rows - int(support * rows))
    fits = [MinCovDet(support_fraction=support, random_state=i).fit(data) for i in range(20)]
    found = min(fits, key=lambda fit: np.linalg.det(fit.raw_covariance_))
    return {
        "rows": rows,
        "width": width,
        "support": support,
        "data": data.ravel().tolist(),
        "subset": np.flatnonzero(found.raw_support_).tolist(),
        "rawLocation": found.raw_location_.tolist(),
        "rawCovariance": found.raw_covariance_.ravel().tolist(),
        "location": found.location_.tolist(),
        "covariance": found.covariance_.ravel().tolist(),
    }


def exact(rows, width, support):
    """The subset of least determinant among all there are."""
    data = rows_of(rows, width, 2)
    count = int(support * rows)
    best = min(
        combinations(range(rows), count),
        key=lambda subset: np.linalg.det(np.cov(data[list(subset)].T, bias=True)),
    )
    return {"rows": rows, "width": width, "support": support, "data": data.ravel().tolist(), "subset": list(best)}


def chi_square():
    return [
        {"share": share, "degrees": degrees, "quantile": float(chi2.ppf(share, degrees))}
        for degrees in (1, 2, 3, 9, 36, 274)
        for share in (0.01, 0.5, 0.75, 0.975, 0.9999)
    ]


json.dump(
    {
        "ecod": ecod(),
        "mcd": [mcd(60, 2, 0.75), mcd(90, 4, 0.75), mcd(150, 3, 0.75)],
        "exact": [exact(16, 2, 0.75), exact(18, 3, 0.65), exact(18, 2, 0.7)],
        "chiSquare": chi_square(),
    },
    sys.stdout,
)
sys.stdout.write("\n")
