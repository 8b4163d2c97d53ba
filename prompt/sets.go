package prompt

// TemplateSets are the published ensembles, by the name that a person gives to choose one.
var TemplateSets = map[string][]Template{
	"none": {Identity},
	"one":  {"a photo of a {}."},
	"7":    openAI7,
	"63":   vild63,
	"80":   openAI80,
}

// openAI7 are the seven of openai/CLIP, notebooks/Prompt_Engineering_for_ImageNet.ipynb, which SLIP uses for ImageNet too.
var openAI7 = []Template{
	"itap of a {}.", "a bad photo of the {}.", "a origami {}.", "a photo of the large {}.", "a {} in a video game.",
	"art of the {}.", "a photo of the small {}.",
}

// openAI80 are all eighty of the same notebook.
var openAI80 = []Template{
	"a bad photo of a {}.", "a photo of many {}.", "a sculpture of a {}.", "a photo of the hard to see {}.",
	"a low resolution photo of the {}.", "a rendering of a {}.", "graffiti of a {}.", "a bad photo of the {}.",
	"a cropped photo of the {}.", "a tattoo of a {}.", "the embroidered {}.", "a photo of a hard to see {}.",
	"a bright photo of a {}.", "a photo of a clean {}.", "a photo of a dirty {}.", "a dark photo of the {}.",
	"a drawing of a {}.", "a photo of my {}.", "the plastic {}.", "a photo of the cool {}.",
	"a close-up photo of a {}.", "a black and white photo of the {}.", "a painting of the {}.", "a painting of a {}.",
	"a pixelated photo of the {}.", "a sculpture of the {}.", "a bright photo of the {}.", "a cropped photo of a {}.",
	"a plastic {}.", "a photo of the dirty {}.", "a jpeg corrupted photo of a {}.", "a blurry photo of the {}.",
	"a photo of the {}.", "a good photo of the {}.", "a rendering of the {}.", "a {} in a video game.",
	"a photo of one {}.", "a doodle of a {}.", "a close-up photo of the {}.", "a photo of a {}.", "the origami {}.",
	"the {} in a video game.", "a sketch of a {}.", "a doodle of the {}.", "a origami {}.",
	"a low resolution photo of a {}.", "the toy {}.", "a rendition of the {}.", "a photo of the clean {}.",
	"a photo of a large {}.", "a rendition of a {}.", "a photo of a nice {}.", "a photo of a weird {}.",
	"a blurry photo of a {}.", "a cartoon {}.", "art of a {}.", "a sketch of the {}.", "a embroidered {}.",
	"a pixelated photo of a {}.", "itap of the {}.", "a jpeg corrupted photo of the {}.", "a good photo of a {}.",
	"a plushie {}.", "a photo of the nice {}.", "a photo of the small {}.", "a photo of the weird {}.",
	"the cartoon {}.", "art of the {}.", "a drawing of the {}.", "a photo of the large {}.",
	"a black and white photo of a {}.", "the plushie {}.", "a dark photo of a {}.", "itap of a {}.",
	"graffiti of the {}.", "a toy {}.", "itap of my {}.", "a photo of a cool {}.", "a photo of a small {}.",
	"a tattoo of the {}.",
}

// vild63 are those of ViLD's demo, where "This is" stands before a sentence that would begin with an article.
var vild63 = []Template{
	"There is {a} {} in the scene.", "There is the {} in the scene.", "This is a photo of {a} {} in the scene.",
	"This is a photo of the {} in the scene.", "This is a photo of one {} in the scene.", "itap of {a} {}.",
	"itap of my {}.", "itap of the {}.", "This is a photo of {a} {}.", "This is a photo of my {}.",
	"This is a photo of the {}.", "This is a photo of one {}.", "This is a photo of many {}.",
	"This is a good photo of {a} {}.", "This is a good photo of the {}.", "This is a bad photo of {a} {}.",
	"This is a bad photo of the {}.", "This is a photo of a nice {}.", "This is a photo of the nice {}.",
	"This is a photo of a cool {}.", "This is a photo of the cool {}.", "This is a photo of a weird {}.",
	"This is a photo of the weird {}.", "This is a photo of a small {}.", "This is a photo of the small {}.",
	"This is a photo of a large {}.", "This is a photo of the large {}.", "This is a photo of a clean {}.",
	"This is a photo of the clean {}.", "This is a photo of a dirty {}.", "This is a photo of the dirty {}.",
	"This is a bright photo of {a} {}.", "This is a bright photo of the {}.", "This is a dark photo of {a} {}.",
	"This is a dark photo of the {}.", "This is a photo of a hard to see {}.", "This is a photo of the hard to see {}.",
	"This is a low resolution photo of {a} {}.", "This is a low resolution photo of the {}.",
	"This is a cropped photo of {a} {}.", "This is a cropped photo of the {}.", "This is a close-up photo of {a} {}.",
	"This is a close-up photo of the {}.", "This is a jpeg corrupted photo of {a} {}.",
	"This is a jpeg corrupted photo of the {}.", "This is a blurry photo of {a} {}.",
	"This is a blurry photo of the {}.", "This is a pixelated photo of {a} {}.", "This is a pixelated photo of the {}.",
	"This is a black and white photo of the {}.", "This is a black and white photo of {a} {}.", "This is a plastic {}.",
	"This is the plastic {}.", "This is a toy {}.", "This is the toy {}.", "This is a plushie {}.",
	"This is the plushie {}.", "This is a cartoon {}.", "This is the cartoon {}.", "This is an embroidered {}.",
	"This is the embroidered {}.", "This is a painting of the {}.", "This is a painting of a {}.",
}
