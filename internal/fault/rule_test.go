package fault_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"exportbuckets/internal/fault"
	"exportbuckets/staging"
)

// forClients returns a fault of requests whose User-Agent is as the pattern says.
func forClients(t *testing.T, pattern string) fault.Rule {
	t.Helper()
	rule, err := fault.Compile(staging.Fault{
		Name: "x", Match: staging.Match{UserAgent: pattern}, Effect: staging.Effect{Kind: staging.KindReset},
	}, func(string) bool { return true }, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return rule
}

func from(client string) fault.Request {
	return fault.Request{Header: func(string) []string { return []string{client} }}
}

// texts returns all texts of up to so many of the letters.
func texts(letters string, most int) []string {
	all := []string{""}
	for last := all; most > 0; most-- {
		var longer []string
		for _, text := range last {
			for _, letter := range letters {
				longer = append(longer, text+string(letter))
			}
		}
		all, last = append(all, longer...), longer
	}
	return all
}

func TestAStarStandsForAnything(t *testing.T) {
	t.Parallel()
	clients := append(texts("ab", 5), "a\nb")
	for _, pattern := range append(texts("ab*", 5)[1:], "a.b", `a\b`) {
		rule := forClients(t, pattern)
		like := regexp.MustCompile(`(?s)^` + strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, `.*`) + `$`)
		for _, client := range clients {
			if got, want := rule.Matches(from(client)), like.MatchString(client); got != want {
				t.Errorf("%q: got %t of %q, want %t", pattern, got, client, want)
			}
		}
	}
}

func TestAPatternTakesNoLongerThanItsHeader(t *testing.T) {
	t.Parallel()
	client := from(strings.Repeat("a", 16<<10))
	for _, pattern := range []string{
		strings.Repeat("*a", 128), strings.Repeat("*a", 127) + "*b", "*" + strings.Repeat("a", 254) + "b",
		"*" + strings.Repeat("a", 100) + "b*" + strings.Repeat("a", 100),
	} {
		rules := slices.Repeat([]fault.Rule{forClients(t, pattern)}, 4*staging.MaxFaults)
		began := time.Now()
		for i := range rules {
			rules[i].Matches(client)
		}
		if took := time.Since(began); took > 2*time.Second {
			t.Errorf("%s: got %d faults looked at in %s, want them in milliseconds", pattern, len(rules), took)
		}
	}
}
