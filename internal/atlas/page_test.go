package atlas_test

import (
	"errors"
	"slices"
	"testing"

	"exportbuckets/internal/atlas"
)

func TestNewListReadsOnePage(t *testing.T) {
	t.Parallel()
	all := []int{10, 11, 12, 13, 14}
	for name, tt := range map[string]struct {
		page  atlas.Page
		rows  []int
		want  []int
		more  bool
		asked int // queries
	}{
		"first page":             {atlas.Page{Number: 1, Size: 2, Count: true}, all, []int{10, 11}, true, 1},
		"last page":              {atlas.Page{Number: 3, Size: 2, Count: true}, all, []int{14}, false, 1},
		"a page that just fits":  {atlas.Page{Number: 1, Size: 5, Count: true}, all, all, false, 1},
		"past the end":           {atlas.Page{Number: 4, Size: 2, Count: true}, all, nil, false, 2},
		"past the end, no count": {atlas.Page{Number: 4, Size: 2}, all, nil, false, 1},
		"nothing":                {atlas.Page{Number: 1, Size: 2, Count: true}, nil, nil, false, 1},
		"nothing, page 2":        {atlas.Page{Number: 2, Size: 2, Count: true}, nil, nil, false, 2},
	} {
		asked := 0
		query := func(limit int32, offset int64) ([]int, error) {
			asked++
			rows := tt.rows[min(int(offset), len(tt.rows)):]
			return rows[:min(int(limit), len(rows))], nil
		}
		got, err := atlas.NewList("rows", tt.page, query, func(row int) (int, int64) { return row, int64(len(tt.rows)) })
		if err != nil || !slices.Equal(got.Items, tt.want) || got.More != tt.more || asked != tt.asked {
			t.Errorf("%s: got %+v, %v after %d queries, want %+v", name, got, err, asked, tt)
		}
		switch {
		case tt.page.Count && (got.TotalCount == nil || *got.TotalCount != int64(len(tt.rows))):
			t.Errorf("%s: got another length than %d", name, len(tt.rows))
		case !tt.page.Count && got.TotalCount != nil:
			t.Errorf("%s: got the length %d, want none", name, *got.TotalCount)
		}
	}
}

func TestNewListReturnsTheErrorOfItsQuery(t *testing.T) {
	t.Parallel()
	broken := errors.New("broken")
	_, err := atlas.NewList("rows", atlas.Page{Number: 1, Size: 1},
		func(int32, int64) ([]int, error) { return nil, broken },
		func(row int) (int, int64) { return row, 0 })
	if !errors.Is(err, broken) {
		t.Errorf("got %v, want %v", err, broken)
	}
}
