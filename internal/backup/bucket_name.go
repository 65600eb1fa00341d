package backup

import (
	"regexp"

	"exportbuckets/internal/atlas"
)

// The names of buckets and containers. Atlas documents that they have 3 to 63
// characters; which ones is each cloud provider's own rule.
var (
	// Amazon S3 User Guide, "General purpose bucket naming rules".
	awsBucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	// Google Cloud Storage, "About Cloud Storage buckets": as S3, and
	// underscores.
	gcpBucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$`)
	// Azure, "Naming and referencing containers, blobs, and metadata": each
	// hyphen stands between two letters or digits.
	azureContainerName = regexp.MustCompile(`^[a-z0-9]+(?:-[a-z0-9]+)*$`)
)

func isAzureContainerName(name string) bool {
	return len(name) >= 3 && len(name) <= 63 && azureContainerName.MatchString(name)
}

// serviceURL is the URL of a storage account, with a container or without. The
// name of a storage account has 3 to 24 lower-case letters and digits. Azure,
// "Storage account overview".
var serviceURL = regexp.MustCompile(`^https://[a-z0-9]{3,24}\.blob\.core\.windows\.net(?:/([^/?#]*))?$`)

// serviceURLContainer returns the container that url names, empty if it names
// none, and whether url is a service URL at all. The container's own name is
// not checked.
func serviceURLContainer(url string) (container string, ok bool) {
	match := serviceURL.FindStringSubmatch(url)
	if match == nil || !atlas.HasLength(url, 1, atlas.MaxLocator) {
		return "", false
	}
	return match[1], true
}
