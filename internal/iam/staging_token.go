package iam

import (
	"crypto/rand"
	"encoding/base64"
	"regexp"
	"time"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

// stagingToken is what a token of the staging plane looks like: whose it is, and 256 bits
// of chance in base64url.
var stagingToken = regexp.MustCompile(`^ebt_([a-f0-9]{24})_[A-Za-z0-9_-]{43}$`)

// IsStagingToken reports whether a text has the form of a token of the staging plane.
func IsStagingToken(text string) bool { return stagingToken.MatchString(text) }

// IsStagingTokenOf reports whether a text has the form of a token of the staging plane for
// the organization.
func IsStagingTokenOf(orgID objectid.ID, text string) bool {
	parts := stagingToken.FindStringSubmatch(text)
	return parts != nil && parts[1] == orgID.String()
}

// NewStagingToken returns a new token of the staging plane for the organization.
func NewStagingToken(orgID objectid.ID) string {
	random := make([]byte, 32)
	_, _ = rand.Read(random) // never fails
	return "ebt_" + orgID.String() + "_" + base64.RawURLEncoding.EncodeToString(random)
}

// HashStagingToken returns what is kept of a token of the staging plane.
func HashStagingToken(token string) []byte { return hashSecret(token) }

// NewStagingTokenRow returns the row of a token of the staging plane.
func NewStagingTokenRow(
	orgID, id objectid.ID, role db.StagingRole, token string, now time.Time,
) db.InsertStagingTokenParams {
	return db.InsertStagingTokenParams{
		OrgID: orgID, ID: id, Role: role, TokenHash: hashSecret(token), CreatedAt: now,
	}
}
