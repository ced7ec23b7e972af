"""Writes muon.json: five steps of Muon by its author's algorithm, in float64.

The functions are those of github.com/KellerJordan/Muon, muon.py, written again with
numpy, but for X.bfloat16(), in whose place all is float64. in_proj_weight is three
matrices, queries, keys and values. Made with numpy 2.4.6.
"""

import json
import numpy as np

LEARNING_RATE, MOMENTUM, WEIGHT_DECAY, STEPS = 0.02, 0.95, 0.1, 5
BLOCK = "visual.transformer.resblocks.0."
SHAPES = {
    BLOCK + "mlp.c_fc.weight": (20, 6),  # tall
    BLOCK + "mlp.c_proj.weight": (6, 20),  # wide
    BLOCK + "attn.out_proj.weight": (6, 6),  # square
    BLOCK + "attn.in_proj_weight": (18, 6),  # three square ones
}


def newton_schulz(g):
    a, b, c = 3.4445, -4.7750, 2.0315
    x = g.T if g.shape[0] > g.shape[1] else g
    x = x / (np.linalg.norm(x) + 1e-7)
    for _ in range(5):
        xx = x @ x.T
        x = a * x + (b * xx + c * xx @ xx) @ x
    return x.T if g.shape[0] > g.shape[1] else x


def muon_update(grad, momentum):
    momentum += (1 - MOMENTUM) * (grad - momentum)  # lerp_
    update = newton_schulz(grad + MOMENTUM * (momentum - grad))
    return update * max(1, grad.shape[0] / grad.shape[1]) ** 0.5


def main():
    rng = np.random.default_rng(1)
    float32 = lambda x: x.astype(np.float32).astype(np.float64)
    out = {"learning_rate": LEARNING_RATE, "momentum": MOMENTUM, "weight_decay": WEIGHT_DECAY, "params": []}
    for name, shape in SHAPES.items():
        value = float32(rng.normal(size=shape))
        grads = [float32(rng.normal(size=shape)) for _ in range(STEPS)]
        p = {"name": name, "shape": shape, "value": value.ravel().tolist(), "grads": [g.ravel().tolist() for g in grads]}
        parts = 3 if name.endswith("in_proj_weight") else 1
        rows = shape[0] // parts
        momentum = np.zeros(shape)
        for g in grads:
            for i in range(0, shape[0], rows):
                update = muon_update(g[i : i + rows], momentum[i : i + rows])
                value[i : i + rows] *= 1 - LEARNING_RATE * WEIGHT_DECAY
                value[i : i + rows] -= LEARNING_RATE * update
        p["want"], p["momentum_buffer"] = value.ravel().tolist(), momentum.ravel().tolist()
        out["params"].append(p)
    with open("muon.json", "w") as f:
        json.dump(out, f)
        f.write("\n")


main()
