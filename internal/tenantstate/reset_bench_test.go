package tenantstate

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"exportbuckets/staging"
)

// addRows adds about n rows of many tables to the organization, in two projects.
func (b *stateBundle) addRows(t testing.TB, n int) {
	t.Helper()
	part := n / 10
	b.exec(t,
		fmt.Sprintf(`INSERT INTO export_buckets (project_id, id, cloud_provider, bucket_name, role_id, created_at, region,
			require_private_networking)
			SELECT '5f0000000000000000000b01', '5f01' || lpad(to_hex(i), 20, '0'), 'AWS', 'bucket-' || i,
				'5f0000000000000000000d01', $t$2026-03-04T05:06:07Z$t$, 'us-east-1', false
			FROM generate_series(1, %d) AS i`, 4*part),
		fmt.Sprintf(`INSERT INTO project_access_list_entries (project_id, network, cidr_block, comment, created_at, ordinal)
			SELECT '5f0000000000000000000b02', address, address, 'Entry ' || i, $t$2026-03-04T05:06:07Z$t$, 0
			FROM (SELECT i, ('10.0.0.0'::inet + i)::cidr AS address FROM generate_series(1, %d) AS i) AS entry`, 2*part),
		fmt.Sprintf(`INSERT INTO database_users (project_id, id, database_name, username, created_at, description,
			aws_iam_type, ldap_auth_type, oidc_auth_type, x509_type, labels, roles, scopes)
			SELECT '5f0000000000000000000b02', '5f02' || lpad(to_hex(i), 20, '0'), 'admin', 'user-' || i,
				$t$2026-03-04T05:06:07Z$t$, '', 'NONE', 'NONE', 'NONE', 'NONE', '[]',
				'[{"roleName": "readWrite", "databaseName": "shop", "collectionName": null}]', '[]'
			FROM generate_series(1, %d) AS i`, 2*part),
		fmt.Sprintf(`INSERT INTO snapshots
			SELECT copy.* FROM snapshots AS t, generate_series(1, %d) AS i,
				jsonb_populate_record(t, jsonb_build_object('id', '5f03' || lpad(to_hex(i), 20, '0'))) AS copy
			WHERE t.project_id = '5f0000000000000000000b03'`, part),
		fmt.Sprintf(`INSERT INTO export_jobs
			SELECT copy.* FROM export_jobs AS t, generate_series(1, %d) AS i,
				jsonb_populate_record(t, jsonb_build_object('id', '5f04' || lpad(to_hex(i), 20, '0'))) AS copy
			WHERE t.project_id = '5f0000000000000000000b03'`, part),
		"ANALYZE",
	)
}

// BenchmarkReset resets an organization to what it declares, after a run of tests has
// added, changed and removed a few rows. All times move.
func BenchmarkReset(b *testing.B) {
	for _, rows := range []int{200, 10_000} {
		b.Run(fmt.Sprintf("rows=%d", rows), func(b *testing.B) {
			s := setup(b)
			s.addRows(b, rows)
			s.declare(b)
			var took []time.Duration
			for range b.N {
				s.exec(b,
					`INSERT INTO export_buckets SELECT copy.* FROM export_buckets AS t, generate_series(1, 5) AS i,
						jsonb_populate_record(t, jsonb_build_object('id', '5f05' || lpad(to_hex(i), 20, '0'))) AS copy
						WHERE t.id = '5f0000000000000000000f01'`,
					"UPDATE database_users SET description = 'changed' WHERE project_id = '5f0000000000000000000b02' AND "+
						"username IN ('user-1', 'user-2')",
					"DELETE FROM snapshots WHERE id IN ('5f0300000000000000000001', '5f0300000000000000000002')",
				)
				s.now = s.now.Add(time.Minute)
				began := time.Now()
				if _, err := s.service.Restore(b.Context(), s.writer, to(staging.Declared)); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(began))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[0].Microseconds())/1000, "min-ms")
			b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds())/1000, "p95-ms")
		})
	}
}
