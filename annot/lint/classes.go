package lint

import (
	"fmt"
	"strings"

	"github.com/saysee/saysee/annot"
)

// checkClasses reports on the class table; used counts each class's regions.
func checkClasses(classes []annot.Class, used []int, report func(Finding)) {
	same := map[string]string{}
	for i, c := range classes {
		if used[i] == 0 {
			report(Finding{ClassGap, "", -1, fmt.Sprintf("class %d, %q, has no region", i, c.Name), ""})
		}
		key := strings.ToLower(strings.Join(strings.FieldsFunc(c.Name, func(r rune) bool {
			return strings.ContainsRune(" _-\t", r)
		}), " "))
		if first, double := same[key]; double {
			report(Finding{SimilarClass, "", -1, fmt.Sprintf("classes %q and %q may be one", first, c.Name), ""})
		} else {
			same[key] = c.Name
		}
	}
}
