"""Writes writers/*.parquet with pyarrow and DuckDB: the same seven rows in other
encodings, compressions, page versions and layouts. TestWriters knows the rows."""
import os

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "writers")
rows = range(7)
images = [None if i == 5 else b"image %d " % i * (i + 1) for i in rows]
captions = [None if i == 4 else f"a photo of number {i % 3}" for i in rows]
lists = [[f"a photo of number {i % 3}", None, f"one more of {i}"][: i % 4] for i in rows]
labels = [10 * i for i in rows]

struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
nested = pa.table({
    "image": pa.array([{"bytes": b, "path": None} for b in images], struct),
    "captions": pa.array(lists, pa.list_(pa.string())),
    "label": pa.array(labels, pa.int32()),
})
flat = pa.table({
    "jpg": pa.array(images, pa.large_binary()),
    "caption": pa.array(captions, pa.large_string()),
    "label": pa.array(labels, pa.int64()),
})


def arrow(name, table, **options):
    pq.write_table(table, f"{folder}/pyarrow_{name}.parquet", store_schema=False, row_group_size=4, **options)


def encodings(table, image, caption):
    plain = {path: "PLAIN" for path in ("label", "image.path")}
    names = {"jpg", "caption", "label"} if table is flat else {"image.bytes", "image.path", "captions.list.element", "label"}
    chosen = {name: plain.get(name, image if name in ("jpg", "image.bytes") else caption) for name in names}
    return dict(use_dictionary=False, column_encoding=chosen)


arrow("flat_plain_v1_none", flat, use_dictionary=False, data_page_version="1.0", compression="none")
arrow("flat_dictionary_v1_snappy", flat, use_dictionary=True, data_page_version="1.0", compression="snappy")
arrow("flat_dictionary_v2_zstd", flat, use_dictionary=True, data_page_version="2.0", compression="zstd")
arrow("flat_delta_length_v2_snappy", flat, data_page_version="2.0", compression="snappy",
      **encodings(flat, "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"))
arrow("flat_delta_v1_gzip", flat, data_page_version="1.0", compression="gzip",
      **encodings(flat, "DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY"))
arrow("nested_plain_v2_none", nested, use_dictionary=False, data_page_version="2.0", compression="none", data_page_size=64)
arrow("nested_dictionary_v1_zstd", nested, use_dictionary=True, data_page_version="1.0", compression="zstd")
arrow("nested_delta_v2_zstd", nested, data_page_version="2.0", compression="zstd",
      **encodings(nested, "DELTA_LENGTH_BYTE_ARRAY", "DELTA_BYTE_ARRAY"))
arrow("nested_dictionary_v2_lz4", nested, use_dictionary=True, data_page_version="2.0", compression="lz4", write_page_index=True,
      write_page_checksum=True)

for name, table in {"flat": flat, "nested": nested}.items():
    for version in ("v1", "v2"):
        for compression in ("uncompressed", "snappy", "zstd"):
            duckdb.sql(f"COPY (SELECT * FROM {name}) TO '{folder}/duckdb_{name}_{version}_{compression}.parquet' "
                       f"(FORMAT parquet, COMPRESSION {compression}, PARQUET_VERSION {version})")
