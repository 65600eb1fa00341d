package journal

// nearest returns which of the texts takes the fewest edits to come from another, and how
// many.
func nearest(text string, among []string) (best string, distance int) {
	text = text[:min(len(text), 256)]
	for _, other := range among {
		if d := edits(text, other); best == "" || d < distance {
			best, distance = other, d
		}
	}
	return best, distance
}

// edits is the Levenshtein distance, by bytes.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for i := range row {
		row[i] = i
	}
	for i := range len(a) {
		before := row[0]
		row[0] = i + 1
		for k := range len(b) {
			change := before
			if a[i] != b[k] {
				change++
			}
			before = row[k+1]
			row[k+1] = min(change, before+1, row[k]+1)
		}
	}
	return row[len(b)]
}
