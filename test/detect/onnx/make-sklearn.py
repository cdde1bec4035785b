"""Writes models/rows.csv, the scikit-learn models, and what scikit-learn itself says of the rows.

python -m venv V && V/bin/pip install -r requirements.txt && V/bin/python make-sklearn.py && V/bin/python make-torch.py
"""

import gzip
from pathlib import Path

import numpy as np
from skl2onnx import to_onnx
from sklearn.ensemble import IsolationForest
from sklearn.mixture import GaussianMixture
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import OneClassSVM

MODELS = Path(__file__).parent / "models"
TRAINING, OTHERS = 300, 60
OPSET = {"": 18, "ai.onnx.ml": 3}


def rows():
    """Six features of two hidden ones, of different sizes; the last rows are far off in one or in all features."""
    random = np.random.default_rng(6)
    hidden = random.normal(size=(TRAINING + OTHERS, 2))
    mixing = np.array([[1, 0.8, -0.6, 0.2, 0.5, -0.9], [0.1, -0.7, 0.7, 1, -0.8, 0.4]])
    x = hidden @ mixing + 0.15 * random.normal(size=(TRAINING + OTHERS, 6))
    for i in range(TRAINING + OTHERS // 2, TRAINING + OTHERS):
        if i % 5 == 0:
            x[i] = 6 * random.normal(size=6)
        else:
            x[i, i % 6] += 8 * (-1) ** i
    # Numbers of 32 bits, so that a split is on the same side for everyone.
    return (x * [1, 10, 0.01, 1000, 3, 1] + [0, 50, 1, -20000, 3, 7]).astype(np.float32)


def save(name, model, x, target_opset=OPSET, **options):
    onnx = to_onnx(model, x[:1], target_opset=target_opset, **options)
    onnx.graph.name = name
    data = onnx.SerializeToString()
    if len(data) < 100_000:
        (MODELS / f"{name}.onnx").write_bytes(data)
    else:
        (MODELS / f"{name}.onnx.gz").write_bytes(gzip.compress(data, 9, mtime=0))


def main():
    MODELS.mkdir(exist_ok=True)
    x = rows()
    train = x[:TRAINING]
    np.savetxt(MODELS / "rows.csv", x, delimiter=",", fmt="%.9g", header="f0,f1,f2,f3,f4,f5", comments="")

    forest = IsolationForest(n_estimators=20, max_samples=48, contamination=0.02, random_state=1).fit(train)
    save("isolation-forest", forest, x)
    default = IsolationForest(random_state=1).fit(train)
    save("isolation-forest-default", default, x)
    svm = make_pipeline(StandardScaler(), OneClassSVM(nu=0.05)).fit(train)
    save("one-class-svm", svm, x)
    neighbours = make_pipeline(StandardScaler(), LocalOutlierFactor(n_neighbors=10, novelty=True)).fit(train)
    save("local-outlier-factor", neighbours, x)
    # Of 64 bits, with three outputs of which none says by itself which rows are strange.
    mixture = GaussianMixture(2, random_state=1).fit(train.astype(np.float64))
    asked = {id(mixture): {"score_samples": True}}
    save("gaussian-mixture", mixture, x.astype(np.float64), target_opset=18, options=asked)

    golden = np.column_stack(
        [
            forest.decision_function(x),
            default.decision_function(x),
            svm.decision_function(x),
            neighbours.decision_function(x),
            mixture.score_samples(x.astype(np.float64)),
        ]
    )
    names = "isolation-forest,isolation-forest-default,one-class-svm,local-outlier-factor,gaussian-mixture"
    np.savetxt(MODELS / "sklearn.csv", golden, delimiter=",", fmt="%.17g", header=names, comments="")


if __name__ == "__main__":
    main()
