package tenantstate

import (
	"errors"

	"exportbuckets/internal/dbpool"
	"exportbuckets/staging"
)

// ProblemOf returns what clients may read of an error. What is a fault of the server says
// so alone: the rest is for the log.
func ProblemOf(err error) *staging.Problem {
	if problem, ok := errors.AsType[*staging.Problem](err); ok {
		return problem
	}
	if dbpool.Unavailable(err) {
		return staging.NewProblem(staging.CodeBusy, "The database is busy or away. Try again.")
	}
	return staging.NewProblem(staging.CodeUnexpected, "The server has a fault; its log says which.")
}
