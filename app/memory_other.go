//go:build !linux

package main

func spareMemory() {}

func reuseMemory() {}

func dropPages() {}
