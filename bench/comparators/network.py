# SPDX-License-Identifier: GPL-2.0-or-later
"""The comparator in NumPy: the same networks as whole-batch matrix products.

    python3 network.py sigmoid|relu DATA_DIR EPOCHS BATCH RATE

Threads are OpenBLAS's (OPENBLAS_NUM_THREADS). Prints `blas NAME` (openblas, mkl or other: a NumPy on
the reference BLAS is many times slower and no fair comparison), `epoch N SECONDS LOSS` for each epoch
and `accuracy PERCENT` at the end.
"""

import sys
import time

import numpy as np

maps = open("/proc/self/maps").read()
print("blas", next((b for b in ("openblas", "mkl") if b in maps), "other"))

name, folder, epochs, batch, rate = sys.argv[1:6]
epochs, batch, rate = int(epochs), int(batch), float(rate)
real = np.float64 if name == "sigmoid" else np.float32
sizes = [784, 32, 10] if name == "sigmoid" else [784, 128, 64, 10]


def load(part):
    images = np.fromfile(f"{folder}/{part}-images-idx3-ubyte", np.uint8)[16:].reshape(-1, 784)
    labels = np.fromfile(f"{folder}/{part}-labels-idx1-ubyte", np.uint8)[8:]
    return (images / 255).astype(real), labels


train_x, train_y = load("train")
test_x, test_y = load("t10k")
random = np.random.default_rng(1)
limits = [0.0815, 0.378] if name == "sigmoid" else [np.sqrt(6 / n) for n in sizes[:-1]]
weights = [random.uniform(-a, a, (n, m)).astype(real) for a, n, m in zip(limits, sizes, sizes[1:])]
biases = [np.zeros(m, real) for m in sizes[1:]]


def forward(x):
    outputs = [x]
    for w, b in zip(weights[:-1], biases[:-1]):
        z = outputs[-1] @ w + b
        outputs.append(1 / (1 + np.exp(-z)) if name == "sigmoid" else np.maximum(z, 0))
    z = outputs[-1] @ weights[-1] + biases[-1]
    e = np.exp(z - z.max(1, keepdims=True))
    outputs.append(e / e.sum(1, keepdims=True))
    return outputs


for epoch in range(1, epochs + 1):
    started, loss = time.perf_counter(), 0.0
    order = random.permutation(len(train_x))
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        y = train_y[chosen]
        outputs = forward(train_x[chosen])
        rows = np.arange(len(chosen))
        loss -= np.log(outputs[-1][rows, y] + 1e-30).sum()
        delta = outputs[-1]
        delta[rows, y] -= 1
        step = real(rate / len(chosen))
        for layer in range(len(weights) - 1, -1, -1):
            d_w, d_b = outputs[layer].T @ delta, delta.sum(0)
            if layer:
                h = outputs[layer]
                slope = h * (1 - h) if name == "sigmoid" else h > 0
                delta = (delta @ weights[layer].T) * slope
            weights[layer] -= step * d_w
            biases[layer] -= step * d_b
    print(f"epoch {epoch} {time.perf_counter() - started:.6f} {loss / len(order):.4f}", flush=True)
right = (forward(test_x)[-1].argmax(1) == test_y).mean()
print(f"accuracy {100 * right:.2f}")
