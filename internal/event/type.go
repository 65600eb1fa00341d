package event

// Type is what has happened, by Atlas' name for it.
type Type struct {
	Name        string
	Description string // this server's own
}

// types are all types, in the order in which they stand here.
var types []Type

func newType(name, description string) Type {
	t := Type{name, description}
	types = append(types, t)
	return t
}

// Types returns the types of events that this server writes.
func Types() []Type { return types }

// Describe returns the description of the type of that name, or nothing of one that this
// server does not write.
func Describe(name string) string {
	for _, t := range types {
		if t.Name == name {
			return t.Description
		}
	}
	return ""
}

// The types of events that this server writes. Atlas' specification.
var (
	APIKeyCreated            = newType("API_KEY_CREATED", "An API key was created.")
	APIKeyDeleted            = newType("API_KEY_DELETED", "An API key was deleted.")
	APIKeyDescriptionChanged = newType("API_KEY_DESCRIPTION_CHANGED", "The description of an API key was changed.")
	APIKeyAddedToProject     = newType("API_KEY_ADDED_TO_GROUP", "An API key was assigned to a project.")
	APIKeyRemovedFromProject = newType("API_KEY_REMOVED_FROM_GROUP", "An API key was removed from a project.")
	APIKeyRolesChanged       = newType("API_KEY_ROLES_CHANGED", "The roles of an API key were changed.")
	APIKeyNetworkAdded       = newType("API_KEY_ACCESS_LIST_ENTRY_ADDED",
		"A network was added to the access list of an API key.")
	APIKeyNetworkDeleted = newType("API_KEY_ACCESS_LIST_ENTRY_DELETED",
		"A network was removed from the access list of an API key.")

	ServiceAccountCreated        = newType("SERVICE_ACCOUNT_CREATED", "A service account was created.")
	ServiceAccountDeleted        = newType("SERVICE_ACCOUNT_DELETED", "A service account was deleted.")
	ServiceAccountDetailsChanged = newType("SERVICE_ACCOUNT_DETAILS_CHANGED",
		"The name or the description of a service account was changed.")
	ServiceAccountRolesChanged = newType("SERVICE_ACCOUNT_ROLES_CHANGED",
		"The roles of a service account were changed.")
	ServiceAccountAddedToProject = newType("SERVICE_ACCOUNT_ADDED_TO_GROUP",
		"A service account was assigned to a project.")
	ServiceAccountRemovedFromProject = newType("SERVICE_ACCOUNT_REMOVED_FROM_GROUP",
		"A service account was removed from a project.")
	ServiceAccountSecretAdded   = newType("SERVICE_ACCOUNT_SECRET_ADDED", "A secret was added to a service account.")
	ServiceAccountSecretDeleted = newType("SERVICE_ACCOUNT_SECRET_DELETED", "A secret of a service account was deleted.")

	AWSRoleAdded     = newType("CLOUD_PROVIDER_ACCESS_AWS_IAM_ROLE_ADDED", "An AWS access role was added.")
	AWSRoleUpdated   = newType("CLOUD_PROVIDER_ACCESS_AWS_IAM_ROLE_UPDATED", "An AWS access role or its use was changed.")
	AWSRoleDeleted   = newType("CLOUD_PROVIDER_ACCESS_AWS_IAM_ROLE_DELETED", "An AWS access role was deleted.")
	AzureRoleAdded   = newType("CLOUD_PROVIDER_ACCESS_AZURE_SERVICE_PRINCIPAL_ADDED", "An Azure access role was added.")
	AzureRoleUpdated = newType("CLOUD_PROVIDER_ACCESS_AZURE_SERVICE_PRINCIPAL_UPDATED",
		"An Azure access role or its use was changed.")
	AzureRoleDeleted = newType("CLOUD_PROVIDER_ACCESS_AZURE_SERVICE_PRINCIPAL_DELETED",
		"An Azure access role was deleted.")
	GCPRoleAdded   = newType("CLOUD_PROVIDER_ACCESS_GCP_SERVICE_ACCOUNT_ADDED", "A Google Cloud access role was added.")
	GCPRoleUpdated = newType("CLOUD_PROVIDER_ACCESS_GCP_SERVICE_ACCOUNT_UPDATED",
		"A Google Cloud access role or its use was changed.")
	GCPRoleDeleted = newType("CLOUD_PROVIDER_ACCESS_GCP_SERVICE_ACCOUNT_DELETED",
		"A Google Cloud access role was deleted.")

	// BucketCreated is written by the statement that inserts export buckets.
	BucketCreated = newType("BUCKET_CREATED_AUDIT", "An export bucket was added.")
	BucketDeleted = newType("BUCKET_DELETED_AUDIT", "An export bucket was removed.")

	ProjectCreated      = newType("GROUP_CREATED", "A project was created.")
	ProjectDeleted      = newType("GROUP_DELETED", "A project was deleted.")
	ProjectTagsModified = newType("GROUP_TAGS_MODIFIED", "The tags of a project were changed.")

	ClusterCreated         = newType("CLUSTER_CREATED", "The creation of a cluster began.")
	ClusterReady           = newType("CLUSTER_READY", "A cluster was created.")
	ClusterUpdateSubmitted = newType("CLUSTER_UPDATE_SUBMITTED", "A cluster was changed.")
	ClusterArgsSubmitted   = newType("CLUSTER_PROCESS_ARGS_UPDATE_SUBMITTED",
		"The process arguments of a cluster were changed.")
	ClusterTagsModified    = newType("CLUSTER_TAGS_MODIFIED", "The tags of a cluster were changed.")
	ClusterUpdateStarted   = newType("CLUSTER_UPDATE_STARTED", "A change of a cluster began to be applied.")
	ClusterUpdateCompleted = newType("CLUSTER_UPDATE_COMPLETED", "A change of a cluster was applied.")
	ClusterDeleteSubmitted = newType("CLUSTER_DELETE_SUBMITTED", "The deletion of a cluster began.")
	ClusterDeleted         = newType("CLUSTER_DELETED", "A cluster was deleted.")

	SnapshotRequested        = newType("CPS_ON_DEMAND_SNAPSHOT_REQUESTED", "A snapshot was asked for.")
	SnapshotStarted          = newType("CPS_SNAPSHOT_STARTED", "A snapshot began to be taken.")
	SnapshotSuccessful       = newType("CPS_SNAPSHOT_SUCCESSFUL", "A snapshot was completed.")
	SnapshotDeleted          = newType("CPS_SNAPSHOT_DELETED_AUDIT", "A snapshot was deleted.")
	SnapshotRetentionChanged = newType("CPS_SNAPSHOT_RETENTION_MODIFIED_AUDIT",
		"How long a snapshot is kept was changed.")
	ScheduleUpdated  = newType("CPS_SNAPSHOT_SCHEDULE_UPDATED_AUDIT", "A backup schedule was changed.")
	ExportSuccessful = newType("CPS_EXPORT_SUCCESSFUL", "The export of a snapshot was completed.")

	NetworkAdded   = newType("NETWORK_PERMISSION_ENTRY_ADDED", "An entry was added to the access list of a project.")
	NetworkUpdated = newType("NETWORK_PERMISSION_ENTRY_UPDATED",
		"An entry of the access list of a project was changed.")
	NetworkRemoved = newType("NETWORK_PERMISSION_ENTRY_REMOVED",
		"An entry was removed from the access list of a project.")
	DatabaseUserAdded   = newType("MONGODB_USER_ADDED", "A database user was added.")
	DatabaseUserUpdated = newType("MONGODB_USER_UPDATED", "A database user was changed.")
	DatabaseUserDeleted = newType("MONGODB_USER_DELETED", "A database user was removed.")
)
