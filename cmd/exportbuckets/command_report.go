package main

import (
	"context"
	"fmt"
	"strconv"
	"time"
)

type reportUsageCommand struct {
	orgConfig
	Role   string `placeholder:"ID" xor:"what" required:"true" help:"Access role."`
	Bucket string `placeholder:"ID" xor:"what" required:"true" help:"Export bucket."`
}

// Run prints who refers to an access role or an export bucket.
func (r reportUsageCommand) Run(ctx context.Context, o output) error {
	client, org, err := r.open()
	if err != nil {
		return err
	}
	usageOf, id := client.RoleUsage, r.Role
	if r.Bucket != "" {
		usageOf, id = client.BucketUsage, r.Bucket
	}
	usage, err := usageOf(ctx, org, id)
	if err != nil {
		return err
	}
	shown := table{head: []string{"KIND", "ID", "NAME", "REMOVAL"}}
	for _, user := range usage.UsedBy {
		removal := "not refused for it"
		if user.Blocks {
			removal = usage.ErrorCode
		}
		shown.rows = append(shown.rows, []string{string(user.Kind), user.ID, user.Name, removal})
	}
	return r.print(o.out, usage, shown)
}

type reportSunsetCommand struct {
	orgConfig
	At time.Time `placeholder:"TIME" help:"As of this time, such as 2027-01-31T00:00:00Z. Now if left out."`
}

// Run prints which versions clients use and how long they have left. It returns
// errUnmet if one is gone, or if there is nothing to judge.
func (r reportSunsetCommand) Run(ctx context.Context, o output) error {
	client, org, err := r.open()
	if err != nil {
		return err
	}
	report, err := client.Sunset(ctx, org, r.At)
	if err != nil {
		return err
	}
	shown := table{head: []string{"SUNSET", "DAYS", "USER AGENT", "OPERATION", "ASKED", "SERVED", "REQUESTS"}}
	gone := 0
	for _, found := range report.Results {
		days := ""
		if found.DaysLeft != nil {
			days = strconv.Itoa(*found.DaysLeft)
		}
		if found.Gone {
			gone++
		}
		shown.rows = append(shown.rows, []string{
			found.Sunset, days, found.UserAgent, found.Operation, found.Asked, found.Served, count(found.Requests),
		})
	}
	if err := r.print(o.out, report, shown); err != nil {
		return err
	}
	switch {
	case len(report.Results) == 0:
		return fmt.Errorf("%w: the journal has no request to judge", errUnmet)
	case gone > 0:
		return fmt.Errorf("%w: %d of %d are answered 410 at %s", errUnmet, gone, len(report.Results),
			report.At.Format(time.RFC3339))
	}
	return nil
}
