package seed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/dbaccess"
	"exportbuckets/internal/iam"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/tenant"
)

// Rows are the rows of one organization, each list in the order of its key.
type Rows struct {
	Org              db.Org
	Projects         []db.Project
	AccessRoles      []db.CloudProviderAccessRole
	ExportBuckets    []db.ExportBucket
	PrivateEndpoints []db.BackupPrivateEndpoint
	Networks         []db.ProjectAccessListEntry
	DatabaseUsers    []db.DatabaseUser
	Clusters         []db.Cluster
	Schedules        []db.BackupSchedule
	Snapshots        []db.Snapshot
	ExportJobs       []db.ExportJob
	APIKeys          []db.APIKey
	ServiceAccounts  []db.ServiceAccount
	Secrets          []db.ServiceAccountSecret
	OrgGrants        []db.OrgRoleGrant
	ProjectGrants    []db.ProjectRoleGrant
	AccessList       []db.AccessListEntry
}

// FileOf returns the file that declares the rows, without secrets and without what the form
// does not have, as of a time. Package tenantstate says in docs/staging.md what that is.
func FileOf(rows Rows, now time.Time) (File, error) {
	org := Organization{
		ID: objectID{rows.Org.ID}, Name: rows.Org.Name, APIAccessListRequired: rows.Org.APIAccessListRequired,
	}
	if !rows.Org.Protected {
		org.Staging = new(Staging)
	}
	if rows.Org.Settings != nil && string(rows.Org.Settings) != "{}" {
		org.Settings = &body[tenant.OrgSettings]{encoded: rows.Org.Settings}
	}
	for _, row := range rows.Projects {
		project, err := rows.project(row, now)
		if err != nil {
			return File{}, fmt.Errorf("project %s: %w", row.ID, err)
		}
		org.Projects = append(org.Projects, project)
	}
	for _, row := range rows.APIKeys {
		org.APIKeys = append(org.APIKeys, APIKey{
			ID: objectID{row.ID}, Description: row.Description, PublicKey: publicKey(row.PublicKey),
			Access: rows.access(row.ID),
		})
	}
	for _, row := range rows.ServiceAccounts {
		account := ServiceAccount{
			ClientID: clientID{row.ID}, Name: row.Name, Description: row.Description, Access: rows.access(row.ID),
		}
		for _, secret := range rows.Secrets {
			if secret.ServiceAccountID == row.ID {
				account.Secrets = append(account.Secrets,
					Secret{ID: &objectID{secret.ID}, ExpiresAt: timestamp{secret.ExpiresAt}})
			}
		}
		org.ServiceAccounts = append(org.ServiceAccounts, account)
	}
	return File{Organizations: []Organization{org}}, nil
}

// access returns what a principal may do.
func (r Rows) access(id objectid.ID) Access {
	var access Access
	for _, grant := range r.OrgGrants {
		if grant.PrincipalID == id {
			access.OrgRoles = append(access.OrgRoles, orgRole(grant.Role))
		}
	}
	for _, grant := range r.ProjectGrants {
		if grant.PrincipalID != id {
			continue
		}
		i := slices.IndexFunc(access.ProjectRoles, func(p ProjectRole) bool { return p.ProjectID.ID == grant.ProjectID })
		if i < 0 {
			i = len(access.ProjectRoles)
			access.ProjectRoles = append(access.ProjectRoles, ProjectRole{ProjectID: objectID{grant.ProjectID}})
		}
		access.ProjectRoles[i].Roles = append(access.ProjectRoles[i].Roles, projectRole(grant.Role))
	}
	for _, entry := range r.AccessList {
		if entry.PrincipalID == id {
			access.AccessList = append(access.AccessList, network{entry.CIDRBlock})
		}
	}
	return access
}

func (r Rows) project(row db.Project, now time.Time) (Project, error) {
	project := Project{ID: objectID{row.ID}, Name: row.Name}
	var tags []json.RawMessage
	if err := json.Unmarshal(row.Tags, &tags); err != nil {
		return project, fmt.Errorf("decode tags: %w", err)
	}
	for _, tag := range tags {
		project.Tags = append(project.Tags, body[atlas.Tag]{encoded: tag})
	}
	if err := json.Unmarshal(row.Limits, &project.Limits); err != nil {
		return project, fmt.Errorf("decode limits: %w", err)
	}
	if string(row.Settings) != "{}" {
		project.Settings = &body[tenant.ProjectSettings]{encoded: row.Settings}
	}
	if !row.WithDefaultAlertsSettings {
		project.WithDefaultAlertsSettings = &row.WithDefaultAlertsSettings
	}
	if !row.ManagedSlowMs {
		project.ManagedSlowMS = &row.ManagedSlowMs
	}
	r.accessRoles(&project)
	for _, bucket := range r.ExportBuckets {
		if bucket.ProjectID == row.ID {
			project.ExportBuckets = append(project.ExportBuckets, ExportBucket{
				ID: objectID{bucket.ID}, Region: bucket.Region, Body: bodyOf(backup.ExportBucketRequestOf(bucket)),
			})
		}
	}
	for _, endpoint := range r.PrivateEndpoints {
		if endpoint.ProjectID == row.ID {
			project.PrivateEndpoints = append(project.PrivateEndpoints, PrivateEndpoint{
				ID: objectID{endpoint.ID}, Body: bodyOf(backup.PrivateEndpointRequestOf(endpoint)),
			})
		}
	}
	for _, entry := range r.Networks {
		if entry.ProjectID == row.ID {
			project.AccessList = append(project.AccessList, bodyOf(dbaccess.AccessListEntryRequestOf(entry)))
		}
	}
	for _, user := range r.DatabaseUsers {
		if user.ProjectID != row.ID {
			continue
		}
		request, err := dbaccess.DatabaseUserRequestOf(user)
		if err != nil {
			return project, err
		}
		project.DatabaseUsers = append(project.DatabaseUsers, bodyOf(request))
	}
	for _, one := range r.Clusters {
		if one.ProjectID != row.ID || one.GoneAt != nil { // soon it is gone
			continue
		}
		declared, err := r.cluster(one, now)
		if err != nil {
			return project, fmt.Errorf("cluster %s: %w", one.Name, err)
		}
		project.Clusters = append(project.Clusters, declared)
	}
	return project, nil
}

func (r Rows) accessRoles(project *Project) {
	access := &project.CloudProviderAccess
	for _, role := range r.AccessRoles {
		if role.ProjectID != project.ID.ID {
			continue
		}
		id := objectID{role.ID}
		switch role.CloudProvider {
		case db.CloudProviderAWS:
			access.AWS = append(access.AWS, AWSRole{
				RoleID: id, IAMAssumedRoleARN: (*roleARN)(role.IAMAssumedRoleARN),
				ExternalID: (*uuidText)(role.AssumedRoleExternalID),
			})
		case db.CloudProviderAZURE:
			access.Azure = append(access.Azure, AzureRole{
				RoleID: id, AtlasAzureAppID: (*uuidText)(role.AzureAppID),
				ServicePrincipalID: uuidText(*role.ServicePrincipalID), TenantID: uuidText(*role.TenantID),
			})
		case db.CloudProviderGCP:
			access.GCP = append(access.GCP, GCPRole{RoleID: id, Status: gcpStatus(*role.GCPStatus)})
		}
	}
}

func (r Rows) cluster(row db.Cluster, now time.Time) (Cluster, error) {
	of, err := cluster.At(row, now)
	if err != nil {
		return Cluster{}, err
	}
	args, err := json.Marshal(cluster.ProcessArgsUpdateOf(of.Settings))
	if err != nil {
		return Cluster{}, fmt.Errorf("encode process arguments: %w", err)
	}
	declared := Cluster{
		ID: objectID{row.ID}, Body: bodyOf(cluster.RequestOf(row.Name, of.Settings)),
		ProcessArgs: &body[cluster.ProcessArgsUpdate]{encoded: args},
	}
	for _, id := range cluster.IDsOf(of.Settings) {
		declared.IDs = append(declared.IDs, objectID{id})
	}
	for _, schedule := range r.Schedules {
		if schedule.ProjectID != row.ProjectID || schedule.ClusterID != row.ID {
			continue
		}
		stored, err := backup.NewScheduleOf(of, schedule)
		if err != nil {
			return Cluster{}, err
		}
		declared.Schedule = new(bodyOf(backup.ScheduleUpdateOf(stored)))
	}
	shown := make(map[objectid.ID]bool)
	for _, snapshot := range r.Snapshots {
		if snapshot.ProjectID != row.ProjectID || snapshot.ClusterID != row.ID || snapshot.FrequencyType != backup.OnDemand {
			continue
		}
		at, err := backup.SnapshotAt(of, snapshot, now)
		if err != nil {
			return Cluster{}, err
		}
		declared.Snapshots = append(declared.Snapshots, Snapshot{
			ID: objectID{snapshot.ID}, State: snapshotState(at.State), Body: bodyOf(backup.SnapshotRequestOf(snapshot)),
		})
		shown[snapshot.ID] = at.State == backup.SnapshotCompleted
	}
	for _, job := range r.ExportJobs {
		if job.ProjectID != row.ProjectID || job.ClusterID != row.ID || !shown[job.SnapshotID] {
			continue
		}
		request, state, err := backup.ExportJobRequestOf(job, now)
		if err != nil {
			return Cluster{}, err
		}
		declared.Exports = append(declared.Exports,
			ExportJob{ID: objectID{job.ID}, State: exportJobState(state), Body: bodyOf(request)})
	}
	return declared, nil
}

// bodyOf is the body with what is not nil of a request.
func bodyOf[T any](request T) body[T] {
	encoded, err := json.Marshal(request)
	if err != nil {
		encoded = nil // MarshalYAML says so
	}
	return body[T]{encoded: encoded}
}

// MarshalYAML returns what is not null of the body.
func (v body[T]) MarshalYAML() (any, error) {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(v.encoded))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, errors.New("encode body of a request")
	}
	return plain(value), nil
}

// plain returns a value of JSON without what is null, and with numbers as YAML writes them.
func plain(value any) any {
	switch value := value.(type) {
	case map[string]any:
		kept := make(map[string]any, len(value))
		for key, field := range value {
			if field != nil {
				kept[key] = plain(field)
			}
		}
		return kept
	case []any:
		kept := make([]any, len(value))
		for i, element := range value {
			kept[i] = plain(element)
		}
		return kept
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return whole
		}
		fraction, _ := value.Float64()
		return fraction
	}
	return value
}

// MarshalYAML returns the id as it is written.
func (v objectID) MarshalYAML() (any, error) { return v.String(), nil }

// MarshalYAML returns the client id as it is written.
func (v clientID) MarshalYAML() (any, error) { return iam.ClientIDPrefix + v.id.String(), nil }

// MarshalYAML returns the network as it is written.
func (v network) MarshalYAML() (any, error) { return v.prefix.String(), nil }

// MarshalYAML returns the time as it is written.
func (v timestamp) MarshalYAML() (any, error) { return v.UTC().Format(time.RFC3339Nano), nil }

// Encode writes a file in YAML. What is empty is left out.
func (f File) Encode() ([]byte, error) {
	encoded, err := yaml.MarshalWithOptions(f, yaml.OmitEmpty(), yaml.IndentSequence(true))
	return encoded, atlas.Wrap(err, "encode file")
}

// EncodeJSON writes a file in JSON.
func (f File) EncodeJSON() ([]byte, error) {
	encoded, err := f.Encode()
	if err != nil {
		return nil, err
	}
	converted, err := yaml.YAMLToJSON(encoded)
	return converted, atlas.Wrap(err, "encode file")
}
