package api

import (
	"context"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/cluster"
)

// processArgsBody is the settings of the database processes. It shows what nobody has set
// as null.
type processArgsBody struct {
	ChangeStreamOptionsPreAndPostImagesExpireAfterSeconds *int32   `json:"changeStreamOptionsPreAndPostImagesExpireAfterSeconds"`
	ChunkMigrationConcurrency                             *int32   `json:"chunkMigrationConcurrency"`
	CustomOpenSSLCipherConfigTLS12                        []string `json:"customOpensslCipherConfigTls12"`
	CustomOpenSSLCipherConfigTLS13                        []string `json:"customOpensslCipherConfigTls13"`
	DefaultMaxTimeMS                                      *int32   `json:"defaultMaxTimeMS"`

	DefaultReadConcern               **string `json:"defaultReadConcern,omitzero"` // 2023-01-01; may be null
	DefaultWriteConcern              *string  `json:"defaultWriteConcern"`
	FailIndexKeyTooLong              **bool   `json:"failIndexKeyTooLong,omitzero"` // 2023-01-01; may be null
	JavascriptEnabled                bool     `json:"javascriptEnabled"`
	MinimumEnabledTLSProtocol        string   `json:"minimumEnabledTlsProtocol"`
	NoTableScan                      bool     `json:"noTableScan"`
	OplogMinRetentionHours           *float64 `json:"oplogMinRetentionHours"`
	OplogSizeMB                      *int32   `json:"oplogSizeMB"`
	QueryStatsLogVerbosity           *int32   `json:"queryStatsLogVerbosity"`
	SampleRefreshIntervalBIConnector *int32   `json:"sampleRefreshIntervalBIConnector"`
	SampleSizeBIConnector            *int32   `json:"sampleSizeBIConnector"`
	TLSCipherConfigMode              string   `json:"tlsCipherConfigMode"`
	TransactionLifetimeLimitSeconds  *int64   `json:"transactionLifetimeLimitSeconds"`
}

func newProcessArgsBody(c *call, args cluster.ProcessArgs) processArgsBody {
	body := processArgsBody{
		ChangeStreamOptionsPreAndPostImagesExpireAfterSeconds: args.ChangeStreamOptionsPreAndPostImagesExpireAfterSeconds,
		ChunkMigrationConcurrency:                             args.ChunkMigrationConcurrency,
		CustomOpenSSLCipherConfigTLS12:                        args.CustomOpenSSLCipherConfigTLS12,
		CustomOpenSSLCipherConfigTLS13:                        args.CustomOpenSSLCipherConfigTLS13,
		DefaultMaxTimeMS:                                      args.DefaultMaxTimeMS,
		DefaultWriteConcern:                                   args.DefaultWriteConcern,
		JavascriptEnabled:                                     args.JavascriptEnabled,
		MinimumEnabledTLSProtocol:                             args.MinimumEnabledTLSProtocol,
		NoTableScan:                                           args.NoTableScan,
		OplogMinRetentionHours:                                args.OplogMinRetentionHours,
		OplogSizeMB:                                           args.OplogSizeMB,
		QueryStatsLogVerbosity:                                args.QueryStatsLogVerbosity,
		SampleRefreshIntervalBIConnector:                      args.SampleRefreshIntervalBIConnector,
		SampleSizeBIConnector:                                 args.SampleSizeBIConnector,
		TLSCipherConfigMode:                                   args.TLSCipherConfigMode,
		TransactionLifetimeLimitSeconds:                       args.TransactionLifetimeLimitSeconds,
	}
	if c.version.date != "2023-01-01" {
		if body.QueryStatsLogVerbosity == nil {
			body.QueryStatsLogVerbosity = new(int32(1)) // in this version alone
		}
		return body
	}
	body.DefaultReadConcern, body.FailIndexKeyTooLong = &args.DefaultReadConcern, &args.FailIndexKeyTooLong
	return body
}

func (s *Server) getProcessArgs(ctx context.Context, project atlas.ProjectReader, c *call) (processArgsBody, error) {
	args, err := s.cluster.GetProcessArgs(ctx, project, c.param("clusterName"))
	if err != nil {
		return processArgsBody{}, err
	}
	return newProcessArgsBody(c, args), nil
}

func (s *Server) updateProcessArgs(
	ctx context.Context, project atlas.ClusterWriter, c *call, change cluster.ProcessArgsChange,
) (processArgsBody, error) {
	args, err := s.cluster.UpdateProcessArgs(ctx, project, c.param("clusterName"), change)
	if err != nil {
		return processArgsBody{}, err
	}
	return newProcessArgsBody(c, args), nil
}
