"""Writes kinds.parquet with pyarrow: columns whose types a writer easily loses.
TestKinds packs it."""
import io
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image


def png(gray):
    b = io.BytesIO()
    Image.new("L", (2, 2), gray).save(b, "PNG")
    return b.getvalue()


words = pa.array(["red", None, "red"]).dictionary_encode()
halves = pa.array(np.array([0.5, -2, np.inf], dtype=np.float16))
pq.write_table(pa.table({
    "image": pa.array([png(i) for i in range(3)]),
    "caption": pa.array(["a", "b", "c"]),
    "word": words,
    "half": halves,
    "null": pa.nulls(3),
    "halves": pa.ListArray.from_arrays(pa.array([0, 1, 1, 3], pa.int32()), halves),
    "nulls": pa.array([[None], [], None], pa.list_(pa.null())),
    "group": pa.StructArray.from_arrays([pa.nulls(3), words, halves], ["null", "word", "half"]),
    "unsigned": pa.array([2**64 - 1, 0, 1], pa.uint64()),
}), os.path.join(os.path.dirname(os.path.abspath(__file__)), "kinds.parquet"))
