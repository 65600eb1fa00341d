// Package exportbuckets starts an exportbuckets server and its PostgreSQL in containers, and
// gives each test an organization of its own.
//
//	func TestExport(t *testing.T) {
//		server, err := exportbuckets.Run(t.Context(), "exportbuckets:latest")
//		testcontainers.CleanupContainer(t, server)
//		if err != nil {
//			t.Fatal(err)
//		}
//		org := server.NewOrganization(t)
//		// Clients take server.BaseURL(), org.Project("Project") and org.APIKey("owner").
//	}
//
// It follows the modules of testcontainers-go. An organization ends with its test, which
// prints the organization's journal if it has failed.
package exportbuckets
