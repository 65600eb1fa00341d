package atlas

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
)

// Code is an errorCode of the Atlas Administration API, with the status and the
// sentence that go with it.
type Code struct {
	Name   string // as clients read it
	Status int    // of the HTTP answer
	Detail string // the sentence, with %v for each parameter
	// Parameter is what stands in the body in place of the parameters, with %v for each;
	// empty where parameters stand alone.
	Parameter string
}

// String returns the name.
func (c Code) String() string { return c.Name }

// Parameters returns how many parameters a refusal with the code has.
func (c Code) Parameters() int {
	return strings.Count(cmp.Or(c.Parameter, c.Detail), "%v")
}

// codes are all codes, in the order in which they stand here.
var codes []Code

// code declares a code.
func code(name string, status int, detail string) Code {
	return declare(Code{Name: name, Status: status, Detail: detail})
}

func declare(c Code) Code {
	codes = append(codes, c)
	return c
}

// inUse declares the code for a thing that can't be removed while it is in use. Its
// parameter is a sentence of its own, which names the thing.
func inUse(name, thing string) Code {
	return declare(Code{
		Name: name, Status: http.StatusBadRequest,
		Detail:    "Cannot remove the " + thing + " because it is still in use.",
		Parameter: "Cannot remove the " + thing + " (%v) because it is still in use.",
	})
}

// terminationProtection declares the code for a cluster that is protected. Its parameter
// is a sentence of its own, which names cluster and project.
func terminationProtection() Code {
	return declare(Code{
		Name: "CANNOT_TERMINATE_CLUSTER_WHEN_TERMINATION_PROTECTION_ENABLED", Status: http.StatusBadRequest,
		Detail: "Cannot terminate a cluster when termination protection is enabled. " +
			"Disable termination protection and try again.",
		Parameter: "Cannot terminate cluster %v in group %v because termination protection is enabled. " +
			"Disable termination protection and try again.",
	})
}

// The reasons of CodeGeneral that are recorded.
const (
	ReasonClusterDeleting = "This cluster is currently being deleted, cannot update"
	ReasonNoHourlyItem    = "Continuous Cloud Backup cannot be on without an hourly policy item"
)

// Codes returns every code, in the order in which they stand here.
func Codes() []Code {
	return slices.Clone(codes)
}

// The codes that this server answers with, from Atlas' public list of API error
// codes and from recorded answers, each with Atlas' sentence to the byte.
var (
	CodeAccessListEntryNotFound = code("ACCESS_LIST_ENTRY_NOT_FOUND", http.StatusNotFound,
		"No access list entry %v exists.")
	CodeAccessRoleNotAuthorized = code("CLOUD_PROVIDER_ACCESS_ROLE_NOT_AUTHORIZED", http.StatusBadRequest,
		"The specified Cloud Provider Access role (%v) has not been authorized.")
	CodeAccessRoleNotFound = code("CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND", http.StatusNotFound,
		"The specified Cloud Provider Access role (%v) does not exist.")
	CodeAlertConfigNotFound = code("ALERT_CONFIG_NOT_FOUND", http.StatusNotFound,
		"No alert configuration with ID %v exists in group %v.")
	CodeAlertNotFound = code("ALERT_NOT_FOUND", http.StatusNotFound,
		"No alert with ID %v exists in group %v.")
	CodeAPIKeyAccessListDenied = code("API_KEY_ACCESS_LIST_ACCESS_DENIED", http.StatusUnauthorized,
		"API key access lists are only accessible by the API key or by a user administrator.")
	CodeAPIKeyAccessListEntryNotFound = code("API_KEY_ACCESS_LIST_NOT_FOUND", http.StatusNotFound,
		"IP address %v not on access list for API key %v.")
	CodeAPIKeyNotFound            = code("API_KEY_NOT_FOUND", http.StatusBadRequest, "No API key with ID %v exists.")
	CodeAPIKeyRequiresDescription = code("API_KEY_REQUIRES_DESCRIPTION", http.StatusBadRequest,
		"All API keys require a non-empty description.")
	CodeAtlasProject = code("ATLAS_GROUP", http.StatusNotFound,
		"Group %v is an Atlas group; use the Atlas Public API at /api/atlas/v1.0 to access it.")
	CodeAttributeReadOnly = code("ATTRIBUTE_READ_ONLY", http.StatusBadRequest,
		"The attribute %v is read-only and cannot be changed by the user.")
	CodeAuthTypeCannotChange = code("AUTH_TYPE_CANNOT_BE_CHANGED", http.StatusConflict,
		"Cannot modify the authentication type of an existing database user.")
	CodeAWSIAMRoleInUse              = inUse("AWS_IAM_ROLE_IN_USE", "AWS IAM role")
	CodeAzureServicePrincipalInUse   = inUse("AZURE_SERVICE_PRINCIPAL_IN_USE", "Azure Service Principal")
	CodeAzureServicePrincipalInvalid = code("CLOUD_PROVIDER_ACCESS_AZURE_SERVICE_PRINCIPAL_INVALID", http.StatusBadRequest,
		"The specified Azure Service Principal (%v) contains invalid tenant id or service principal id.")
	CodeBadAccessListRequest = code("BAD_WHITELIST_ADD_REQUEST", http.StatusBadRequest,
		"Should not specify both the IP address and the CIDR block.")
	CodeCannotAssumeRole = code("CANNOT_ASSUME_ROLE", http.StatusBadRequest,
		"Atlas cannot assume the specified role (%v).")
	CodeAsymmetricShardUnsupported = code("ASYMMETRIC_SHARD_UNSUPPORTED", http.StatusBadRequest,
		"Asymmetric sharded cluster is not supported by the current API version. Please use the latest API instead. "+
			"Documentation for the latest API is available at https://docs.atlas.mongodb.com/reference/api/clusters-advanced/.")
	CodeBackupJobNotFound = code("BACKUP_JOB_NOT_FOUND", http.StatusBadRequest,
		"Backups are not enabled for this cluster.")
	CodeBackupConfigNotFound = code("BACKUP_CONFIG_NOT_FOUND", http.StatusNotFound,
		"No backup configuration exists for cluster %v in group %v.")
	CodeCannotChangeGeoSharded = code("CANNOT_CHANGE_GEOSHARDED_CLUSTER_TYPE", http.StatusBadRequest,
		"A geo sharded cluster cannot be changed to a different cluster type.")
	CodeCannotCreatePausedCluster = code("CANNOT_CREATE_PAUSED_CLUSTER", http.StatusBadRequest,
		"Cluster %v cannot be created in a paused state.")
	CodeCannotDeleteSnapshot = code("CANNOT_DELETE_IN_PROGRESS_SNAPSHOT", http.StatusBadRequest,
		"Cannot delete an in progress snapshot %v.")
	CodeCannotModifySnapshot = code("CANNOT_MODIFY_IN_PROGRESS_SNAPSHOT_RETENTION", http.StatusBadRequest,
		"Snapshot retention can only be modified once it is completed.")
	CodeCannotUpdateAndPauseCluster = code("CANNOT_UPDATE_AND_PAUSE_CLUSTER", http.StatusConflict,
		"Cannot update and pause cluster %v at the same time.")
	CodeCannotUpdatePausedCluster = code("CANNOT_UPDATE_PAUSED_CLUSTER", http.StatusConflict,
		"Cannot update cluster %v while it is paused or being paused.")
	CodeClusterAlreadyDeleting = code("CLUSTER_ALREADY_REQUESTED_DELETION", http.StatusBadRequest,
		"The cluster %v has already been requested for deletion.")
	CodeClusterAlreadyPaused = code("CLUSTER_ALREADY_PAUSED", http.StatusConflict,
		"Cannot pause a cluster that is already paused.")
	CodeClusterCannotChangeName = code("CLUSTER_CANNOT_CHANGE_NAME", http.StatusBadRequest,
		"Cannot change name of cluster during an update.")
	CodeClusterDiskSizeInvalid = code("CLUSTER_DISK_SIZE_INVALID", http.StatusBadRequest, "Invalid disk size: %v.")
	CodeClusterNameInvalid     = code("CLUSTER_NAME_INVALID", http.StatusBadRequest,
		"The cluster name %v is invalid. The name can only contain ASCII letters, numbers, and hyphens.")
	CodeClusterNamePrefixInvalid = code("CLUSTER_NAME_PREFIX_INVALID", http.StatusBadRequest,
		"Cluster name \"%v\" is invalid. Atlas truncates cluster names to %v characters which results in an invalid "+
			"hostname due to a trailing \"-\" in the generated cluster name prefix \"%v\".")
	CodeClusterNameTooLong = code("CLUSTER_NAME_TOO_LONG", http.StatusBadRequest,
		"Cluster name %v is limited to %v characters.")
	CodeCannotRemoveCaller = code("CANNOT_REMOVE_CALLER_FROM_ACCESS_LIST", http.StatusBadRequest,
		"Cannot remove caller's IP address %v from access list.")
	CodeClusterNotFound = code("CLUSTER_NOT_FOUND", http.StatusNotFound,
		"No cluster named %v exists in group %v.")
	CodeClusterNumShardsInvalid = code("CLUSTER_NUM_SHARDS_INVALID", http.StatusBadRequest,
		"The cluster's shard count must be between 1 and %v.")
	CodeContinuousBackupNotSupported = code("CONTINUOUS_BACKUP_NOT_SUPPORTED_ON_NEW_CLUSTERS", http.StatusBadRequest,
		"Continuous backup is no longer supported for new clusters.")
	CodeCustomRoleNotFound = code("ATLAS_CUSTOM_ROLE_NOT_FOUND", http.StatusNotFound,
		"The specified custom db role %v does not exist.")
	CodeDatabaseNameCannotChange = code("DATABASE_NAME_CANNOT_BE_CHANGED", http.StatusConflict,
		"Cannot modify the authentication database of an existing database user.")
	CodeDatabaseNotAdmin = code("DATABASE_NAME_INVALID_ADMIN", http.StatusBadRequest,
		"Database name invalid. Users can only be created on the admin database.")
	CodeDatabaseNotExternal = code("DATABASE_NAME_INVALID_EXTERNAL", http.StatusBadRequest,
		"Database name invalid. Externally authenticated users can only be created on the "+
			"$external database.")
	CodeDataFederationNotFound = code("DATA_FEDERATION_TENANT_NOT_FOUND_FOR_NAME", http.StatusNotFound,
		"Data Federation tenant for project %v and name %v not found.")
	// CodeDiskSizeInconsistent has its name from a recorded answer, and its sentence is
	// this server's own.
	CodeDiskSizeInconsistent = code("DISK_SIZE_GB_INCONSISTENT", http.StatusBadRequest,
		"The disk size must be the same for all nodes and shards of a cluster.")
	CodeDualReplicationSpec = code("DUAL_REPLICATION_SPEC_SPECIFIED", http.StatusBadRequest,
		"Both replicationSpec and replicationSpecs fields were specified. Only one of these two should be provided.")
	CodeDuplicateAddresses = code("DUPLICATE_ADDRESSES_IN_INPUT", http.StatusBadRequest,
		"Two or more of the IP addresses being added to the access list are the same.")
	CodeDuplicateAzureServicePrincipal = code("DUPLICATE_AZURE_SERVICE_PRINCIPAL", http.StatusConflict,
		"An Azure Service Principal has already been configured "+
			"for the specified Azure Service Principal ID (%v).")
	CodeDuplicateClusterName = code("DUPLICATE_CLUSTER_NAME", http.StatusBadRequest,
		"A %v named %v is already present in group %v.")
	CodeDuplicateClusterNamePrefix = code("DUPLICATE_CLUSTER_NAME_PREFIX", http.StatusBadRequest,
		"Cluster name %v cannot have same first %v characters as another cluster name in same group.")
	CodeDuplicateDatabaseRoles = code("DUPLICATE_DATABASE_ROLES", http.StatusBadRequest,
		"Duplicate database roles specified for user %v: %v@%v.")
	CodeEventNotFound = code("EVENT_NOT_FOUND", http.StatusNotFound,
		"No event with ID %v exists for group %v.")
	CodeExpirationInPast = code("EXPIRATION_DATE_IN_PAST", http.StatusBadRequest,
		"The specified expiration date must be in the future.")
	CodeExpirationTooLate = code("EXPIRATION_DATE_EXCEEDS_MAX", http.StatusBadRequest,
		"The specified expiration date can be at most 7 days in the future.")
	CodeExportBucketInUse = code("EXPORT_BUCKET_DELETE_FAILED_BUCKET_IN_USE", http.StatusBadRequest,
		"Failed to delete export Bucket with ID %v because it is in use.")
	CodeExportJobActive = code("EXPORT_JOB_ALREADY_ACTIVE", http.StatusConflict,
		"An export job for snapshot %v is already in progress.")
	CodeExportJobNotFound = code("EXPORT_JOB_NOT_FOUND", http.StatusNotFound,
		"No export job with ID %v exists for cluster %v.")
	CodeExportBucketNameInvalid = code("EXPORT_BUCKET_NAME_INVALID", http.StatusBadRequest,
		"Export Bucket name is invalid.")
	CodeExportBucketNotFound = code("EXPORT_BUCKET_NOT_FOUND", http.StatusNotFound,
		"No export Bucket with ID %v does not exist.")
	CodeFlexInClusterAPI = code("CANNOT_USE_FLEX_CLUSTER_IN_CLUSTER_API", http.StatusBadRequest,
		"Flex cluster %v cannot be used in the Cluster API.")
	CodeGeneral                  = code("ATLAS_GENERAL_ERROR", http.StatusBadRequest, "Reason: %v.")
	CodeGCPServiceAccountInUse   = inUse("GCP_SERVICE_ACCOUNT_IN_USE", "GCP Service Account")
	CodeIntegrationNotConfigured = code("INTEGRATION_NOT_CONFIGURED", http.StatusNotFound,
		"The integration of type '%v' is not configured for this group.")
	CodeInvalidAttribute            = code("INVALID_ATTRIBUTE", http.StatusBadRequest, "Invalid attribute %v specified.")
	CodeInvalidBackupPolicy         = code("INVALID_BACKUP_POLICY", http.StatusBadRequest, "Invalid Backup Policy: %v.")
	CodeInvalidClusterConfiguration = code("INVALID_CLUSTER_CONFIGURATION", http.StatusBadRequest,
		"The specified cluster configuration is not valid.")
	CodeInvalidDatabaseRole = code("ATLAS_INVALID_ROLE", http.StatusBadRequest,
		"The specified role %v@%v does not exist.")
	CodeInvalidEnumValue = code("INVALID_ENUM_VALUE", http.StatusBadRequest,
		"An invalid enumeration value %v was specified.")
	CodeInvalidJSON          = code("INVALID_JSON", http.StatusBadRequest, "Received JSON does not match expected format.")
	CodeInvalidJSONAttribute = code("INVALID_JSON_ATTRIBUTE", http.StatusBadRequest,
		"Received JSON for the %v attribute does not match expected format.")
	CodeInvalidNetwork = code("INVALID_IP_ADDRESS_OR_CIDR_NOTATION", http.StatusBadRequest,
		"The address %v must be in valid IP address or CIDR notation.")
	CodeInvalidNetworkComment = code("INVALID_NETWORK_PERMISSION_COMMENT", http.StatusBadRequest,
		"The comment %v must be 80 characters or less.")
	CodeInvalidOrgID       = code("INVALID_ORG_ID", http.StatusNotFound, "An invalid organization ID %v was specified.")
	CodeInvalidProjectID   = code("INVALID_GROUP_ID", http.StatusNotFound, "An invalid group ID %v was specified.")
	CodeInvalidProjectName = code("INVALID_GROUP_NAME", http.StatusBadRequest,
		"An invalid group name %v was specified.")
	CodeInvalidFrequencyTypeChange = code("INVALID_FREQUENCY_TYPE_CHANGE", http.StatusBadRequest,
		"The frequency type of a policy item must not be changed.")
	CodeInvalidNumOfPolicies = code("INVALID_NUM_OF_POLICIES", http.StatusBadRequest,
		"Must have exactly one policy.")
	CodeInvalidNumOfPolicyItems = code("INVALID_NUM_OF_POLICY_ITEMS", http.StatusBadRequest,
		"Must have at least one policy item.")
	CodeInvalidPolicyID     = code("INVALID_POLICY_ID", http.StatusBadRequest, "The policy id %v is invalid.")
	CodeInvalidPolicyItemID = code("INVALID_POLICY_ITEM_ID", http.StatusBadRequest,
		"The specified policy item id %v does not exist.")
	CodeInvalidReferenceHour = code("INVALID_REFERENCE_HOUR_OF_DAY", http.StatusBadRequest,
		"Snapshot schedule reference hour must be between 0 and 23, inclusive.")
	CodeInvalidReferenceMinute = code("INVALID_REFERENCE_MINUTE_OF_HOUR", http.StatusBadRequest,
		"Snapshot schedule reference minute must be between 0 and 59, inclusive.")
	CodeInvalidRestoreWindow = code("INVALID_RESTORE_WINDOW", http.StatusBadRequest,
		"The restore window days should be a positive number.")
	CodeInvalidProvider       = code("INVALID_PROVIDER", http.StatusBadRequest, "No provider %v exists.")
	CodeInvalidQueryParameter = code("INVALID_QUERY_PARAMETER", http.StatusBadRequest,
		"Invalid query parameter %v specified.")
	CodeInvalidRoleAssignment = code("INVALID_ROLE_ASSIGNMENT", http.StatusBadRequest, "Invalid role assignment: %v.")
	CodeInvalidRoleDatabase   = code("ATLAS_INVALID_ROLE_DATABASE", http.StatusBadRequest,
		"The specified role %v only exists for database %v.")
	CodeInvalidRoleForOrg     = code("INVALID_ROLE_FOR_ORG", http.StatusBadRequest, "Role %v invalid for organization %v.")
	CodeInvalidRoleForProject = code("INVALID_ROLE_FOR_GROUP", http.StatusBadRequest, "Role %v is invalid for group %v.")
	CodeInvalidTenantBackup   = code("INVALID_TENANT_BACKUP_ENABLED", http.StatusBadRequest,
		"The tenantBackupField field must be omitted or set to %v on %v clusters.")
	CodeInvalidVersionDate = code("INVALID_VERSION_DATE", http.StatusNotAcceptable,
		"Invalid accept header or version date.")
	CodeIPAddressNotOnAccessList = code("IP_ADDRESS_NOT_ON_ACCESS_LIST", http.StatusForbidden,
		"IP address %v is not allowed to access this resource.")
	CodeIPv6Unsupported = code("IPV6_UNSUPPORTED", http.StatusBadRequest,
		"The entry %v is an IPv6 value and is not supported.")
	// CodeLastOrgOwner is this server's own: Atlas' list has no code for it.
	CodeLastOrgOwner = code("CANNOT_REMOVE_LAST_ORG_OWNER", http.StatusBadRequest,
		"The last owner of organization %v who can sign in cannot be removed.")
	CodeLDAPVerificationNotFound = code("LDAP_VERIFY_CONNECTIVITY_REQUEST_NOT_FOUND", http.StatusNotFound,
		"LDAP connectivity verification request %v not found for group %v.")
	CodeMalformedJSON       = code("MALFORMED_JSON", http.StatusBadRequest, "Received JSON is malformed.")
	CodeMaxProjectsExceeded = code("MAX_GROUPS_PER_ORG_EXCEEDED", http.StatusBadRequest,
		"Maximum number of groups per organization (%v) in %v exceeded while trying to add group.")
	CodeMissingAPIKeyRoles = code("MISSING_API_KEY_ROLES", http.StatusBadRequest,
		"API keys must have at least one role.")
	CodeMissingAttribute = code("MISSING_ATTRIBUTE", http.StatusBadRequest,
		"The required attribute %v was not specified.")
	CodeMissingOneOfThree = code("MISSING_ONE_OF_THREE_ATTRIBUTES", http.StatusBadRequest,
		"Either the %v attribute, the %v attribute, or the %v attribute must be specified.")
	CodeMissingPolicyItemParameters = code("MISSING_POLICY_ITEM_PARAMETERS", http.StatusBadRequest,
		"Each policy item must contain all required fields.")
	CodeMongoDBVersionInvalid = code("MONGODB_VERSION_INVALID", http.StatusBadRequest,
		"An invalid MongoDB version %v was specified.")
	CodeMultiCloudUnsupported = code("MULTI_CLOUD_CLUSTER_INVALID", http.StatusBadRequest,
		"Multi-Cloud clusters are not currently supported by the API.")
	CodeNetworkExpirationUnsupported = code("NETWORK_PERMISSION_EXPIRATION_NOT_SUPPORTED", http.StatusBadRequest,
		"Expiration dates are only supported for IP addresses.")
	CodeNetworkNotFound = code("ATLAS_NETWORK_PERMISSION_ENTRY_NOT_FOUND", http.StatusNotFound,
		"IP Address %v not on Atlas access list for group %v.")
	CodeNonFlexInFlexAPI = code("CANNOT_USE_NON_FLEX_CLUSTER_IN_FLEX_API", http.StatusBadRequest,
		"Cannot use non-flex cluster %v in the flex API.")
	CodeNotInProject = code("NOT_IN_GROUP", http.StatusUnauthorized,
		"The current user is not in the group, or the group does not exist.")
	CodeNotOrgProjectCreator = code("NOT_ORG_GROUP_CREATOR", http.StatusUnauthorized,
		"The currently logged in user does not have the group creator role in organization %v.")
	CodeNotServed = code("UNSUPPORTED_FOR_CURRENT_CONFIG", http.StatusForbidden,
		"Operation not supported for current configuration. %v is not offered by this server.")
	CodeOrgEventNotFound = code("ORG_EVENT_NOT_FOUND", http.StatusNotFound,
		"No event with ID %v exists for organization %v.")
	CodeOrgNotFound           = code("ORG_NOT_FOUND", http.StatusNotFound, "No organization with ID %v exists.")
	CodeOrgRequiresAccessList = code("ORG_REQUIRES_ACCESS_LIST", http.StatusForbidden,
		"This organization requires access through an access list of ip ranges.")
	CodePeerNotFound = code("PEER_NOT_FOUND", http.StatusNotFound,
		"No peer with ID %v exists in project %v.")
	CodePermanentCannotBeTemporary = code("PERMANENT_ENTITY_CANNOT_BE_MADE_TEMPORARY", http.StatusBadRequest,
		"A permanent entity cannot be made temporary.")
	CodePathParamParse = code("PATH_PARAM_PARSE_ERROR", http.StatusBadRequest,
		"One or more path parameter in the request URI %v is malformed.")
	CodePrivateLinkExists = code("PRIVATELINK_ENDPOINT_SERVICE_ALREADY_EXISTS_FOR_REGION", http.StatusConflict,
		"A PrivateLink Endpoint Service already exists for AWS region %v.")
	CodePrivateLinkNotFound = code("PRIVATELINK_NOT_FOUND", http.StatusNotFound,
		"A PrivateLink with id %v does not exist.")
	CodeProjectAlreadyExists = code("GROUP_ALREADY_EXISTS", http.StatusConflict,
		"A group with name \"%v\" already exists.")
	CodeProjectHasClusters = code("CANNOT_CLOSE_GROUP_ACTIVE_ATLAS_CLUSTERS", http.StatusConflict,
		"Cannot close group while it has active clusters; please terminate all clusters.")
	CodeProjectMismatch = code("GROUP_MISMATCH", http.StatusBadRequest,
		"The specified group ID %v does not match the URL.")
	CodeProjectNotFound = code("GROUP_NOT_FOUND", http.StatusNotFound, "No group with ID %v exists.")
	CodeRateLimited     = code("RATE_LIMITED_TOKEN_BUCKET", http.StatusTooManyRequests,
		"Rate limit exceeded for %v. Please retry after %v seconds. Request capacity: %v. "+
			"Refill rate: %v per %v seconds. For more information, see: http://dochub.mongodb.org/core/atlas-api-rate-limit.")
	CodeReplicationSpecsInvalid = code("REPLICATION_SPECS_INVALID", http.StatusBadRequest,
		"The replicationSpecs array contains a document with missing fields. "+
			"All fields must be specified in the replicationSpecs array.")
	CodeRequestTimeout  = code("UNEXPECTED_ERROR", http.StatusRequestTimeout, "Request body was not received in time.")
	CodeRequestTooLarge = code("REQUEST_TOO_LARGE", http.StatusRequestEntityTooLarge,
		"Request entity is too large.")
	CodeReservedClusterName = code("ATLAS_RESERVED_CLUSTER_NAME", http.StatusBadRequest,
		"The provided cluster name %v creates a conflict with our internal hostnames, which are generated using the "+
			"pattern \"atlas-[a-z0-9]{6}\".")
	CodeResourceNotFound            = code("RESOURCE_NOT_FOUND", http.StatusNotFound, "Cannot find resource %v.")
	CodeSecurityGroupWithoutPeering = code(
		"CANNOT_USE_AWS_SECURITY_GROUP_WITHOUT_VPC_PEERING_CONNECTION", http.StatusBadRequest,
		"Cannot use AWS security groups as access list entries without a VPC peering connection.")
	CodeServerlessNotFound = code("SERVERLESS_INSTANCE_NOT_FOUND", http.StatusNotFound,
		"No serverless instance named %v exists in group %v.")
	CodeServiceAccountNotFound = code("SERVICE_ACCOUNT_NOT_FOUND", http.StatusNotFound,
		"No service account with ID %v exists.")
	CodeSeveralNetworks = code("MULTIPLE_VALUES_SPECIFIED_FOR_ONE_NETWORK_PERMISSION_ENTRY", http.StatusBadRequest,
		"Should not specify both the IP address and the CIDR block.")
	CodeShardedCannotBecomeReplicaSet = code("SHARDED_CLUSTER_CANT_BECOME_REPLICA_SET", http.StatusBadRequest,
		"A sharded cluster cannot become a replica set.")
	// CodeSnapshotNotCompleted is this server's own, as are the codes of export jobs.
	CodeSnapshotNotCompleted = code("SNAPSHOT_NOT_COMPLETED", http.StatusBadRequest, "Snapshot %v is not completed.")
	CodeSnapshotNotFound     = code("SNAPSHOT_NOT_FOUND", http.StatusNotFound,
		"No snapshot with ID %v exists for cluster %v.")
	CodeSnapshotRetentionInvalid = code("BACKUP_SNAPSHOT_RETENTION_VALUE_INVALID", http.StatusBadRequest,
		"Retention value of snapshot is invalid.")
	CodeStreamsNotFound = code("STREAM_TENANT_NOT_FOUND_FOR_NAME", http.StatusNotFound,
		"Stream instance for project %v and name %v not found.")
	CodeTeamNotFound                 = code("TEAM_NOT_FOUND", http.StatusNotFound, "No team with ID %v exists.")
	CodeTenantProcessArgsUnsupported = code("TENANT_CLUSTER_PROCESS_ARGS_NOT_SUPPORTED", http.StatusBadRequest,
		"Cannot set custom process args for tenant clusters.")
	CodeTenantUpdateUnsupported = code("TENANT_CLUSTER_UPDATE_UNSUPPORTED", http.StatusBadRequest,
		"Cannot update a M0/Flex cluster through the public API.")
	CodeTerminationProtection = terminationProtection()
	CodeTooManyDatabaseUsers  = code("GROUP_USERS_LIMIT_EXCEEDED", http.StatusForbidden,
		"Groups can contain at most %v database users.")
	CodeTooManyNetworks = code("ATLAS_NETWORK_PERMISSIONS_LIMIT_EXCEEDED", http.StatusForbidden,
		"Too many network permission entries. Only %v entries are supported.")
	CodeUnexpected        = code("UNEXPECTED_ERROR", http.StatusInternalServerError, "Unexpected error.")
	CodeUnavailable       = code("UNEXPECTED_ERROR", http.StatusServiceUnavailable, "Service temporarily unavailable.")
	CodeUserAlreadyExists = code("USER_ALREADY_EXISTS", http.StatusConflict,
		"A user with username %v already exists.")
	CodeUsernameCannotChange = code("DATABASE_USERNAME_CANNOT_BE_CHANGED", http.StatusConflict,
		"Cannot modify the username of an existing database user.")
	CodeUsernameNotFound = code("USERNAME_NOT_FOUND", http.StatusNotFound,
		"No user with username %v exists.")
	CodeUserNotFound = code("USER_NOT_FOUND", http.StatusNotFound,
		"No user with ID %v exists.")
	CodeUnfinishedSnapshot = code("UNFINISHED_ON_DEMAND_SNAPSHOT", http.StatusBadRequest,
		"Another on-demand snapshot is queued or in progress.")
	CodeUserUnauthorized = code("USER_UNAUTHORIZED", http.StatusUnauthorized,
		"Current user is not authorized to perform this action.")
	CodeValidation = code("VALIDATION_ERROR", http.StatusBadRequest,
		"The request content produced the validation error: %v.")
	CodeVersionGone  = code("VERSION_GONE", http.StatusGone, "Version %v of %v is no longer available.")
	CodeWeakPassword = code("WEAK_PASSWORD", http.StatusBadRequest,
		"The specified password is not strong enough.")
	CodeX509Temporary = code("ATLAS_X509_USER_CANNOT_BE_TEMPORARY", http.StatusBadRequest,
		"X.509 users cannot be temporary.")
	CodeX509WithPassword = code("ATLAS_X509_USER_CANNOT_USE_SCRAM", http.StatusBadRequest,
		"Users cannot be configured for SCRAM and X.509 authentication.")
)
