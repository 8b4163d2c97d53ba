// Package ui is the window of Saysee: a photo with what was found on it, the words above it, and a folder of
// photos below. It lays out the parts and turns hands and keys into calls of package session, which holds the
// state; package view shows the photo.
package ui
