package foreign

import (
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// What goclip has nothing for is refused by name.
func TestRefused(t *testing.T) {
	const image, text = "model_cfg.vision_cfg.", "model_cfg.text_cfg."
	for _, test := range []struct{ folder, file, set, want string }{
		{"open_clip", openCLIPFile, image + `layers=[3,4,6,3]`, "layers: have [3,4,6,3]; goclip has no ResNet"},
		{"open_clip", openCLIPFile, image + `timm_model_name="convnext_base"`, `have "convnext_base"; goclip has no such`},
		{"open_clip", openCLIPFile, image + `timm_model_name="fastvit_mci2"`, "fastvit_mci2"},
		{"open_clip", openCLIPFile, image + `timm_model_name="eva02_base_patch16_clip_224"`, "eva02_base"},
		{"open_clip-siglip", openCLIPFile, image + `timm_pool="avg"`, `timm_pool: have "avg"; want map`},
		{"open_clip-siglip", openCLIPFile, image + `timm_proj="linear"`, `timm_proj: have "linear"; want none`},
		{"open_clip-siglip", openCLIPFile, text + `norm_kwargs={}`, "LayerNorms; want the same"},
		{"open_clip", openCLIPFile, image + `attentional_pool=true`, "attentional_pool: have true; goclip has no"},
		{"open_clip", openCLIPFile, image + `qk_norm=true`, "vision_cfg.qk_norm: have true"},
		{"open_clip", openCLIPFile, image + `pool_type="none"`, `pool_type: have "none"`},
		{"open_clip", openCLIPFile, text + `block_type="custom"`, `text_cfg.block_type: have "custom"`},
		{"open_clip", openCLIPFile, text + `scale_fc=true`, "scale_fc"},
		{"open_clip", openCLIPFile, text + `embed_cls=true`, "embed_cls"},
		{"open_clip", openCLIPFile, text + `proj_type="none"`, "proj_type"},
		{"open_clip", openCLIPFile, text + `hf_model_name="roberta-base"`, `hf_model_name: have "roberta-base"; goclip has no`},
		{"open_clip", openCLIPFile, text + `act_kwargs={"approximate":"tanh"}`, "QuickGELU"},
		{"open_clip", openCLIPFile, text + `layers=1000000`, "blocks"},
		{"open_clip", openCLIPFile, text + `vocab_size=16000000`, "want 256"},
		{"open_clip", openCLIPFile, image + `width=262144`, "numbers; want"},
		{"open_clip", openCLIPFile, image + `head_width=0`, "head_width: have 0"},
		{"open_clip", openCLIPFile, image + `image_size=[16,24]`, "image_size: have [16,24]; want the side of a square"},
		{"open_clip", openCLIPFile, `model_cfg.multimodal_cfg={"layers":12}`, "multimodal_cfg"},
		{"open_clip", openCLIPFile, `preprocess_cfg.interpolation="random"`, `have "random"; want bicubic or bilinear`},
		{"open_clip", openCLIPFile, `preprocess_cfg.size=24`, "preprocess_cfg.size: have 24; want 16"},
		{"open_clip", openCLIPFile, `preprocess_cfg.std=[1,0,1]`, "std"},
		{"open_clip", openCLIPFile, `preprocess_cfg.mean=[1,0]`, "mean: have [1,0]; want three numbers"},
		{"transformers-clip", transformersFile, `model_type="chinese_clip"`, `model_type: have "chinese_clip"`},
		{"transformers-clip", transformersFile, `model_type="siglip2"`, "naflex"},
		{"transformers-clip", transformersFile, `model_type=`, "model_type: have nothing"},
		{"transformers-clip", preprocessorFile, `crop_size=`, "crop_size: have nothing; want 16 x 16"},
		{"transformers-siglip", preprocessorFile, `size=`, "size: have nothing"},
		{"open_clip-siglip", openCLIPFile, image + `timm_pool=`, "timm_pool: have nothing; want map"},
		{"open_clip", openCLIPFile, `model_cfg=`, "embed_dim"},
		{"transformers-clip", transformersFile, `architectures=["CLIPVisionModel"]`, "want CLIPModel"},
		{"transformers-clip", transformersFile, `vision_config.hidden_act="relu"`, `have "relu"; want gelu or`},
		{"transformers-clip", transformersFile, `vision_config.num_channels=1`, "num_channels"},
		{"transformers-clip", transformersFile, `vision_config.layer_norm_eps=1e-6`, "layer_norm_eps 1e-06"},
		{"transformers-clip", transformersFile, `text_config.eos_token_id=860`, "text.eot_id 860; want"},
		{"open_clip", openCLIPFile, text + `vocab_size=859`, "the tokenizer has 860 tokens; want at most 859"},
		{"transformers-siglip", transformersFile, `vision_config.vision_use_head=false`, "vision_use_head"},
		{"transformers-siglip", transformersFile, `text_config.projection_size=20`, "ends in 20 elements; want 16"},
		{"transformers-clip", transformersFile, `text_config.pruned_heads={"0":[1]}`, "pruned_heads"},
		{"transformers-clip", preprocessorFile, `resample=1`, "resample: have 1; want 2, bilinear, or 3"},
		{"transformers-clip", preprocessorFile, `do_resize=false`, "do_resize: have false"},
		{"transformers-clip", preprocessorFile, `do_normalize=false`, "do_normalize"},
		{"transformers-clip", preprocessorFile, `do_pad=true`, "do_pad"},
		{"transformers-clip", preprocessorFile, `use_square_size=true`, "use_square_size"},
		{"transformers-clip", preprocessorFile, `crop_size=24`, "crop_size: have 24; want 16 x 16"},
		{"transformers-clip", preprocessorFile, `do_center_crop=false`, "size"},
		{"transformers-clip", preprocessorFile, `image_processor_type="Siglip2ImageProcessor"`, "Siglip2ImageProcessor"},
		{"transformers-siglip", preprocessorFile, `size={"height":16,"width":17}`, "size"},
		{"transformers-siglip", preprocessorFile, `size={"longest_edge":16}`, "longest_edge"},
	} {
		dir := copied(t, test.folder)
		set(t, filepath.Join(dir, test.file), test.set)
		refused(t, test.folder+" with "+test.set, dir, test.want, dir)
	}
}

// set sets the field at a path to a value in JSON, or takes it out if there is none.
func set(t *testing.T, path, change string) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	field, value, _ := strings.Cut(change, "=")
	names := strings.Split(field, ".")
	object := root
	for _, name := range names[:len(names)-1] {
		object = object[name].(map[string]any)
	}
	if object[names[len(names)-1]] = json.RawMessage(value); value == "" {
		delete(object, names[len(names)-1])
	}
	if text, err = json.MarshalIndent(root, "", "  "); err != nil {
		t.Fatal(err)
	}
	write(t, path, text)
}

// Folders in which a file is missing or there are two.
func TestFiles(t *testing.T) {
	for _, test := range []struct{ folder, remove, want string }{
		{"open_clip", "open_clip_model.safetensors", "no weights; want open_clip_model.safetensors or"},
		{"open_clip", "tokenizer.json", `names the tokenizer "someone/open_clip"; want its tokenizer.json`},
		{"transformers-clip", "preprocessor_config.json", "want how images are prepared"},
		{"transformers-clip", "config.json", "config.json"},
		{"transformers-clip", "tokenizer.json", "tokenizer.json"},
	} {
		dir := copied(t, test.folder)
		if err := os.Remove(filepath.Join(dir, test.remove)); err != nil {
			t.Fatal(err)
		}
		refused(t, test.folder+" without "+test.remove, dir, test.want)
	}
	dir := copied(t, "open_clip")
	from := filepath.Join(dir, "open_clip_model.safetensors")
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"epoch_1.pt", "epoch_2.pt"} {
		write(t, filepath.Join(dir, name), text)
	}
	if err := os.Remove(from); err != nil {
		t.Fatal(err)
	}
	refused(t, "two files", dir, "have weights in 2 files; want the path of one")
	if err := opened(filepath.Join(dir, "epoch_2.pt")); err != nil {
		t.Errorf("one of two files: %v", err)
	}
	refused(t, "no folder", filepath.Join(dir, "none"), "no such file")
}

// Old folders of transformers: sizes in numbers, and *_config_dict in place of *_config.
func TestOld(t *testing.T) {
	dir := copied(t, "transformers-clip")
	want, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, transformersFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]json.RawMessage
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	set(t, path, "text_config_dict="+string(root["text_config"]))
	set(t, path, "text_config.hidden_size=999")
	set(t, path, "vision_config.eos_token_id=null")
	set(t, path, "vision_config.pruned_heads={}")
	set(t, filepath.Join(dir, preprocessorFile), "size=20")
	set(t, filepath.Join(dir, preprocessorFile), "crop_size=16")
	have, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(have.Config, want.Config) || have.Preprocess.ResizeSize != 20 {
		t.Errorf("architecture %+v, resized to %d; want %+v, 20", have.Config, have.Preprocess.ResizeSize, want.Config)
	}
	set(t, filepath.Join(dir, preprocessorFile), "default_to_square=true")
	refused(t, "a number that means a square", dir, "default_to_square: have true")
	set(t, filepath.Join(dir, preprocessorFile), `size={"shortest_edge":20}`)
	if _, err := Open(dir); err != nil {
		t.Errorf("default_to_square beside an edge: %v", err)
	}
	set(t, path, "text_config.of_a_later_version=1")
	refused(t, "a field that the other object hides", dir, "of_a_later_version")
}
