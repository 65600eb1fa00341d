package atlas

// Page says which part of a list is asked for.
type Page struct {
	Number int  // from 1
	Size   int  // items on a page, 1 to 500
	Count  bool // whether the length of the whole list is wanted
}

// limit is one more than a page holds: the row too many tells that another page
// follows.
func (p Page) limit() int32 {
	return int32(p.Size) + 1 //nolint:gosec // A page has at most 500 items.
}

// cut returns the rows that are on the page, of as many as limit says at most,
// and whether another page follows.
func cut[T any](p Page, rows []T) (onPage []T, more bool) {
	return rows[:min(len(rows), p.Size)], len(rows) > p.Size
}

func (p Page) offset() int64 {
	return int64(p.Number-1) * int64(p.Size)
}

// List is a page of a list.
type List[T any] struct {
	Items      []T
	More       bool   // another page follows
	TotalCount *int64 // of all pages; nil if it was not asked for
}
