package main

import (
	"cmp"
	"slices"
)

// sample chooses up to n mutants by chance, as many of each package as it can; all with
// n = 0. They come in turns, so that a part from the begin is a smaller sample.
func sample(mutants []*mutant, packages []string, n int, seed int64) []*mutant {
	byPackage := map[string][]*mutant{}
	for _, m := range mutants {
		byPackage[m.pkg] = append(byPackage[m.pkg], m)
	}
	for _, list := range byPackage {
		slices.SortFunc(list, func(a, b *mutant) int {
			return cmp.Or(cmp.Compare(a.rank(seed), b.rank(seed)), cmp.Compare(a.id, b.id))
		})
	}
	var chosen []*mutant
	for turn := 0; len(chosen) < len(mutants); turn++ {
		for _, name := range packages {
			if list := byPackage[name]; turn < len(list) {
				chosen = append(chosen, list[turn])
			}
			if n > 0 && len(chosen) == n {
				return chosen
			}
		}
	}
	return chosen
}
