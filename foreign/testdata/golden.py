#!/usr/bin/env python3
"""Makes folders/: a tiny model of each kind with what the libraries that wrote it compute. Needs open_clip 3.3.0,
timm 1.0.31, transformers 5.24 and Pillow 12. Weights are random; the tokenizers are those of data/tokenizer/testdata.
"""
import json, os, shutil

import numpy as np, open_clip, timm, torch, transformers
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image
from safetensors.torch import save_file
from timm.models import register_model
from timm.models.vision_transformer import VisionTransformer

HERE = os.path.dirname(os.path.abspath(__file__))
TOKENIZERS = os.path.join(HERE, "../../data/tokenizer/testdata/foreign")
TEXTS = ["a photo of a cat", "TWO dogs, on the beach!", "un café à Montréal"]
SIZES = [(41, 24), (16, 23), (9, 9)]  # 23 - 16 leaves an odd rest
CONTEXT, SIDE = 20, 16


@register_model
def vit_tiny_patch8_siglip_16(pretrained=False, **kwargs):
    kwargs = {k: v for k, v in kwargs.items() if k not in ("pretrained_cfg", "pretrained_cfg_overlay", "cache_dir")}
    args = dict(img_size=SIDE, patch_size=8, embed_dim=64, depth=1, num_heads=1, class_token=False, global_pool="map")
    return VisionTransformer(**{**args, **kwargs})


def begin(name, tokenizer, pad):
    d = os.path.join(HERE, "folders", name)
    shutil.rmtree(d, ignore_errors=True)
    os.makedirs(d + "/inputs")
    shutil.copy(f"{TOKENIZERS}/{tokenizer}/tokenizer.json", d)
    with open(d + "/tokenizer_config.json", "w") as f:
        sep = {"sep_token": "[SEP]"} if tokenizer == "bert" else {}
        json.dump({"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": pad, "model_max_length": CONTEXT, **sep}, f)
    rng = np.random.default_rng(len(name))
    for i, (w, h) in enumerate(SIZES):
        Image.fromarray(rng.integers(0, 256, (h, w, 3), np.uint8)).save(f"{d}/inputs/{i}.png")
    return d, [Image.open(f"{d}/inputs/{i}.png") for i in range(len(SIZES))]


def spread(model):
    """Makes each parameter matter: none is zero or one."""
    torch.manual_seed(1)
    with torch.no_grad():
        for name, p in sorted(model.named_parameters()):
            if name.endswith("logit_scale"):
                p.fill_(2.5)
            elif name.endswith("logit_bias"):
                p.fill_(-3)
            else:
                one = 1 if p.ndim == 1 and name.endswith("weight") else 0
                p.copy_(one + 0.15 * torch.randn(p.shape))
            p.copy_(p.half().float())
    return model.eval()


def write(d, ids, images, texts, scale, bias, rows=6):
    x, y = (v / v.norm(dim=-1, keepdim=True) for v in (images.double(), texts.double()))
    logits = scale * x @ y.T + (bias or 0)
    p = logits.sigmoid() if bias is not None else logits.softmax(-1)
    e = {"context": CONTEXT, "images": [{"file": f"{i}.png"} for i in range(len(SIZES))], "texts": TEXTS, "token_ids": ids.tolist(),
         "score": "softmax" if bias is None else "sigmoid", "image_features": x.tolist(), "text_features": y.tolist(),
         "probabilities": p.tolist()}
    with open(d + "/expected.json", "w") as f:
        json.dump(e, f)


def open_clip_folder(name, tokenizer, pad, cfg, pre):
    d, images = begin(name, tokenizer, pad)
    cfg["text_cfg"]["hf_tokenizer_name"] = "someone/" + name
    with open(d + "/open_clip_config.json", "w") as f:
        json.dump({"model_cfg": cfg, "preprocess_cfg": pre}, f, indent=1)
    # The class is that which open_clip's factory takes.
    kwargs = {k: v for k, v in cfg.items() if k != "custom_text"}
    model = spread((open_clip.CustomTextCLIP if cfg.get("custom_text") else open_clip.CLIP)(**kwargs))
    save_file({k: v.half().contiguous() for k, v in model.state_dict().items()}, d + "/open_clip_model.safetensors")
    ids = open_clip.get_tokenizer("local-dir:" + d)(TEXTS, context_length=CONTEXT)
    transform = image_transform_v2(PreprocessCfg(size=SIDE, **pre), is_train=False)
    with torch.no_grad():
        i = model.encode_image(torch.stack([transform(m) for m in images]))
        write(d, ids, i, model.encode_text(ids), model.logit_scale.exp().item(), None if model.logit_bias is None else model.logit_bias.item())


def transformers_folder(name, tokenizer, pad, config, processor):
    d, images = begin(name, tokenizer, pad)
    model = spread((transformers.SiglipModel if "siglip" in name else transformers.CLIPModel)(config))
    model.half().save_pretrained(d)
    model = model.float()
    processor.save_pretrained(d)
    t = transformers.PreTrainedTokenizerFast(tokenizer_file=d + "/tokenizer.json", pad_token=pad)
    ids = torch.tensor(t(TEXTS, padding="max_length", truncation=True, max_length=CONTEXT)["input_ids"])
    with torch.no_grad():
        out = model(input_ids=ids, pixel_values=torch.tensor(np.stack(processor(images)["pixel_values"])))
        bias = model.logit_bias.item() if hasattr(model, "logit_bias") else None
        write(d, ids, out.image_embeds, out.text_embeds, model.logit_scale.exp().item(), bias)


def tokens(tokenizer):
    with open(f"{TOKENIZERS}/{tokenizer}/tokenizer.json") as f:
        t = json.load(f)
    return max(len(t["model"]["vocab"]), *(a["id"] + 1 for a in t["added_tokens"]))


text = dict(context_length=CONTEXT, width=16, heads=2, layers=1)
image = dict(image_size=SIDE, layers=2, width=16, head_width=8, patch_size=8)
open_clip_folder("open_clip", "clip", "<|endoftext|>", dict(
    embed_dim=12, quick_gelu=True, vision_cfg=dict(image, mlp_ratio=3.7), text_cfg=dict(text, vocab_size=tokens("clip"))),
    dict(mean=[0.1, 0.2, 0.3], std=[0.5, 0.6, 0.7], interpolation="bicubic", resize_mode="shortest"))
open_clip_folder("open_clip-clipa", "bert", "[PAD]", dict(
    embed_dim=12, custom_text=True,
    vision_cfg=dict(image, no_ln_pre=True, pool_type="avg", final_ln_after_pool=True, ls_init_value=1e-5),
    text_cfg=dict(text, vocab_size=tokens("bert"), pool_type="last", no_causal_mask=True, act_kwargs={"approximate": "tanh"},
                  tokenizer_kwargs={"strip_sep_token": True})),
    dict(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225], interpolation="bilinear", resize_mode="squash"))
open_clip_folder("open_clip-siglip", "siglip", "</s>", dict(
    embed_dim=64, custom_text=True, init_logit_bias=-10,
    vision_cfg=dict(image_size=SIDE, timm_model_name="vit_tiny_patch8_siglip_16", timm_model_pretrained=False, timm_pool="map", timm_proj="none"),
    text_cfg=dict(text, vocab_size=tokens("siglip"), tokenizer_kwargs={"clean": "canonicalize"}, no_causal_mask=True, proj_bias=True,
                  pool_type="last", norm_kwargs={"eps": 1e-6})),
    dict(mean=[0.5] * 3, std=[0.5] * 3, interpolation="bicubic", resize_mode="squash"))
clip, siglip = transformers.CLIPConfig, transformers.SiglipConfig
tower = dict(hidden_size=16, num_hidden_layers=1, num_attention_heads=2)
transformers_folder("transformers-clip", "clip", "<|endoftext|>", clip(
    text_config=dict(tower, intermediate_size=40, max_position_embeddings=CONTEXT, vocab_size=tokens("clip"),
                     eos_token_id=tokens("clip") - 1, hidden_act="gelu"),
    vision_config=dict(tower, intermediate_size=48, image_size=SIDE, patch_size=8), projection_dim=12),
    transformers.CLIPImageProcessorPil(size={"shortest_edge": SIDE + 4}, crop_size={"height": SIDE, "width": SIDE}))
transformers_folder("transformers-siglip", "siglip2", "<pad>", siglip(
    text_config=dict(tower, intermediate_size=40, max_position_embeddings=CONTEXT, vocab_size=tokens("siglip2")),
    vision_config=dict(tower, intermediate_size=48, image_size=SIDE, patch_size=8)),
    transformers.SiglipImageProcessorPil(size={"height": SIDE, "width": SIDE}, resample=2))
