//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// parameterCost is what it costs pgbench that it computes, in SQL, what the
// server sends ready made: the microseconds of a statement that does nothing
// else, per create.
type parameterCost struct {
	Plain    float64 `json:"plain_us"`
	Computed float64 `json:"computed_us"`
}

// measureParameters runs the two statements in turn, with one client.
func (b *bench) measureParameters(ctx context.Context, s *subject) error {
	create, err := createStatements(s.data.now)
	if err != nil {
		return err
	}
	plain, computed, variables := create.parameters()
	variables = append(variables, numbers(s.data)...)
	var took [2][]float64
	for range b.cfg.Rounds {
		for i, text := range []string{plain, computed} {
			script, err := s.pgbench.write(fmt.Sprintf("parameters%d", i), draw+text+"\n", variables)
			if err != nil {
				return err
			}
			out, err := s.pgbench.run(ctx, script, pressure{clients: 1, threads: 1, duration: time.Second})
			if err != nil {
				return err
			}
			took[i] = append(took[i], 1e6/out.rate)
		}
	}
	b.report.Parameters = &parameterCost{Plain: median(took[0]), Computed: median(took[1])}
	return nil
}

// parameters returns two statements that do nothing with the values which
// pgbench computes: in one they are parameters, as the server sends them, one to
// a statement; in the other they are computed wherever a create has them.
func (c createSQL) parameters() (plain, computed string, variables []variable) {
	var plains, computeds []string
	for i, v := range c.computed {
		name := fmt.Sprintf("plain%d", i)
		variables = append(variables, variable{name, v.example})
		for _, statement := range c.statements {
			uses := strings.Count(statement, v.expression)
			if uses > 0 {
				plains = append(plains, ":"+name+"::"+v.typ)
			}
			for range uses {
				computeds = append(computeds, v.expression+"::"+v.typ)
			}
		}
	}
	return "SELECT " + strings.Join(plains, ", ") + ";", "SELECT " + strings.Join(computeds, ", ") + ";", variables
}
