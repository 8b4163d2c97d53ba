// Package token cuts phrases into the numbered pieces of words that text encoders read.
//
// WordPiece follows BERT's uncased tokenizer piece for piece, as the library that trained the encoders
// runs it (huggingface/tokenizers: BertNormalizer, BertPreTokenizer, WordPiece); a test compares the two. BPE
// is CLIP's byte-pair tokenizer, compared with openai/CLIP's own.
package token
