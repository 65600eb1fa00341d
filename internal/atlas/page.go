package atlas

import "fmt"

// Page says which part of a list is asked for.
type Page struct {
	Number int  // from 1
	Size   int  // items on a page, 1 to 500
	Count  bool // whether the length of the whole list is wanted
}

// List is a page of a list.
type List[T any] struct {
	Items      []T
	More       bool   // another page follows
	TotalCount *int64 // of all pages; nil if it was not asked for
}

// NewList returns a page of what query returns: rows from an offset on, at most as
// many as limit says. Each row has the length of the whole list in it, which item
// returns beside the item. An error says what was listed.
func NewList[Row, T any](
	what string, page Page, query func(limit int32, offset int64) ([]Row, error), item func(Row) (T, int64),
) (List[T], error) {
	var list List[T]
	// The row too many tells that another page follows.
	rows, err := query(int32(page.Size)+1, int64(page.Number-1)*int64(page.Size)) //nolint:gosec // At most 500.
	if err != nil {
		return list, fmt.Errorf("list %s: %w", what, err)
	}
	list.More = len(rows) > page.Size
	list.Items = make([]T, min(len(rows), page.Size))
	total := int64(0)
	for i := range list.Items {
		list.Items[i], total = item(rows[i])
	}
	if !page.Count {
		return list, nil
	}
	if len(rows) == 0 && page.Number > 1 { // past the end, where no row tells the length
		if rows, err = query(1, 0); err != nil {
			return list, fmt.Errorf("count %s: %w", what, err)
		}
		if len(rows) > 0 {
			_, total = item(rows[0])
		}
	}
	list.TotalCount = &total
	return list, nil
}

// MapList returns the page with each item turned into another.
func MapList[T, U any](list List[T], f func(T) U) List[U] {
	items := make([]U, len(list.Items))
	for i, item := range list.Items {
		items[i] = f(item)
	}
	return List[U]{Items: items, More: list.More, TotalCount: list.TotalCount}
}

// DecodeList is MapList for an f that may fail. It returns the first error of f.
func DecodeList[T, U any](list List[T], f func(T) (U, error)) (decoded List[U], err error) {
	decoded = MapList(list, func(item T) (u U) {
		if err == nil {
			u, err = f(item)
		}
		return u
	})
	if err != nil {
		return List[U]{}, err
	}
	return decoded, nil
}
