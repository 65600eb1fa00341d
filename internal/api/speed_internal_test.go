package api

import (
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"exportbuckets/db"
	"exportbuckets/internal/backup"
)

func BenchmarkDecode(b *testing.B) {
	body := []byte(`{"cloudProvider":"AWS","bucketName":"export-bucket","iamRoleId":"5f0000000000000000000d01"}`)
	b.ReportAllocs()
	for b.Loop() {
		var req backup.ExportBucketRequest
		if err := decodeData(body, jsontext.KindBeginObject, &req); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkNegotiate(b *testing.B) {
	accept := []string{"application/vnd.atlas.2025-03-12+json"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := resolveVersion(exportBucketVersions, accept); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRender(b *testing.B) {
	bucket := db.ExportBucket{
		CloudProvider:            db.CloudProviderAWS,
		BucketName:               "export-bucket",
		CreatedAt:                time.Now(),
		Region:                   new("us-east-1"),
		RequirePrivateNetworking: new(false),
	}
	c := &call{baseURL: "https://cloud.example.com"}
	items := make([]exportBucketBody, 100)
	for i := range items {
		items[i] = newExportBucketItem(bucket)
	}
	for name, body := range map[string]any{
		"one": c.newExportBucketBody(bucket), "list of 100": list{Results: items},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := encode(new(pieces), body); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
