// Package model reads packs and runs their networks. A pack is a folder with pack.json and ONNX files by
// role; everything that differs between models (how a photo is prepared, how words become tokens, how
// logits become scores) stands in that manifest and never in code per model.
//
// Package model is the only one that knows ONNX Runtime.
package model
