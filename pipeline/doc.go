// Package pipeline takes a photo from file to regions: it prepares it once, encodes it once with the loaded
// models, and then answers words, thresholds and class tables without touching the pixels again.
package pipeline
