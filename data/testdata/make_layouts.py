"""Writes layouts/hf.parquet and layouts/img2dataset.parquet with pyarrow and Pillow, as
the datasets library and img2dataset do: twelve pairs that are the same in both, then
rows that are odd or cannot be used. TestSharedLayouts knows them."""
import io
import json
import os

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "layouts")
os.makedirs(folder, exist_ok=True)


def picture(i, format):
    m = Image.new("RGB", (6, 5), (20 * i, 255 - 20 * i, 9 * i))
    m.putpixel((i % 6, i % 5), (255, 255, 255))
    b = io.BytesIO()
    m.save(b, format, **({"lossless": True} if format == "WEBP" else {}))
    return b.getvalue()


formats = ["PNG", "WEBP", "GIF", "BMP"]
pairs = [(picture(i, formats[i % 4]), f"picture number {i}") for i in range(12)]
odd = [
    (pairs[0][0], "Ünï¢ødé 猫 \U0001f408"),
    (pairs[1][0], "AT&amp;T\r\nand more"),
    (pairs[2][0], "long " * 540),
    (pairs[3][0], None),
    (pairs[4][0], ""),
    (pairs[5][0], "  "),
    (None, "no image"),
    (pairs[6][0][:40], "half an image"),
    (b"<html>404</html>", "a page"),
]
rows = pairs + odd

image = [{"bytes": b, "path": f"{i}.png" if i % 2 else None} for i, (b, _) in enumerate(rows)]
image.append(None)  # the struct itself is null
table = pa.table({
    "image": pa.array(image, pa.struct([("bytes", pa.binary()), ("path", pa.string())])),
    "caption": pa.array([c for _, c in rows] + ["null"], pa.string()),
})
features = {"info": {"features": {"image": {"_type": "Image"}, "caption": {"dtype": "string", "_type": "Value"}}}}
table = table.replace_schema_metadata({"huggingface": json.dumps(features)})
pq.write_table(table, f"{folder}/hf.parquet", row_group_size=10)

rows = rows + [(None, "it failed")]
status = ["success"] * (len(rows) - 1) + ["failed_to_download"]
table = pa.table({
    "key": pa.array([f"{i:09d}" for i in range(len(rows))]),
    "caption": pa.array([c for _, c in rows], pa.string()),
    "status": pa.array(status),
    "error_message": pa.array([None if s == "success" else "HTTP Error 404: Not Found" for s in status], pa.string()),
    "width": pa.array([6] * len(rows), pa.int32()),
    "jpg": pa.array([b for b, _ in rows], pa.binary()),
})
pq.write_table(table, f"{folder}/img2dataset.parquet", row_group_size=10)
