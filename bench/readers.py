"""Packs Parquet files of every kind of column with goclip, and compares what pyarrow,
polars, DuckDB and datasets read of its shards with what they read of the source: names,
types and values.

    python bench/readers.py GOCLIP FOLDER

GOCLIP is the program; FOLDER takes what is written. Prints each difference, and exits 1
where there is one. What a reader cannot read of the source is not compared."""
import datetime
import decimal
import glob
import io
import math
import os
import subprocess
import sys

import datasets
import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

goclip, folder = sys.argv[1:]
datasets.disable_progress_bars()
N = range(12)
day = datetime.datetime(2020, 1, 1)


def png(i):
    b = io.BytesIO()
    Image.new("RGB", (24, 20), (i, 2 * i, 3 * i)).save(b, "PNG")
    return b.getvalue()


images, captions = [png(i) for i in N], [f"a photo of thing {i}" for i in N]
words = pa.array([f"word {i % 3}" for i in N]).dictionary_encode()
halves = pa.array(np.arange(12, dtype=np.float16) / 4)
steps = pa.array(range(13), pa.int32())
kinds = {
    "dictionary": words,
    "dictionary_null": pa.array([None if i % 4 == 1 else "ab" for i in N]).dictionary_encode(),
    "dictionary_int": pa.array([100 * (i % 3) for i in N]).dictionary_encode(),
    "dictionary_bytes": pa.array([b"\xff%d" % (i % 3) for i in N]).dictionary_encode(),
    "dictionary_ordered": pa.DictionaryArray.from_arrays(
        pa.array([i % 2 for i in N], pa.int8()), ["a", "b"], ordered=True),
    "half": halves,
    "null": pa.nulls(12),
    "null_int": pa.array([None] * 12, pa.int32()),
    "null_text": pa.array([None] * 12, pa.string()),
    "list": pa.array([["x"] * (i % 3) for i in N]),
    "list_null": pa.array([[None] * (i % 3) for i in N], pa.list_(pa.null())),
    "list_dictionary": pa.ListArray.from_arrays(steps, words),
    "list_half": pa.ListArray.from_arrays(steps, halves),
    "large_list": pa.array([[i] * (i % 3) for i in N], pa.large_list(pa.int64())),
    "fixed_list": pa.array([[float(i), 1.0] for i in N], pa.list_(pa.float32(), 2)),
    "map": pa.array([[(f"k{j}", j) for j in range(i % 3)] for i in N], pa.map_(pa.string(), pa.int32())),
    "struct": pa.array([{"a": i, "b": {"c": float(i)}} for i in N]),
    "struct_of": pa.StructArray.from_arrays([words, halves, pa.nulls(12)], ["word", "half", "null"]),
    "uint8": pa.array(N, pa.uint8()),
    "uint32": pa.array([2**32 - 1 - i for i in N], pa.uint32()),
    "uint64": pa.array([2**63 + i for i in N], pa.uint64()),
    "int8": pa.array([-i for i in N], pa.int8()),
    "bool": pa.array([i % 2 == 0 for i in N]),
    "double": pa.array([math.nan if i == 3 else i / 3 for i in N]),
    "date": pa.array([(day + datetime.timedelta(i)).date() for i in N]),
    "time": pa.array([datetime.time(i) for i in N], pa.time64("ns")),
    "seconds": pa.array([day] * 12, pa.timestamp("s")),
    "nanoseconds": pa.array([day] * 12, pa.timestamp("ns")),
    "zone": pa.array([day] * 12, pa.timestamp("us", "Europe/Berlin")),
    "duration": pa.array([datetime.timedelta(i) for i in N]),
    "decimal7": pa.array([decimal.Decimal(i) / 4 for i in N], pa.decimal128(7, 2)),
    "decimal30": pa.array([decimal.Decimal(10**20 + i) for i in N], pa.decimal128(30, 4)),
    "fixed": pa.array([b"%04d" % i for i in N], pa.binary(4)),
    "large_text": pa.array(captions, pa.large_string()),
    "text_view": pa.array(captions, pa.string_view()),
    "json": pa.array(['{"a": 1}'] * 12, pa.json_()),
    "uuid": pa.array([bytes([i] * 16) for i in N], pa.uuid()),
}


def write_sources(to):
    os.makedirs(to)
    plain = {"image": pa.array(images), "caption": pa.array(captions)}
    for name, column in kinds.items():
        table = pa.table({**plain, "x": column})
        for codec, version in (("snappy", "1.0"), ("lz4", "2.0")):
            pq.write_table(table, f"{to}/pyarrow_{codec}_{name}.parquet", compression=codec, data_page_version=version)
        pq.write_table(table, f"{to}/no_arrow_{name}.parquet", store_schema=False)
        pl.from_arrow(table).write_parquet(f"{to}/polars_{name}.parquet")
    table = pl.from_arrow(pa.table(plain)).with_columns(
        enum=pl.Series([f"w{i % 3}" for i in N], dtype=pl.Enum(["w0", "w1", "w2"])),
        categorical=pl.Series([f"w{i % 3}" for i in N], dtype=pl.Categorical))
    table.write_parquet(f"{to}/polars_enum.parquet")
    table = pa.table({"image": pa.array(images).dictionary_encode(), "caption": words})
    pq.write_table(table, f"{to}/dictionaries.parquet")
    frame = pl.from_arrow(pa.table(plain))
    duckdb.sql(f"""COPY (SELECT image, caption, CAST('a' AS ENUM('a', 'b')) AS e, CAST(1 AS HUGEINT) AS h, NULL AS n,
        uuid() AS u, TIMESTAMPTZ '2020-01-01' AS t, MAP {{'a': 1}} AS m, [1, 2] AS l, {{'q': 1.5}} AS s,
        CAST(3 AS DECIMAL(18, 3)) AS d FROM frame) TO '{to}/duckdb.parquet'""")
    features = datasets.Features({"image": datasets.Image(), "caption": datasets.Value("string"),
                                  "label": datasets.ClassLabel(names=["a", "b", "c"])})
    columns = {"image": [{"bytes": b, "path": None} for b in images], "caption": captions, "label": [i % 3 for i in N]}
    datasets.Dataset.from_dict(columns, features=features).to_parquet(f"{to}/datasets.parquet")


def with_duckdb(path):
    r = duckdb.sql(f"SELECT * FROM '{path}'")
    return [dict(zip(r.columns, row)) for row in r.fetchall()], str(list(zip(r.columns, r.types)))


def with_datasets(path):
    d = datasets.Dataset.from_parquet(path, cache_dir=f"{folder}/cache")
    return d.with_format("arrow")[:].to_pylist(), str(d.features)


readers = {
    "pyarrow": lambda path: (pq.read_table(path).to_pylist(), str(pq.read_schema(path).remove_metadata())),
    "polars": lambda path: (pl.read_parquet(path).to_dicts(), str(pl.read_parquet_schema(path))),
    "duckdb": with_duckdb,
    "datasets": with_datasets,
}


def comparable(v):
    if isinstance(v, float) and math.isnan(v):
        return "nan"
    if isinstance(v, dict):
        return {key: comparable(x) for key, x in v.items()}
    return [comparable(x) for x in v] if isinstance(v, (list, tuple)) else v


def difference(reader, source, packed):
    """What a reader finds other in packed; None where it cannot read the source."""
    try:
        want, want_types = reader(source)
    except BaseException:
        return None
    try:
        have, types = reader(packed)
    except BaseException as error:
        return f"cannot read it: {error}"
    if types != want_types:
        return f"has types {types}; want {want_types}"
    return "" if comparable(have) == comparable(want) else "has other values"


write_sources(f"{folder}/sources")
checks = unread = bad = 0
for source in sorted(glob.glob(f"{folder}/sources/*.parquet")):
    name = os.path.basename(source)[:-8]
    subprocess.run([goclip, "data", "pack", source, f"{folder}/packed/{name}"], check=True, capture_output=True)
    for reader, read in readers.items():
        found = difference(read, source, f"{folder}/packed/{name}/train-00000-of-00001.parquet")
        checks, unread, bad = checks + 1, unread + (found is None), bad + bool(found)
        if found:
            print(f"{name}: {reader} {found}")
print(f"{checks} files and readers: {bad} differ, {unread} cannot read the source")
sys.exit(bad > 0)
