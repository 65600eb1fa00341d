// Package grafana has the dashboard of the metrics, for whoever imports it into Grafana.
package grafana

import _ "embed"

// Dashboard is the dashboard, in JSON.
//
//go:embed exportbuckets.json
var Dashboard []byte
