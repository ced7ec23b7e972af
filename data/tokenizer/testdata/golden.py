#!/usr/bin/env python3
"""Makes the golden values of this folder. Needs tokenizers 0.23, sentencepiece, protobuf and babel.

    golden.py                    testdata/foreign: a tiny tokenizer of each family with the ids of its texts;
                                 testdata/variants.json: ids where one part of these is another
    golden.py OUT LINES SIZE     the same with more lines and larger vocabularies, for a run with FOREIGN_DIR=OUT
    golden.py FILE               testdata/golden.jsonl: the short lines of FILE, ../shared/parity/tokenizer/golden.jsonl

The vocabularies are trained here on words of Unicode's CLDR (Unicode License v3) in all its languages.
"""
import io, json, os, random, sys, unicodedata

import babel, sentencepiece
from babel.localedata import locale_identifiers
from sentencepiece import sentencepiece_model_pb2
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

HERE = os.path.dirname(os.path.abspath(__file__))
CONTEXT = 64


def words_of(name):
    locale = babel.Locale.parse(name)
    tables = [locale.territories, locale.languages, locale.days["format"]["wide"], locale.months["format"]["wide"]]
    return [str(v) for t in tables for v in t.values()]


def corpus(rng, lines, few=False):
    """Names in one language, some of them shouted, decomposed, spaced or mixed with signs and stray characters."""
    names = [n for n in sorted(locale_identifiers()) if "_" not in n and len(words_of(n)) > 60]
    if few:
        names = ["cs", "de", "el", "en", "fr", "ru", "vi"]
    tables = {n: words_of(n) for n in names}
    ranges = [(0x20, 0x7F), (0xA0, 0x180), (0x300, 0x370), (0x370, 0x530), (0x590, 0x600), (0x900, 0x980), (0xE00, 0xE60), (0x1100, 0x1200),
              (0x1E00, 0x2070), (0x20A0, 0x2300), (0x2460, 0x2500), (0x3000, 0x3100), (0xAC00, 0xAD00), (0xF900, 0xFA00), (0xFB00, 0xFB50),
              (0xFE00, 0xFE10), (0xFF00, 0xFFF0), (0x1D400, 0x1D500), (0x1F1E6, 0x1F700), (0x20000, 0x20100), (0, 0x20)]
    stray = lambda: chr(rng.randrange(*ranges[rng.randrange(len(ranges))]))
    signs = ["!", "...", " - ", "'s", "“", "”", "’", " 3.5%", " 1987", "_", "/", "<", ">", "\t", "  ", "\u00a0", "😀", "👩‍👩‍👧", "🇫🇷", "①", "ﬁ", "\u200b",
             "&amp;", "</s>", "<unk>", "<eos>", "<|endoftext|>", "▁", "\n", "\n\n", "\u0301", "ΟΔΟΣ", "İ", "ẞ", "(", "~"]
    for i in range(lines):
        words = tables[names[i % len(names)]]
        line = " ".join(rng.choice(words) for _ in range(rng.randrange(1, 9)))
        kind = rng.randrange(10)
        if kind == 0:
            line = line.upper()
        elif kind == 1:
            line = unicodedata.normalize("NFD", line)
        elif kind in (2, 3, 4):
            for _ in range(rng.randrange(1, 6)):
                at = rng.randrange(len(line) + 1)
                line = line[:at] + rng.choice(signs) + line[at:]
        elif kind == 5 and not few:
            line = "".join(stray() for _ in range(rng.randrange(1, 30)))
        yield "".join(c for c in line if not 0xD800 <= ord(c) < 0xE000)


def clip(texts, size):
    t = Tokenizer(models.BPE(unk_token="<|endoftext|>", end_of_word_suffix="</w>", continuing_subword_prefix=""))
    t.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Lowercase()])
    pattern = r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+"
    t.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(pattern), "removed", True), pre_tokenizers.ByteLevel(False)])
    byte = pre_tokenizers.ByteLevel.alphabet()
    ends = ["<|startoftext|>", "<|endoftext|>"]
    # The trainer knows bytes at the end of a word only where it saw one there.
    ended = [c + "</w>" for c in sorted(byte)]
    t.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=size, initial_alphabet=byte, end_of_word_suffix="</w>", show_progress=False))
    model = json.loads(t.to_str())["model"]
    vocab, merges = model["vocab"], [tuple(m) for m in model["merges"]]
    for token in ended + ends:
        vocab.setdefault(token, len(vocab))
    t.model = models.BPE(vocab, merges, unk_token=ends[1], end_of_word_suffix="</w>", continuing_subword_prefix="")
    t.add_special_tokens(ends)
    t.post_processor = processors.RobertaProcessing((ends[1], vocab[ends[1]]), (ends[0], vocab[ends[0]]), False, False)
    return t, {"tokenizer_class": "CLIPTokenizer", "pad_token": ends[1]}


def siglip(texts, size, rules):
    """A Unigram of sentencepiece, whose rules of normalization are a file, or nmt_nfkc."""
    model = io.BytesIO()
    how = {"normalization_rule_tsv": rules} if rules else {"normalization_rule_name": "nmt_nfkc"}
    clean = [c.replace("\n", " ").replace("\0", "") for c in texts]
    sentencepiece.SentencePieceTrainer.train(sentence_iterator=iter(clean), model_writer=model, vocab_size=size, model_type="unigram", pad_id=0, eos_id=1,
                                             unk_id=2, bos_id=-1, character_coverage=0.99, hard_vocab_limit=False, minloglevel=2, **how)
    proto = sentencepiece_model_pb2.ModelProto.FromString(model.getvalue())
    t = Tokenizer(models.Unigram([(p.piece, p.score) for p in proto.pieces], 2, False))
    t.normalizer = normalizers.Sequence([normalizers.Precompiled(proto.normalizer_spec.precompiled_charsmap), normalizers.Strip(False, True),
                                         normalizers.Replace(Regex(" {2,}"), "▁")])
    t.pre_tokenizer = pre_tokenizers.Metaspace("▁", "always")
    t.add_special_tokens(["<pad>", "</s>", "<unk>"])
    t.post_processor = processors.TemplateProcessing("$A </s>", special_tokens=[("</s>", 1)])
    return t, {"tokenizer_class": "T5Tokenizer", "pad_token": "</s>"}


def siglip2(texts, size):
    """As transformers converts Gemma's: each way to make a piece is a merge, so that some make the same."""
    t = Tokenizer(models.BPE())
    t.normalizer, t.pre_tokenizer = normalizers.Replace(" ", "▁"), pre_tokenizers.Split(" ", "merged_with_previous")
    cut = [c for line in texts for c in line.replace(" ", " ▁").split(" ")]
    t.train_from_iterator(cut, trainers.BpeTrainer(vocab_size=size, limit_alphabet=300, show_progress=False))
    pieces = [p for p, _ in sorted(t.get_vocab().items(), key=lambda x: x[1])]
    vocab = {}
    for token in ["<pad>", "<eos>", "<bos>", "<unk>", "\n", "\n\n"] + [f"<0x{b:02X}>" for b in range(256)] + pieces:
        vocab.setdefault("\t" if token == "<0x09>" else token, len(vocab))
    merges = [(vocab[p], p[:i], p[i:]) for p in ["\n\n"] + pieces for i in range(1, len(p)) if p[:i] in vocab and p[i:] in vocab]
    merges = [(a, b) for _, a, b in sorted(merges)]
    t.model = models.BPE(vocab, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    t.add_special_tokens(["<pad>", "<eos>", "<bos>", "<unk>"])
    t.add_tokens(["\n", "\n\n"])
    t.post_processor = processors.TemplateProcessing("$A <eos>", special_tokens=[("<eos>", 1)])
    return t, {"tokenizer_class": "GemmaTokenizer", "pad_token": "<pad>", "padding_side": "right", "add_bos_token": False, "add_eos_token": True}


def bert(texts, size):
    """As transformers converts bert-base-uncased's vocab.txt, which CLIPA reads."""
    t = Tokenizer(models.WordPiece(unk_token="[UNK]", max_input_chars_per_word=20))
    t.normalizer, t.pre_tokenizer = normalizers.BertNormalizer(), pre_tokenizers.BertPreTokenizer()
    specials = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    t.train_from_iterator(texts, trainers.WordPieceTrainer(vocab_size=size, special_tokens=specials, limit_alphabet=150, show_progress=False))
    t.decoder = decoders.WordPiece()
    t.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", "[CLS] $A [SEP] $B:1 [SEP]:1", [("[CLS]", 2), ("[SEP]", 3)])
    return t, {"tokenizer_class": "BertTokenizer", "pad_token": "[PAD]", "sep_token": "[SEP]"}


def write(out, name, t, config, texts):
    folder = os.path.join(out, name)
    os.makedirs(folder, exist_ok=True)
    dump = lambda file, x: open(os.path.join(folder, file), "w").write(json.dumps(x, ensure_ascii=False, separators=(",", ":")) + "\n")
    dump("tokenizer.json", json.loads(t.to_str()))
    dump("tokenizer_config.json", config)
    t.enable_truncation(CONTEXT)
    t.enable_padding(length=CONTEXT, pad_id=t.token_to_id(config["pad_token"]), pad_token=config["pad_token"])
    dump("expected.json", {"context": CONTEXT, "texts": texts, "token_ids": [e.ids for e in t.encode_batch(texts)]})
    used = {i for e in t.encode_batch(texts) for i in e.ids}
    print(f"{name}: {t.get_vocab_size()} tokens, {len(used)} of them used by {len(texts)} texts")


def split(pattern, behavior, invert=False):
    one = {"type": "Split", "pattern": {"Regex": pattern}, "behavior": behavior, "invert": invert}
    return {"type": "Sequence", "pretokenizers": [one, {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}]}


def variants(out):
    """The ids of some texts where one part of a tokenizer.json is another."""
    read = lambda family: json.load(open(os.path.join(out, family, "tokenizer.json")))
    size = {family: len(read(family)["model"]["vocab"]) for family in ["clip", "siglip"]}
    new = lambda i, content, **flags: dict({"id": i, "content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False,
                                            "special": False}, **flags)
    level = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    meta = lambda **how: {"type": "Metaspace", "replacement": "▁", **how}
    bytes = [[f"<0x{b:02X}>", -50.0] for b in range(256) if b != 0xE3]
    all = [("clip", {}), ("siglip", {}), ("siglip2", {}), ("bert", {})]
    all += [("clip", {"pre_tokenizer": split(p, b, i)}) for b in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext"]
            for p, i in [(r"\p{N}|\s|[.!]+", False), (r"\p{L}+|\S", True)]]
    all += [("clip", {"normalizer": {"type": form}}) for form in ["NFC", "NFD", "NFKC", "NFKD", "Lowercase"]]
    all += [
        ("clip", {"pre_tokenizer": level, "normalizer": None}),
        ("clip", {"pre_tokenizer": level, "model.ignore_merges": True, "model.merges": []}),
        ("clip", {"added_tokens": [new(size["clip"], " a", lstrip=True), new(size["clip"] + 1, "an d", normalized=True, rstrip=True),
                                   new(size["clip"] + 2, "nd "), new(size["clip"] + 3, "  "), new(size["clip"] + 4, "A B", normalized=True, lstrip=True)]}),
        ("clip", {"post_processor": {"type": "Sequence", "processors": [
            {"type": "RobertaProcessing", "sep": ["a", 7], "cls": ["b", 8], "trim_offsets": False, "add_prefix_space": False},
            {"type": "TemplateProcessing", "pair": [], "single": [{"SpecialToken": {"id": "c", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
             "special_tokens": {"c": {"id": "c", "ids": [9, 10], "tokens": ["c", "d"]}}}]}}),
        ("siglip", {"normalizer": None, "added_tokens": [new(size["siglip"], "an d", lstrip=True, rstrip=True), new(size["siglip"] + 1, "B  a", lstrip=True)]}),
        ("siglip", {"pre_tokenizer": meta(prepend_scheme="never", split=True)}),
        ("siglip", {"pre_tokenizer": meta(prepend_scheme="always", split=False)}),
        ("siglip", {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "WhitespaceSplit"}, meta(add_prefix_space=True)]}}),
        ("siglip", {"normalizer": {"type": "Sequence", "normalizers": [{"type": "Strip", "strip_left": True, "strip_right": False},
                                                                       {"type": "Prepend", "prepend": "▁"}, {"type": "Lowercase"}]}}),
        ("siglip", {"model.byte_fallback": True, "model.vocab": read("siglip")["model"]["vocab"] + bytes}),
        ("siglip2", {"model.fuse_unk": False, "model.byte_fallback": False}),
        ("siglip2", {"model.byte_fallback": False}),
        ("siglip2", {"model.vocab": {v: i for i, v in enumerate(v for v in read("siglip2")["model"]["vocab"] if v != "<0xE3>")}}),
    ]
    bert = lambda **how: {"normalizer": {"type": "BertNormalizer", **dict({"clean_text": False, "handle_chinese_chars": False, "strip_accents": False,
                                                                           "lowercase": False}, **how)}}
    all += [("bert", bert()), ("bert", bert(clean_text=True)), ("bert", bert(handle_chinese_chars=True)), ("bert", bert(strip_accents=True)),
            ("bert", bert(lowercase=True)), ("bert", bert(lowercase=True, strip_accents=None)),
            ("bert", {"model.max_input_chars_per_word": 3}), ("bert", {"pre_tokenizer": {"type": "WhitespaceSplit"}})]
    # Equal sums of scores, and one symbol made by two pairs at one place.
    ties = [["<pad>", 0.0], ["</s>", 0.0], ["<unk>", 0.0], ["▁", -3.0], ["a", -1.0], ["b", -1.0], ["ab", -2.0], ["ba", -2.0], ["aba", -3.0], ["c", -2.5], ["cc", -40.0], ["d", 5.0], ["xd", -40.0]]
    all.append(("siglip", {"model.vocab": ties}))
    pairs = ["▁", "a", "b", "▁a", "ab", "▁ab", "c", "abc", "bc"]
    merges = [["▁a", "b"], ["a", "b"], ["▁", "ab"], ["b", "c"], ["a", "bc"], ["ab", "c"], ["▁", "a"]]
    all.append(("siglip2", {"added_tokens": [], "post_processor": None, "model.byte_fallback": False, "model.merges": merges,
                            "model.vocab": {v: i for i, v in enumerate(["<unk>"] + pairs)}}))
    texts = [" a  big\tcat's 3.14 – İ ΟΔΟΣ", "①\u0301 e\u0301x ﬁ…\u0301 A\u030a", "日本ж<unk>жж の\u0378\u0379ab", "the and b  an d  a b an d   x", "x\n\n  y \u3000z!!'s 's",
             "''s 'S 'LL 12ab12 .!. ...", "ababab cababc abcc cccc", "a ab abc  ab", "\u00a0\t  ", "A   B  a b   an d   xd", "Ⅷ ½ ｶﾞ 각 \u1112\u1161", ""]
    rows = []
    for family, parts in all:
        file = read(family)
        for path, value in parts.items():
            at, *names = [file] + path.split(".")
            for name in names[:-1]:
                at = at[name]
            at[names[-1]] = value
        t = Tokenizer.from_str(json.dumps(file))
        rows.append({"family": family, "parts": parts, "ids": [t.encode(text).ids for text in texts]})
    with open(os.path.join(HERE, "variants.json"), "w") as f:
        f.write(json.dumps({"texts": texts, "variants": rows}, separators=(",", ":")).replace('{"family"', '\n{"family"') + "\n")
    print(f"{len(rows)} variants")


def subset(path):
    """The lines that are short, and NFC: the file was made without ftfy, which makes them that."""
    rows = [(line, json.loads(line)["text"]) for line in open(path)]
    kept = [line for line, text in rows if len(line) < 300 and unicodedata.is_normalized("NFC", text)]
    open(os.path.join(HERE, "golden.jsonl"), "w").writelines(kept)
    print(f"{len(kept)} of {len(rows)} lines")


def main():
    if len(sys.argv) == 2:
        return subset(sys.argv[1])
    out, lines, size = (sys.argv[1], int(sys.argv[2]), int(sys.argv[3])) if len(sys.argv) == 4 else (os.path.join(HERE, "foreign"), 60, 700)
    rng = random.Random(1)
    train = list(corpus(rng, max(500, lines // 2), few=size < 5000))
    texts = list(corpus(rng, lines))
    write(out, "clip", *clip(train, size), texts)
    write(out, "siglip", *siglip(train, size, os.path.join(HERE, "rules.tsv") if out.startswith(HERE) else ""), texts)
    write(out, "siglip2", *siglip2(train, size), texts)
    write(out, "bert", *bert(train, size), texts)
    if out.startswith(HERE):
        variants(out)


main()
