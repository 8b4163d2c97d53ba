package model

// Trunk returns what the pyramid trunk of the starter packs offers: f4 at a quarter of the canvas, p3 to
// p6 at an eighth to a sixty-fourth, and c5, the backbone's own last map, at a thirty-second. Families that share a trunk all ask for this graph, so that they
// share its session and its runs.
func Trunk() Graph {
	return Graph{
		Inputs: []Port{{"pixel_values", Float32, 4}},
		Outputs: []Port{
			{"f4", Float32, 4},
			{"p3", Float32, 4},
			{"p4", Float32, 4},
			{"p5", Float32, 4},
			{"p6", Float32, 4},
			{"c5", Float32, 4},
		},
	}
}

// Outputs of text encoders that hold a phrase's vector (TextSpec.Output).
const (
	// TextEmbeds is the usual one.
	TextEmbeds = "text_embeds"
	// RawTextEmbeds are vectors of an encoder that draws its TextEmbeds to the names that boxes and masks were learned with, before that.
	RawTextEmbeds = "raw_text_embeds"
)

var (
	textEmbeds = []Port{{TextEmbeds, Float32, 2}}
	rawEmbeds  = []Port{{RawTextEmbeds, Float32, 2}}
)

// CLIPTextEncoder returns what text encoders of CLIP's kind offer: token ids in, [T, D] vectors out, of any length.
// What fills up short texts needs no mask: it stands behind the piece whose state counts, and none looks ahead.
func CLIPTextEncoder() Graph {
	return Graph{Inputs: []Port{{"input_ids", Int64, 2}}, Outputs: textEmbeds, OptionalOutputs: rawEmbeds}
}

// TextEncoder returns what a text encoder offers: token ids and mask in, [T, D] unit vectors out. Packs that read one output each of
// the same file share its session.
func TextEncoder() Graph {
	return Graph{Inputs: []Port{{"input_ids", Int64, 2}, {"attention_mask", Int64, 2}}, Outputs: textEmbeds, OptionalOutputs: rawEmbeds}
}
