#!/usr/bin/env python3
"""Makes resize.json: what torch 2.15 makes of position embeddings (tokens, 2) in float64. The embedding of token i in
channel c is sin(0.7 i + 1.3 c) + 0.1 i, which the test computes as well.
"""
import json, os

import torch
import torch.nn.functional as F

DIM = 2


def embeddings(n):
    i, c = torch.arange(n, dtype=torch.float64)[:, None], torch.arange(DIM, dtype=torch.float64)[None]
    return torch.sin(0.7 * i + 1.3 * c) + 0.1 * i


def grid(a, b):
    x = embeddings(a * a).T.reshape(1, DIM, a, a)
    y = F.interpolate(x, size=(b, b), mode="bicubic", antialias=True, align_corners=False)
    return y.reshape(DIM, b * b).T


def text(a, b):
    return F.interpolate(embeddings(a).T[None], size=b, mode="linear", align_corners=False)[0].T


cases = [{"kind": kind.__name__, "from": a, "to": b, "want": [round(v, 12) for v in kind(a, b).flatten().tolist()]}
         for kind, a, b in [(grid, 7, 12), (grid, 14, 7), (grid, 16, 9), (grid, 2, 3), (grid, 5, 1),
                            (text, 77, 32), (text, 16, 24), (text, 3, 7)]]
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "resize.json"), "w") as f:
    f.write("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
