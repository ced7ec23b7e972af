"""Loads exported models in the libraries that they are for, and compares.

    goclip model export --checkpoint runs/x --to open_clip out --probes out.json
    python bench/interop.py out.json [more.json ...]

The file of probes has 64 pictures and 64 texts, and what goclip makes of them: pixels,
token ids, unit features. This does the same with open_clip (local-dir:), transformers
(AutoModel, AutoProcessor with its PIL backend) or onnxruntime (as photo applications do:
tokenizers, Pillow and numpy), from the folder alone, and prints the largest differences.
Ids count up to what the model sees; pixels are in normalized units; features come from
the library's own pixels and ids. "p" is the largest difference of a probability.
The exit status is 1 if a feature differs by more than 1e-5 or any id does.
Needs open_clip_torch, transformers, onnxruntime, tokenizers, Pillow, whichever are used.
"""
import base64
import io
import json
import os
import sys

import numpy as np

os.environ.setdefault("HF_HUB_OFFLINE", "1")


def unit(x):
    x = np.asarray(x, np.float32)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def open_clip(folder, pictures, probe):
    import open_clip
    import torch

    model, _, prepare = open_clip.create_model_and_transforms("local-dir:" + folder)
    tokenize = open_clip.get_tokenizer("local-dir:" + folder)
    model.eval()
    with torch.no_grad():
        pixels = torch.stack([prepare(p) for p in pictures])
        ids = tokenize(probe["texts"])
        images, texts = model.encode_image(pixels), model.encode_text(ids)
        scale = model.logit_scale.exp().item()
        bias = 0.0 if model.logit_bias is None else model.logit_bias.item()
    return pixels.numpy(), ids.numpy(), unit(images), unit(texts), scale, bias


def hf(folder, pictures, probe):
    import torch
    from transformers import AutoModel, AutoProcessor

    model = AutoModel.from_pretrained(folder).eval()
    processor = AutoProcessor.from_pretrained(folder, backend="pil")
    length = model.config.text_config.max_position_embeddings
    inputs = processor(text=probe["texts"], images=pictures, padding="max_length", truncation=True,
                       max_length=length, return_tensors="pt")
    inputs.pop("attention_mask", None)  # padding is seen, as in training
    with torch.no_grad():
        out = model(**inputs)
        scale = model.logit_scale.exp().item()
        bias = model.logit_bias.item() if hasattr(model, "logit_bias") else 0.0
    return (inputs["pixel_values"].numpy(), inputs["input_ids"].numpy(), unit(out.image_embeds),
            unit(out.text_embeds), scale, bias)


def onnx(folder, pictures, probe):
    import onnxruntime
    from PIL import Image
    from tokenizers import Tokenizer

    def load(*path):
        return json.load(open(os.path.join(folder, *path)))

    cfg = load("visual", "preprocess_cfg.json")
    text = load("config.json")["text_cfg"]
    filters = {"bicubic": Image.Resampling.BICUBIC, "bilinear": Image.Resampling.BILINEAR}
    size, mean, std = cfg["size"], np.array(cfg["mean"], np.float32), np.array(cfg["std"], np.float32)

    def prepare(p):
        w, h = p.size
        if cfg["resize_mode"] == "squash":
            p = p.resize((size, size), filters[cfg["interpolation"]])
        else:
            w, h = (size, int(size * h / w)) if w <= h else (int(size * w / h), size)
            p = p.resize((w, h), filters[cfg["interpolation"]])
            left, top = round((w - size) / 2), round((h - size) / 2)
            p = p.crop((left, top, left + size, top + size))
        return ((np.asarray(p, np.float32) / 255 - mean) / std).transpose(2, 0, 1)

    tokenizer = Tokenizer.from_file(os.path.join(folder, "textual", "tokenizer.json"))
    pad = load("textual", "tokenizer_config.json")["pad_token"]
    tokenizer.enable_padding(length=text["context_length"], pad_token=pad, pad_id=tokenizer.token_to_id(pad))
    tokenizer.enable_truncation(max_length=text["context_length"])
    pixels = np.stack([prepare(p) for p in pictures]).astype(np.float32)
    ids = np.array([e.ids for e in tokenizer.encode_batch(probe["texts"])], np.int32)

    def run(name, **inputs):
        session = onnxruntime.InferenceSession(os.path.join(folder, name, "model.onnx"),
                                               providers=["CPUExecutionProvider"])
        rows, = session.run(["embedding"], inputs)
        (key, value), = inputs.items()
        one, = session.run(["embedding"], {key: value[:1]})  # a batch of 1
        assert np.abs(one[0] - rows[0]).max() < 1e-5, "a batch of 1 gives other features"
        return rows

    # The graphs end in unit rows, which is part of what is compared. The loss is not in them.
    return pixels, ids, run("visual", image=pixels), run("textual", text=ids), probe["logit_scale"], probe["logit_bias"]


def probabilities(images, texts, scale, bias):
    logits = scale * images.astype(np.float64) @ texts.T.astype(np.float64) + bias
    if bias:
        return 1 / (1 + np.exp(-logits))
    logits = np.exp(logits - logits.max(1, keepdims=True))
    return logits / logits.sum(1, keepdims=True)


def compare(path):
    from PIL import Image

    probe = json.load(open(path))
    pictures = [Image.open(io.BytesIO(base64.b64decode(p))) for p in probe["pictures"]]
    pictures = [p.convert("RGB") for p in pictures]
    use = {"open_clip": open_clip, "hf": hf, "onnx": onnx}[probe["format"]]
    pixels, ids, images, texts, scale, bias = use(probe["dir"], pictures, probe)
    want = np.frombuffer(base64.b64decode(probe["pixels"]), "<f4").reshape(pixels.shape)
    seen = probe["seen"]
    other = sum(list(a[:n]) != b[:n] for a, b, n in zip(ids.tolist(), probe["ids"], seen))
    ours = np.array(probe["image_features"]), np.array(probe["text_features"])
    p = probabilities(images, texts, scale, bias) - probabilities(*ours, probe["logit_scale"], probe["logit_bias"])
    return (other, np.abs(pixels - want).max(), np.abs(images - ours[0]).max(), np.abs(texts - ours[1]).max(),
            np.abs(p).max())


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    bad = False
    print(f"{'export':34} {'library':10} {'ids':>4} {'pixels':>8} {'images':>8} {'texts':>8} {'p':>8}")
    for path in sys.argv[1:]:
        probe = json.load(open(path))
        name = os.path.basename(probe["dir"])
        try:
            ids, pixels, images, texts, p = compare(path)
        except Exception as e:  # one folder that does not load is a line of the table
            print(f"{name:34} {probe['format']:10} {type(e).__name__}: {str(e)[:200]}")
            bad = True
            continue
        bad |= ids > 0 or not max(images, texts) <= 1e-5
        print(f"{name:34} {probe['format']:10} {ids:4} {pixels:8.1e} {images:8.1e} {texts:8.1e} {p:8.1e}", flush=True)
    sys.exit(bad)


if __name__ == "__main__":
    main()
