"""Races `data bench` against Pillow and PyArrow on the same shards, in turn.

    python bench/data.py --shards 'shards/*.parquet' --size 224 ./data [./data-turbojpeg]

Each round reads, decodes, resizes (bicubic, shorter side, middle) and normalizes
so many pictures with two goroutines, and then with two processes. "pixels" stops
before the normalization, which open_clip does with torch and this does with numpy.
Figures are pictures for a second of processor time of one core, so that they hold
on a machine that others share, and medians over the rounds. Needs pillow, pyarrow
and numpy; the programs are built by `go build [-tags turbojpeg] ./cmd/data`.
"""
import argparse
import glob
import io
import os
import statistics
import subprocess
import sys
import time

here = os.path.dirname(os.path.abspath(__file__))


def work(shards, size, pictures, first, normalize):
    """Prepares every second picture of the shards, from the first on."""
    import numpy as np
    import pyarrow.parquet as pq
    from PIL import Image

    mean = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
    std = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)
    done = 0
    while True:
        for path in sorted(glob.glob(shards)):
            file = pq.ParquetFile(path)
            column = "image.bytes" if "image" in file.schema_arrow.names else "jpg"
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=[column, "caption"])
                for row in table.to_pylist()[first::2]:
                    file_bytes = row["image"]["bytes"] if column != "jpg" else row["jpg"]
                    m = Image.open(io.BytesIO(file_bytes)).convert("RGB")
                    w, h = (size, size * m.height // m.width) if m.width < m.height else (size * m.width // m.height, size)
                    if (w, h) != m.size:
                        m = m.resize((w, h), Image.BICUBIC)
                    left, top = round((w - size) / 2), round((h - size) / 2)
                    m = m.crop((left, top, left + size, top + size))
                    if normalize:
                        pixels = (np.asarray(m).astype(np.float32) / 255 - mean) / std
                        np.ascontiguousarray(pixels.transpose(2, 0, 1))
                    done += 1
                    if done == pictures // 2:
                        return


def measure(commands):
    """Runs commands side by side; returns seconds of processor time, and of the clock."""
    start, before = time.time(), os.times()
    running = [subprocess.Popen(c, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for c in commands]
    for p in running:
        out, err = p.communicate()
        if p.returncode:
            sys.exit(err or out)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system, time.time() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", required=True)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--pictures", type=int, default=1024)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", nargs=2, metavar=("FIRST", "NORMALIZE"), help=argparse.SUPPRESS)
    parser.add_argument("programs", nargs="*", default=["./data"])
    a = parser.parse_args()
    if a.worker:
        return work(a.shards, a.size, a.pictures, int(a.worker[0]), a.worker[1] == "yes")

    def ours(program, pictures):
        return [[program, "bench", "--config", os.path.join(here, "data.yaml"), "--set", f"data.train={a.shards}",
                 "--set", f"model.image.size={a.size}", "--pairs", str(pictures)]]

    def theirs(normalize, pictures):
        return [[sys.executable, os.path.abspath(__file__), "--shards", a.shards, "--size", str(a.size),
                 "--pictures", str(pictures), "--worker", str(first), normalize] for first in range(2)]

    racers = {f"goclip, {os.path.basename(p)}": lambda n, p=p: ours(p, n) for p in a.programs}
    racers["Pillow, pixels"] = lambda n: theirs("no", n)
    racers["Pillow, numbers"] = lambda n: theirs("yes", n)
    rates = {name: [] for name in racers}
    for _ in range(a.rounds):
        for name, commands in racers.items():
            little, _ = measure(commands(128))  # starting, imports, the vocabulary
            all_of_it, _ = measure(commands(128 + a.pictures))
            rates[name].append(a.pictures / max(1e-9, all_of_it - little))
    pixels, numbers = (statistics.median(rates[name]) for name in ("Pillow, pixels", "Pillow, numbers"))
    print("| | pictures/s of a core | of Pillow, pixels | of Pillow, numbers |\n|---|--:|--:|--:|")
    for name, all_rates in rates.items():
        rate = statistics.median(all_rates)
        print(f"| {name} | {rate:.0f} | {rate / pixels:.2f} | {rate / numbers:.2f} |")


main()
