package main

// #include <malloc.h>
//
// static void spare(void) {
// #ifdef __GLIBC__
// 	mallopt(M_ARENA_MAX, 2);
// 	mallopt(M_MMAP_THRESHOLD, 4 << 20);
// 	mallopt(M_TRIM_THRESHOLD, 8 << 20);
// 	mallopt(M_TOP_PAD, 4 << 20);
// #endif
// }
//
// static void reuse(void) {
// #ifdef __GLIBC__
// 	mallopt(M_MMAP_THRESHOLD, 16 << 20);
// 	mallopt(M_TRIM_THRESHOLD, 32 << 20);
// 	malloc_trim(0);
// #endif
// }
import "C"

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// spareMemory keeps the C library from holding much of what is free. Loading models takes and frees many blocks on several
// threads; the library's usual way is to keep them, which cost 40 MB. To fetch every block of 64 KB and more from the system
// page by page was a third of what loading took, so only the large ones go back at once.
func spareMemory() { C.spare() }

// reuseMemory gives back what is free once the models are loaded, and has large blocks used again from then on. Fyne makes a
// texture anew for every change of what is on it; where OpenGL is software, a texture of the photo is a block of 3 MB, and to
// fetch that from the system page by page was half of what a frame took.
func reuseMemory() { C.reuse() }

// dropPages gives back the pages of program files that are in memory: the packs inside this program, which are
// read once, and what libraries need only to start. The system reads a page again when it is used. Only mappings
// without a page of their own are touched, so nothing can be lost.
func dropPages() {
	f, err := os.Open("/proc/self/smaps")
	if err != nil {
		return // it only saves memory
	}
	defer f.Close()
	var from, to uintptr
	clean := false
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		var a, b uintptr
		var mode, offset, device string
		var inode int
		if n, _ := fmt.Sscanf(line, "%x-%x %s %s %s %d", &a, &b, &mode, &offset, &device, &inode); n == 6 {
			from, to, clean = a, b, inode != 0 && (mode == "r--p" || mode == "r-xp")
			continue
		}
		// "Anonymous:" comes after the sizes; it counts pages that differ from the file's.
		if rest, ok := strings.CutPrefix(line, "Anonymous:"); ok && clean && strings.Fields(rest)[0] == "0" {
			_, _, _ = unix.Syscall(unix.SYS_MADVISE, from, to-from, unix.MADV_DONTNEED)
		}
	}
}
