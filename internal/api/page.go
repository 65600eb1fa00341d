package api

import (
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"exportbuckets/internal/atlas"
)

// Atlas, "Get all items": itemsPerPage.
const (
	defaultPageSize = 100
	maxPageSize     = 500
)

// queryPage returns the page that the query asks for, or
// INVALID_QUERY_PARAMETER.
func queryPage(c *call) (atlas.Page, error) {
	count, err := queryBool(c.Context, "includeCount", true)
	if err != nil {
		return atlas.Page{}, err
	}
	size, err := queryInt(c.Context, "itemsPerPage", defaultPageSize, maxPageSize)
	if err != nil {
		return atlas.Page{}, err
	}
	number, err := queryInt(c.Context, "pageNum", 1, math.MaxInt32)
	if err != nil {
		return atlas.Page{}, err
	}
	return atlas.Page{Number: number, Size: size, Count: count}, nil
}

// pageLinks returns the links of a page to itself and to its neighbours. Atlas
// builds them from the request's own query: self has pageNum and itemsPerPage
// moved to its end, the others only pageNum.
func (s *Server) pageLinks(c *call, page atlas.Page, more bool) []link {
	base := s.cfg.BaseURL + c.Request.URL.EscapedPath() + "?"
	query := c.Request.URL.RawQuery
	number := func(n int) string { return "pageNum=" + strconv.Itoa(n) }
	neighbour := func(rel string, n int) link {
		parameters := append(without(query, "pageNum"), number(n))
		return link{Href: base + strings.Join(parameters, "&"), Rel: rel}
	}

	self := append(without(query, "pageNum", "itemsPerPage"),
		number(page.Number), "itemsPerPage="+strconv.Itoa(page.Size))
	links := []link{{Href: base + strings.Join(self, "&"), Rel: "self"}}
	if page.Number > 1 {
		links = append(links, neighbour("previous", page.Number-1))
	}
	if more {
		links = append(links, neighbour("next", page.Number+1))
	}
	return links
}

// without returns the parameters of a raw query in their order, encoded anew,
// but for those named.
func without(query string, names ...string) []string {
	var kept []string
	for parameter := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(parameter, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || name == "" || slices.Contains(names, name) {
			continue
		}
		value, err = url.QueryUnescape(value)
		if err != nil {
			continue
		}
		kept = append(kept, url.QueryEscape(name)+"="+url.QueryEscape(value))
	}
	return kept
}

// respondList answers with a page of a list; body writes one of its items.
func respondList[T, B any](s *Server, c *call, page atlas.Page, items atlas.List[T], body func(T) B) error {
	results := make([]B, len(items.Items))
	for i, item := range items.Items {
		results[i] = body(item)
	}
	return respond(c, http.StatusOK, list{
		Links:      s.pageLinks(c, page, items.More),
		Results:    results,
		TotalCount: items.TotalCount,
	})
}
