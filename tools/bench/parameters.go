//go:build linux

package main

import (
	"context"
	"fmt"
	"strings"
)

// parameterCost is what it costs pgbench that it computes, in SQL, what the
// server sends ready made: the microseconds of a statement that does nothing
// else, for a create.
type parameterCost struct {
	Plain    float64 `json:"plain_us"`
	Computed float64 `json:"computed_us"`
}

// measureParameters runs the two statements in turn, with one client.
func (b *bench) measureParameters(ctx context.Context, s *subject) error {
	var took [2][]float64
	for range (b.cfg.Rounds + 1) / 2 {
		for i, script := range s.scripts[pgbenchCreate.name].parameters() {
			with := pressure{clients: 1, threads: 1, duration: b.cfg.Duration}
			p, err := s.attempt(ctx, operation{}, with, func() (outcome, error) {
				return s.pgbench.run(ctx, script, with)
			})
			if err != nil {
				return err
			}
			took[i] = append(took[i], 1e6/p.Rate)
		}
	}
	b.report.Parameters = &parameterCost{Plain: median(took[0]), Computed: median(took[1])}
	return nil
}

// parameters returns two scripts that do nothing with the arguments which
// pgbench computes: in one they are parameters, as the server sends them; in the
// other they are computed.
func (s *script) parameters() [2]*script {
	variables := s.variables
	var plain, computed []string
	for i, r := range s.replaced {
		name := fmt.Sprintf("plain%d", i)
		variables = append(variables, variable{name, r.example})
		plain = append(plain, ":"+name+"::text")
		computed = append(computed, r.sql)
	}
	return [2]*script{
		{text: createWork.draw + "SELECT " + strings.Join(plain, ", ") + ";\n", variables: variables},
		{text: createWork.draw + "SELECT " + strings.Join(computed, ", ") + ";\n", variables: variables},
	}
}
