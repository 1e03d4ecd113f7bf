# SPDX-License-Identifier: GPL-2.0-or-later
"""The comparator in PyTorch: the same networks by its own layers, loss and optimiser.

    python3 pytorch.py sigmoid|relu DATA_DIR EPOCHS BATCH RATE

Threads are OMP_NUM_THREADS. Prints `epoch N SECONDS LOSS` for each epoch and `accuracy PERCENT`.
"""

import os
import sys
import time

import torch

name, folder, epochs, batch, rate = sys.argv[1:6]
epochs, batch, rate = int(epochs), int(batch), float(rate)
real = torch.float64 if name == "sigmoid" else torch.float32
torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))
torch.set_default_dtype(real)
torch.manual_seed(1)


def load(part):
    with open(f"{folder}/{part}-images-idx3-ubyte", "rb") as file:
        images = torch.frombuffer(bytearray(file.read()[16:]), dtype=torch.uint8)
    with open(f"{folder}/{part}-labels-idx1-ubyte", "rb") as file:
        labels = torch.frombuffer(bytearray(file.read()[8:]), dtype=torch.uint8)
    return images.reshape(-1, 784).to(real) / 255, labels.long()


train_x, train_y = load("train")
test_x, test_y = load("t10k")
sizes = [784, 32, 10] if name == "sigmoid" else [784, 128, 64, 10]
limits = [0.0815, 0.378] if name == "sigmoid" else [(6 / n) ** 0.5 for n in sizes[:-1]]
parts = []
for limit, n, m in zip(limits, sizes, sizes[1:]):
    linear = torch.nn.Linear(n, m)
    torch.nn.init.uniform_(linear.weight, -limit, limit)
    torch.nn.init.zeros_(linear.bias)
    parts += [linear, torch.nn.Sigmoid() if name == "sigmoid" else torch.nn.ReLU()]
network = torch.nn.Sequential(*parts[:-1])
optimiser = torch.optim.SGD(network.parameters(), lr=rate)
criterion = torch.nn.CrossEntropyLoss()

for epoch in range(1, epochs + 1):
    started, loss = time.perf_counter(), 0.0
    order = torch.randperm(len(train_x))
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        optimiser.zero_grad()
        error = criterion(network(train_x[chosen]), train_y[chosen])
        error.backward()
        optimiser.step()
        loss += error.item() * len(chosen)
    print(f"epoch {epoch} {time.perf_counter() - started:.6f} {loss / len(order):.4f}", flush=True)
with torch.no_grad():
    right = (network(test_x).argmax(1) == test_y).double().mean().item()
print(f"accuracy {100 * right:.2f}")
