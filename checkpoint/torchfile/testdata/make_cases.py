"""Writes the small files of torch.save that the tests read, and their values.

    python make_cases.py   # torch 2.15; writes *.pt and values.json beside itself

values.json: file -> path of the dict -> tensor -> [dtype, shape, values], the
values row-major. Files in refused/ have none.
"""
import collections, json, os, zipfile
import torch

here = os.path.dirname(os.path.abspath(__file__))
os.makedirs(here + "/refused", exist_ok=True)
torch.manual_seed(0)
names = {torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.float64: "F64", torch.int64: "I64",
         torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL"}
values = {}


def tensors(value, path=()):
    """Tensors by the path of what holds them."""
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, (list, tuple)):
        items = enumerate(value)
    else:
        return
    for key, item in items:
        if isinstance(item, torch.Tensor):
            numbers = item.detach()
            numbers = (numbers.double() if numbers.is_floating_point() else numbers.long()).flatten().tolist()
            yield "/".join(path), str(key), [names[item.dtype], list(item.shape), numbers]
        else:
            yield from tensors(item, path + (str(key),))


def save(name, value):
    torch.save(value, f"{here}/{name}.pt")
    values[name] = {}
    for path, key, item in tensors(value):
        values[name].setdefault(path, {})[key] = item


def refused(name, value, **options):
    torch.save(value, f"{here}/refused/{name}.pt", **options)


def repack(source, name, change):
    """The zip of source with other files in it."""
    old = zipfile.ZipFile(f"{here}/{source}.pt")
    with zipfile.ZipFile(f"{here}/{name}.pt", "w") as new:
        for entry in old.namelist():
            for file, data, method in change(entry, old.read(entry)):
                new.writestr(zipfile.ZipInfo(file, (2026, 1, 1, 0, 0, 0)), data, method)


edges = [0.0, -0.0, 1.0, -2.5, 2.0**-24, -(2.0**-14), 65504.0, 1 / 3]
save("types", {str(t): torch.tensor(edges if t.is_floating_point else [0, 1, 1, 0] if t in (torch.bool, torch.uint8) else
                                    [0, 1, -1, torch.iinfo(t).min, torch.iinfo(t).max], dtype=t) for t in names})
base = torch.randn(4, 6)
cube = torch.arange(2 * 3 * 4 * 5, dtype=torch.float16).reshape(2, 3, 4, 5)
save("views", {
    "base": base, "transposed": base.t(), "rows": base[1:3], "columns": base[:, 2:4], "strided": base[::2, 1::3], "one": base[3, 5],
    "permuted": cube.permute(3, 0, 2, 1), "cut": cube[1:, :, 1:3, 4:], "empty": base[:0], "none": torch.zeros(3, 0, 2).transpose(0, 2),
    "unsqueezed": base.t().unsqueeze(0).unsqueeze(-1), "scalar": torch.tensor(2.6592), "ids": torch.arange(7).expand((1, -1)),
})
model = torch.nn.Sequential(collections.OrderedDict(fc=torch.nn.Linear(3, 2), norm=torch.nn.BatchNorm1d(2)))
optim = torch.optim.AdamW(model.parameters(), lr=1e-3)
model(torch.randn(4, 3)).sum().backward()
optim.step()
save("training", {"epoch": 3, "name": "größe", "state_dict": {"module." + k: v for k, v in model.state_dict().items()},
                  "optimizer": optim.state_dict(), "large": [2**40, -(2**40), -1, 300, 70000, 1.5, None, True, (1, 2, 3)]})
save("parameters", {"w": torch.nn.Parameter(base.t()), "frozen": torch.nn.Parameter(base[0], requires_grad=False)})
save("module", model.state_dict())
tree = {"state_dict": dict(model.state_dict()), "list": [base, (base[0], {"deep": base[1]})], "empty": {}}
tree["again"] = tree["state_dict"]
save("shared", tree)
repack("module", "old-zip", lambda n, data: [(n, data, 0)] if "/data" in n or "version" in n else [])  # as torch 1.6 wrote it
values["old-zip"] = values["module"]

small = {"w": torch.ones(2)}
torch.jit.save(torch.jit.script(torch.nn.Linear(2, 2)), here + "/refused/torchscript.pt")
refused("legacy", small, _use_new_zipfile_serialization=False)
refused("protocol4", small, pickle_protocol=4)
refused("expanded", {"w": torch.ones(1).expand(1000)})
refused("complex", {"w": torch.ones(2, dtype=torch.complex64)})
refused("float8", {"w": torch.ones(2).to(torch.float8_e4m3fn)})
refused("tensor", torch.ones(2))
refused("size", {"w": torch.ones(2), "shape": torch.ones(2).shape})


class Foreign:
    def __reduce__(self):
        return os.system, ("echo this must never run",)


refused("foreign-function", {"w": torch.ones(2), "x": Foreign()})
loop = {"w": torch.ones(2)}
loop["loop"] = loop
refused("loop", loop)
deep = {"w": torch.ones(2)}
for _ in range(100):
    deep = {"d": deep}
refused("deep", deep)
wide = {"w": torch.ones(2)}
for _ in range(30):
    wide = {"a": wide, "b": wide}
refused("wide", wide)
repack("module", "refused/deflated", lambda n, data: [(n, data, 8 if n.endswith("/2") or n.endswith("pkl") else 0)])
repack("module", "refused/big-endian", lambda n, data: [(n, b"big" if n.endswith("byteorder") else data, 0)])
repack("module", "refused/no-storage", lambda n, data: [] if n.endswith("data/1") else [(n, data, 0)])
repack("module", "refused/short-storage", lambda n, data: [(n, data[:-1] if n.endswith("data/1") else data, 0)])
repack("module", "refused/two-pickles", lambda n, data: [(n, data, 0)] + ([("other/data.pkl", data, 0)] if n.endswith("pkl") else []))
repack("module", "refused/twice", lambda n, data: [(n, data, 0)] * (2 if n.endswith("data/1") else 1))
repack("module", "refused/no-pickle", lambda n, data: [] if n.endswith("pkl") else [(n, data, 0)])
with open(here + "/values.json", "w") as f:
    json.dump(values, f)
