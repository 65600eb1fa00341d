package atlas

import (
	"errors"
	"fmt"
	"strings"
)

// Code is an errorCode of the Atlas Administration API.
type Code string

// The codes that this server answers with, from Atlas' public list of API error
// codes and from recorded answers.
const (
	CodeAccessListEntryNotFound        Code = "ACCESS_LIST_ENTRY_NOT_FOUND"
	CodeAccessRoleNotAuthorized        Code = "CLOUD_PROVIDER_ACCESS_ROLE_NOT_AUTHORIZED"
	CodeAccessRoleNotFound             Code = "CLOUD_PROVIDER_ACCESS_ROLE_NOT_FOUND"
	CodeAPIKeyNotFound                 Code = "API_KEY_NOT_FOUND"
	CodeAPIKeyRequiresDescription      Code = "API_KEY_REQUIRES_DESCRIPTION"
	CodeAttributeReadOnly              Code = "ATTRIBUTE_READ_ONLY"
	CodeAWSIAMRoleInUse                Code = "AWS_IAM_ROLE_IN_USE"
	CodeAzureServicePrincipalInUse     Code = "AZURE_SERVICE_PRINCIPAL_IN_USE"
	CodeAzureServicePrincipalInvalid   Code = "CLOUD_PROVIDER_ACCESS_AZURE_SERVICE_PRINCIPAL_INVALID"
	CodeBadAccessListRequest           Code = "BAD_WHITELIST_ADD_REQUEST"
	CodeCannotAssumeRole               Code = "CANNOT_ASSUME_ROLE"
	CodeClusterNotFound                Code = "CLUSTER_NOT_FOUND"
	CodeDuplicateAzureServicePrincipal Code = "DUPLICATE_AZURE_SERVICE_PRINCIPAL"
	CodeExportBucketNameInvalid        Code = "EXPORT_BUCKET_NAME_INVALID"
	CodeExportBucketNotFound           Code = "EXPORT_BUCKET_NOT_FOUND"
	CodeGCPServiceAccountInUse         Code = "GCP_SERVICE_ACCOUNT_IN_USE"
	CodeInvalidAttribute               Code = "INVALID_ATTRIBUTE"
	CodeInvalidEnumValue               Code = "INVALID_ENUM_VALUE"
	CodeInvalidJSON                    Code = "INVALID_JSON"
	CodeInvalidJSONAttribute           Code = "INVALID_JSON_ATTRIBUTE"
	CodeInvalidNetwork                 Code = "INVALID_IP_ADDRESS_OR_CIDR_NOTATION"
	CodeInvalidProjectID               Code = "INVALID_GROUP_ID"
	CodeInvalidProjectName             Code = "INVALID_GROUP_NAME"
	CodeInvalidProvider                Code = "INVALID_PROVIDER"
	CodeInvalidQueryParameter          Code = "INVALID_QUERY_PARAMETER"
	CodeInvalidRoleAssignment          Code = "INVALID_ROLE_ASSIGNMENT"
	CodeInvalidRoleForOrg              Code = "INVALID_ROLE_FOR_ORG"
	CodeInvalidRoleForProject          Code = "INVALID_ROLE_FOR_GROUP"
	CodeInvalidTeamID                  Code = "INVALID_TEAM_ID"
	CodeInvalidVersionDate             Code = "INVALID_VERSION_DATE"
	CodeIPAddressNotOnAccessList       Code = "IP_ADDRESS_NOT_ON_ACCESS_LIST"
	CodeMalformedJSON                  Code = "MALFORMED_JSON"
	CodeMaxProjectsExceeded            Code = "MAX_GROUPS_PER_ORG_EXCEEDED"
	CodeMissingAPIKeyRoles             Code = "MISSING_API_KEY_ROLES"
	CodeMissingAttribute               Code = "MISSING_ATTRIBUTE"
	CodeMissingQueryParameter          Code = "MISSING_QUERY_PARAMETER"
	CodeNotInProject                   Code = "NOT_IN_GROUP"
	CodeNotOrgProjectCreator           Code = "NOT_ORG_GROUP_CREATOR"
	CodeOrgNotFound                    Code = "ORG_NOT_FOUND"
	CodeOrgRequiresAccessList          Code = "ORG_REQUIRES_ACCESS_LIST"
	CodeProjectAlreadyExists           Code = "GROUP_ALREADY_EXISTS"
	CodeProjectNotFound                Code = "GROUP_NOT_FOUND"
	CodeRateLimited                    Code = "RATE_LIMITED_TOKEN_BUCKET"
	CodeRequestTooLarge                Code = "REQUEST_TOO_LARGE"
	CodeResourceNotFound               Code = "RESOURCE_NOT_FOUND"
	CodeServiceAccountNotFound         Code = "SERVICE_ACCOUNT_NOT_FOUND"
	CodeTeamNotFound                   Code = "TEAM_NOT_FOUND"
	CodeUnexpected                     Code = "UNEXPECTED_ERROR"
	CodeUserUnauthorized               Code = "USER_UNAUTHORIZED"
	CodeValidation                     Code = "VALIDATION_ERROR"
	CodeVersionGone                    Code = "VERSION_GONE"
)

// details holds Atlas' sentence for each code, to the byte, with the places of
// its parameters.
var details = map[Code]string{
	CodeAccessListEntryNotFound:      "No access list entry %v exists.",
	CodeAccessRoleNotAuthorized:      "The specified Cloud Provider Access role (%v) has not been authorized.",
	CodeAccessRoleNotFound:           "The specified Cloud Provider Access role (%v) does not exist.",
	CodeAPIKeyNotFound:               "No API key with ID %v exists.",
	CodeAPIKeyRequiresDescription:    "All API keys require a non-empty description.",
	CodeAttributeReadOnly:            "The attribute %v is read-only and cannot be changed by the user.",
	CodeAWSIAMRoleInUse:              "Cannot remove the AWS IAM role because it is still in use.",
	CodeAzureServicePrincipalInUse:   "Cannot remove the Azure Service Principal because it is still in use.",
	CodeAzureServicePrincipalInvalid: "The specified Azure Service Principal (%v) contains invalid tenant id or service principal id.",
	CodeBadAccessListRequest:         "Should not specify both the IP address and the CIDR block.",
	CodeCannotAssumeRole:             "Atlas cannot assume the specified role (%v).",
	CodeClusterNotFound:              "No cluster named %v exists in group %v.",
	CodeDuplicateAzureServicePrincipal: "An Azure Service Principal has already been configured " +
		"for the specified Azure Service Principal ID (%v).",
	CodeExportBucketNameInvalid:  "Export Bucket name is invalid.",
	CodeExportBucketNotFound:     "No export Bucket with ID %v does not exist.",
	CodeGCPServiceAccountInUse:   "Cannot remove the GCP Service Account because it is still in use.",
	CodeInvalidAttribute:         "Invalid attribute %v specified.",
	CodeInvalidEnumValue:         "An invalid enumeration value %v was specified.",
	CodeInvalidJSON:              "Received JSON does not match expected format.",
	CodeInvalidJSONAttribute:     "Received JSON for the %v attribute does not match expected format.",
	CodeInvalidNetwork:           "The address %v must be in valid IP address or CIDR notation.",
	CodeInvalidProjectID:         "An invalid group ID %v was specified.",
	CodeInvalidProjectName:       "An invalid group name %v was specified.",
	CodeInvalidProvider:          "No provider %v exists.",
	CodeInvalidQueryParameter:    "Invalid query parameter %v specified.",
	CodeInvalidRoleAssignment:    "Invalid role assignment: %v.",
	CodeInvalidRoleForOrg:        "Role %v invalid for organization %v.",
	CodeInvalidRoleForProject:    "Role %v is invalid for group %v.",
	CodeInvalidTeamID:            "An invalid team ID %v was specified.",
	CodeInvalidVersionDate:       "Invalid accept header or version date.",
	CodeIPAddressNotOnAccessList: "IP address %v is not allowed to access this resource.",
	CodeMalformedJSON:            "Received JSON is malformed.",
	CodeMaxProjectsExceeded:      "Maximum number of groups per organization (%v) in %v exceeded while trying to add group.",
	CodeMissingAPIKeyRoles:       "API keys must have at least one role.",
	CodeMissingAttribute:         "The required attribute %v was not specified.",
	CodeMissingQueryParameter:    "The required query parameter %v was not specified.",
	CodeNotInProject:             "The current user is not in the group, or the group does not exist.",
	CodeNotOrgProjectCreator:     "The currently logged in user does not have the group creator role in organization %v.",
	CodeOrgNotFound:              "No organization with ID %v exists.",
	CodeOrgRequiresAccessList:    "This organization requires access through an access list of ip ranges.",
	CodeProjectAlreadyExists:     "A group with name \"%v\" already exists.",
	CodeProjectNotFound:          "No group with ID %v exists.",
	CodeRateLimited: "Rate limit exceeded for %v. Please retry after %v seconds. Request capacity: %v. " +
		"Refill rate: %v per %v seconds. For more information, see: http://dochub.mongodb.org/core/atlas-api-rate-limit.",
	CodeRequestTooLarge:        "Request entity is too large.",
	CodeResourceNotFound:       "Cannot find resource %v.",
	CodeServiceAccountNotFound: "No service account with ID %v exists.",
	CodeTeamNotFound:           "No team with ID %v exists.",
	CodeUnexpected:             "Unexpected error.",
	CodeUserUnauthorized:       "Current user is not authorized to perform this action.",
	CodeValidation:             "The request content produced the validation error: %v.",
	CodeVersionGone:            "Version %v of %v is no longer available.",
}

// Codes returns every code, in no order.
func Codes() []Code {
	codes := make([]Code, 0, len(details))
	for code := range details {
		codes = append(codes, code)
	}
	return codes
}

// Error is a refusal that the client may read. Any other error is ours: the
// client sees UNEXPECTED_ERROR, and the log sees the rest.
type Error struct {
	Code       Code
	Detail     string // one sentence, safe to show
	Parameters []any  // what was put into the sentence: strings or integers
}

// NewError returns the refusal that Atlas gives for code. The parameters stand in
// the body beside its sentence, and fill its places, if it has some, in order.
func NewError(code Code, parameters ...any) *Error {
	detail := details[code]
	if strings.Contains(detail, "%v") {
		detail = fmt.Sprintf(detail, parameters...)
	}
	return &Error{Code: code, Detail: detail, Parameters: parameters}
}

// Error returns the code and the sentence.
func (e *Error) Error() string {
	return string(e.Code) + ": " + e.Detail
}

var (
	// ErrUnauthenticated says that the credentials are not those of anyone.
	ErrUnauthenticated = errors.New("the credentials are not valid")
	// ErrStaleNonce says that the credentials are right, but for a nonce that
	// is too old or was never given out. RFC 7616, section 3.3: stale.
	ErrStaleNonce = errors.New("the nonce is not fresh")
	// ErrSecretNotFound says that a service account has no such secret.
	ErrSecretNotFound = errors.New("there is no such secret")
	// ErrInvalidClient says that a service account's id and secret do not
	// match. RFC 6749, section 5.2: invalid_client.
	ErrInvalidClient = errors.New("the client id and secret are not valid")
)
