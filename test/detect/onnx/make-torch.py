"""Writes the PyTorch autoencoders for models/rows.csv, and what PyTorch itself makes of the rows. See make-sklearn.py."""

from pathlib import Path

import numpy as np
import torch

MODELS = Path(__file__).parent / "models"
TRAINING = 300


class Autoencoder(torch.nn.Module):
    """ELU, because its exponential rounds otherwise in the last rows of a run that is no multiple of 16."""

    def __init__(self, width):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(width, 13),
            torch.nn.ELU(),
            torch.nn.Linear(13, 2),
            torch.nn.Linear(2, 13),
            torch.nn.ELU(),
            torch.nn.Linear(13, width),
        )

    def forward(self, x):
        return self.layers(x)


class WithScaler(torch.nn.Module):
    """Takes and gives rows in their own units."""

    def __init__(self, inner, mean, deviation):
        super().__init__()
        self.inner, self.mean, self.deviation = inner, mean, deviation

    def forward(self, x):
        return self.inner((x - self.mean) / self.deviation) * self.deviation + self.mean


class WithError(torch.nn.Module):
    """Gives the mean squared error, a vector with one number a row."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return ((self.inner(x) - x) ** 2).mean(dim=1)


def save(name, model, rows, output, free):
    shapes = ({0: torch.export.Dim("rows")},) if free else None
    program = torch.onnx.export(
        model.eval(),
        (torch.zeros(rows, 6),),
        input_names=["row"],
        output_names=[output],
        dynamic_shapes=shapes,
        dynamo=True,
    )
    proto = program.model_proto
    for node in proto.graph.node:
        # Where in the exporting machine's files each node comes from.
        del node.metadata_props[:]
        node.doc_string = ""
    for value in [*proto.graph.value_info, *proto.graph.input, *proto.graph.output, *proto.graph.initializer]:
        del value.metadata_props[:]
    del proto.graph.metadata_props[:]
    del proto.metadata_props[:]
    (MODELS / f"{name}.onnx").write_bytes(proto.SerializeToString())


def main():
    torch.manual_seed(1)
    torch.use_deterministic_algorithms(True)
    x = torch.tensor(np.loadtxt(MODELS / "rows.csv", delimiter=",", skiprows=1), dtype=torch.float64)
    mean, deviation = x[:TRAINING].mean(dim=0), x[:TRAINING].std(dim=0, correction=0)
    z = ((x - mean) / deviation).float()
    model = Autoencoder(6)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(1500):
        optimiser.zero_grad()
        torch.nn.functional.mse_loss(model(z[:TRAINING]), z[:TRAINING]).backward()
        optimiser.step()
    scaled = WithScaler(model, mean.float(), deviation.float())

    save("autoencoder", model, 2, "reconstruction", free=True)
    save("autoencoder-own-units", scaled, 2, "reconstruction", free=True)
    save("autoencoder-one-row", scaled, 1, "reconstruction", free=False)
    save("autoencoder-five-rows", scaled, 5, "reconstruction", free=False)
    save("autoencoder-error", WithError(model), 2, "error", free=True)

    with torch.no_grad():
        golden = torch.column_stack([model(z), scaled(x.float()), WithError(model)(z)])
    names = ",".join([*(f"z{i}" for i in range(6)), *(f"f{i}" for i in range(6)), "error"])
    np.savetxt(MODELS / "torch.csv", golden, delimiter=",", fmt="%.9g", header=names, comments="")


if __name__ == "__main__":
    main()
