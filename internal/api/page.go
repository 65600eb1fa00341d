package api

import (
	"math"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

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
	size, err := queryInt(c.gin, "itemsPerPage", defaultPageSize, maxPageSize)
	if err != nil {
		return atlas.Page{}, err
	}
	number, err := queryInt(c.gin, "pageNum", 1, math.MaxInt32)
	return atlas.Page{Number: number, Size: size, Count: queryBool(c.gin, "includeCount", true)}, err
}

// queryInt returns a query parameter that is a number from 1 to most: what is beyond
// counts as the nearest of them, and no text as none. Old Terraform providers send 0
// for what is not set. It returns INVALID_QUERY_PARAMETER for what is no number of 32
// bits.
func queryInt(c *gin.Context, name string, byDefault, most int) (int, error) {
	value := c.Query(name)
	if value == "" {
		return byDefault, nil
	}
	n, err := strconv.ParseInt(value, 10, 32)
	if err != nil {
		return 0, atlas.NewError(atlas.CodeInvalidQueryParameter, name)
	}
	return min(max(int(n), 1), most), nil
}

// pageLinks returns the links of a page to itself and to its neighbours. Atlas
// builds them from the request's own query: self has pageNum and itemsPerPage
// moved to its end, the others only pageNum. They show the numbers that were used.
func pageLinks(c *call, page atlas.Page, more bool) []link {
	base := c.baseURL + c.gin.Request.URL.EscapedPath() + "?"
	query := c.gin.Request.URL.RawQuery
	number := func(n int) string { return "pageNum=" + strconv.Itoa(n) }
	size := "itemsPerPage=" + strconv.Itoa(page.Size)
	neighbour := func(rel string, n int) link {
		parameters := append(without(query, "pageNum"), number(n))
		for i, parameter := range parameters {
			if strings.HasPrefix(parameter, "itemsPerPage=") {
				parameters[i] = size
			}
		}
		return link{Href: base + strings.Join(parameters, "&"), Rel: rel}
	}

	self := append(without(query, "pageNum", "itemsPerPage"), number(page.Number), size)
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

// newList returns the body of a page.
func newList[B any](c *call, page atlas.Page, items atlas.List[B]) list {
	body := list{Links: pageLinks(c, page, items.More), Results: items.Items}
	if page.Count {
		body.TotalCount = items.TotalCount
	}
	return body
}

// emptyList returns the page that the query asks for of a list that has nothing in
// it.
func emptyList(c *call) (list, error) {
	page, err := queryPage(c)
	return newList(c, page, atlas.List[struct{}]{TotalCount: new(int64)}), err
}
