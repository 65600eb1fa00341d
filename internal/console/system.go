package console

import (
	"context"
	"runtime"

	"exportbuckets/docs/grafana"
	"exportbuckets/internal/metrics"
	"exportbuckets/internal/tenantstate"
)

// systemData is the data of the page of the server.
type systemData struct {
	tenantstate.System

	JournalMax int64
	GoVersion  string
	Settings   []Setting
	Figures    []metrics.Figure // of this replica
}

func (c *Console) getSystem(ctx context.Context, operator tenantstate.Operator, _ *visit) (page, error) {
	system, err := c.TenantState.System(ctx, operator)
	if err != nil {
		return page{}, err
	}
	figures, err := c.cfg.Metrics.Figures()
	return show("System", systemData{system, c.cfg.JournalMax, runtime.Version(), c.cfg.Settings, figures}), err
}

func (c *Console) getDashboard(context.Context, tenantstate.Operator, *visit) (page, error) {
	return page{file: grafana.Dashboard, fileName: "exportbuckets.json", fileType: "application/json"}, nil
}
