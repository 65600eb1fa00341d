package main

// report is all that a run found out.
type report struct {
	Phases []phase `json:"phases"`
}
