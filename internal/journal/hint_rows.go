package journal

import (
	"fmt"
	"strings"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// What hints say of the rows that the organization has.

// roles names the access roles of the project, of the provider that is needed.
func (h *hinter) roles() string {
	if h.project == nil {
		return ""
	}
	rows, err := db.New().ListOrgAccessRoles(h.ctx, h.pool, db.ListOrgAccessRolesParams{
		OrgID: h.orgID, ProjectID: h.project, RowLimit: 100,
	})
	if h.failed(err) {
		return ""
	}
	fact := h.facts["cloudProvider"]
	provider := fact.Needs
	if provider == "" {
		provider = fact.Value
	}
	var names []string
	for _, row := range rows {
		if provider != "" && string(row.CloudProvider) != provider {
			continue
		}
		state := "authorized"
		if !row.Authorized {
			state = "not authorized"
		}
		names = append(names, fmt.Sprintf("%s (%s, %s)", row.ID, row.CloudProvider, state))
	}
	return named("The roles of the project that would do", names, "The project has no role that would do.")
}

// named lists names after a head.
func named(head string, names []string, none string) string {
	if len(names) == 0 {
		return none
	}
	more := ""
	if len(names) > maxNamed {
		more = fmt.Sprintf(" and %d more", len(names)-maxNamed)
		names = names[:maxNamed]
	}
	return head + ": " + strings.Join(names, ", ") + more + "."
}

// elsewhere names another project of the organization that has what is asked for.
func (h *hinter) elsewhere() string {
	object := ""
	for _, name := range []string{"accessRole", "exportBucket", "snapshot", "cluster"} {
		if fact, ok := h.facts[name]; ok {
			object = fact.Value
			break
		}
	}
	rows, err := db.New().ListOrgProjectsHaving(h.ctx, h.pool, db.ListOrgProjectsHavingParams{
		OrgID: h.orgID, Object: &object, RowLimit: maxNamed,
	})
	if h.failed(err) {
		return ""
	}
	for _, row := range rows {
		if h.project == nil || row.ID != *h.project {
			return fmt.Sprintf("%s is in another project: %s (%s).", object, row.ID, row.Name)
		}
	}
	return ""
}

// projects names the projects of the organization.
func (h *hinter) projects() string {
	rows, err := db.New().ListOrgProjectsHaving(h.ctx, h.pool, db.ListOrgProjectsHavingParams{
		OrgID: h.orgID, RowLimit: 2 * maxNamed,
	})
	if h.failed(err) {
		return ""
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = fmt.Sprintf("%s (%s)", row.ID, row.Name)
	}
	return named("The projects of the organization", names, "The organization has no projects.")
}

// clusters names the clusters of the project.
func (h *hinter) clusters() string {
	return named("The clusters of the project", h.clustersWith(nil), "The project has no clusters.")
}

// bucketUsers names the clusters whose schedules export to a bucket.
func (h *hinter) bucketUsers() string {
	bucket, err := objectid.Parse(h.facts["exportBucket"].Value)
	if err != nil {
		return ""
	}
	return named("It is exported to by the backup schedule of these clusters; PATCH …/backup/schedule to another bucket",
		h.clustersWith(&bucket), "No schedule exports to it any more: try again.")
}

func (h *hinter) clustersWith(bucket *objectid.ID) []string {
	if h.project == nil {
		return nil
	}
	rows, err := db.New().ListOrgClusters(h.ctx, h.pool, db.ListOrgClustersParams{
		OrgID: h.orgID, ProjectID: *h.project, ExportBucketID: bucket, RowLimit: 100,
	})
	if h.failed(err) {
		return nil
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = fmt.Sprintf("%s (%s)", row.Name, row.ID)
	}
	return names
}

// roleUsers names the export buckets that use a role.
func (h *hinter) roleUsers() string {
	role, err := objectid.Parse(h.facts["accessRole"].Value)
	if err != nil || h.project == nil {
		return ""
	}
	rows, err := db.New().ListOrgExportBucketsOfRole(h.ctx, h.pool, db.ListOrgExportBucketsOfRoleParams{
		OrgID: h.orgID, ProjectID: *h.project, RoleID: role, RowLimit: 100,
	})
	if h.failed(err) {
		return ""
	}
	names := make([]string, len(rows))
	for i, row := range rows {
		names[i] = fmt.Sprintf("%s (%s)", row.ID, row.BucketName)
	}
	return named("These export buckets use it; delete them first", names, "No export bucket uses it any more: try again.")
}
