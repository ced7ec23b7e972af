"""Writes foreign.json: what torch and safetensors read from folders of models.

    python make_golden.py FOLDER   # of folders, such as shared/parity/foreign

file -> number of tensors, SHA-256 over all of them (sorted by name, each as
"name dtype [shape]\n" and its values as little-endian float32 or int64), and
the first, middle and last one with a SHA-256 of its own. Of a training
checkpoint that is the state dict.
"""
import hashlib, json, os, sys
import torch
from safetensors import safe_open

names = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64", torch.int64: "I64"}


def load(path):
    if path.endswith(".safetensors"):
        with safe_open(path, "pt") as f:
            return {name: f.get_tensor(name) for name in f.keys()}
    value = torch.load(path, map_location="cpu", weights_only=True)
    return value.get("state_dict", value)


def raw(tensor):
    tensor = tensor.float() if tensor.is_floating_point() else tensor.long()
    return bytes(tensor.contiguous().flatten().view(torch.uint8).tolist())


golden = {}
for folder, _, files in sorted(os.walk(sys.argv[1])):
    for file in sorted(files):
        if not file.endswith((".safetensors", ".bin", ".pt")):
            continue
        path = os.path.join(folder, file)
        whole, rows = hashlib.sha256(), []
        for name, tensor in sorted(load(path).items(), key=lambda item: item[0].encode()):
            data = raw(tensor)
            whole.update(f"{name} {names[tensor.dtype]} [{' '.join(map(str, tensor.shape))}]\n".encode() + data)
            rows.append({"name": name, "dtype": names[tensor.dtype], "shape": list(tensor.shape), "sha256": hashlib.sha256(data).hexdigest()})
        some = [rows[i] for i in sorted({0, len(rows) // 2, len(rows) - 1})]
        golden[os.path.relpath(path, sys.argv[1])] = {"tensors": len(rows), "sha256": whole.hexdigest(), "some": some}
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "foreign.json"), "w") as f:
    json.dump(golden, f, indent=1)
