package backup

import (
	"testing"

	"exportbuckets/db"
	"exportbuckets/internal/objectid"
)

func BenchmarkValidate(b *testing.B) {
	req := ExportBucketRequest{
		CloudProvider: new("AZURE"),
		RoleID:        new(objectid.MustParse("5f0000000000000000000d02")),
		ServiceURL:    new("https://examplestorageaccount.blob.core.windows.net/examplecontainer"),
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := req.parse(db.AllCloudProviderValues()); err != nil {
			b.Fatal(err)
		}
	}
}
