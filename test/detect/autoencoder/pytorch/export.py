"""Trains two small autoencoders with PyTorch and writes them as safetensors, with what they make of some rows.

python -m venv venv && venv/bin/pip install -r requirements.txt && venv/bin/python export.py
"""

import json
import pathlib

import numpy
import torch
from safetensors.torch import save_file

FOLDER = pathlib.Path(__file__).parent
FEATURES = ["load", "pressure", "temperature", "current"]


def rows_of(count):
    """Four features that hang together through two hidden ones, each in units of its own."""
    hidden = torch.randn(count, 2)
    mixed = torch.stack([hidden[:, 0], hidden[:, 1], hidden.sum(1), hidden[:, 0] * hidden[:, 1]], 1)
    return (mixed + 0.05 * torch.randn(count, 4)) * torch.tensor([1, 30, 0.02, 5]) + torch.tensor([0, 900, 1, -4])


class EncoderDecoder(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = torch.nn.Sequential(torch.nn.Linear(4, 10), torch.nn.ReLU(), torch.nn.Linear(10, 3))
        self.decoder = torch.nn.Sequential(torch.nn.Linear(3, 10), torch.nn.ReLU(), torch.nn.Linear(10, 4))

    def forward(self, x):
        return self.decoder(self.encoder(x))


def fit(model, x):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(500):
        optimizer.zero_grad()
        loss = torch.nn.functional.mse_loss(model(x), x)
        loss.backward()
        optimizer.step()
    return loss.item()


def main():
    torch.manual_seed(7)
    torch.set_num_threads(1)
    training = rows_of(400).double().numpy().round(4)
    mean, std = training.mean(0), training.std(0)
    scaled = torch.from_numpy(((training - mean) / std).astype(numpy.float32))
    probes = numpy.concatenate([training[:12], [[9, 900, 1, -4], [0, 0, 0, 0], [-50, 2000, 3, 70]]])
    models = {
        "sequential": torch.nn.Sequential(
            torch.nn.Linear(4, 12), torch.nn.Tanh(), torch.nn.Linear(12, 2), torch.nn.Tanh(), torch.nn.Linear(2, 4)
        ),
        "encoder-decoder": EncoderDecoder(),
    }
    rebuilt = {}
    for name, model in models.items():
        print(name, fit(model, scaled))
        save_file(model.state_dict(), FOLDER / f"{name}.safetensors")
        with torch.no_grad():
            output = model.double()(torch.from_numpy((probes - mean) / std)).numpy() * std + mean
        rebuilt[name] = output.tolist()
    expected = {"features": FEATURES, "training": training.tolist(), "rows": probes.tolist(), "rebuilt": rebuilt}
    (FOLDER / "expected.json").write_text(json.dumps(expected) + "\n")


main()
