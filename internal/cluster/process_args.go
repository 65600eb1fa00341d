package cluster

import (
	"exportbuckets/internal/atlas"
)

// TLS is the settings of encrypted connections. A cluster shows them, and so do its
// process arguments.
type TLS struct {
	CustomOpenSSLCipherConfigTLS12 []string `json:"customOpensslCipherConfigTls12"`
	CustomOpenSSLCipherConfigTLS13 []string `json:"customOpensslCipherConfigTls13"`
	MinimumEnabledTLSProtocol      string   `json:"minimumEnabledTlsProtocol"`
	TLSCipherConfigMode            string   `json:"tlsCipherConfigMode"`
}

// ProcessArgs are the settings of the database processes. What is nil nobody has set.
type ProcessArgs struct {
	TLS

	ChangeStreamOptionsPreAndPostImagesExpireAfterSeconds *int32   `json:"changeStreamOptionsPreAndPostImagesExpireAfterSeconds"`
	ChunkMigrationConcurrency                             *int32   `json:"chunkMigrationConcurrency"`
	DefaultMaxTimeMS                                      *int32   `json:"defaultMaxTimeMS"`
	DefaultReadConcern                                    *string  `json:"defaultReadConcern"`
	DefaultWriteConcern                                   *string  `json:"defaultWriteConcern"`
	FailIndexKeyTooLong                                   *bool    `json:"failIndexKeyTooLong"`
	JavascriptEnabled                                     bool     `json:"javascriptEnabled"`
	NoTableScan                                           bool     `json:"noTableScan"`
	OplogMinRetentionHours                                *float64 `json:"oplogMinRetentionHours"`
	OplogSizeMB                                           *int32   `json:"oplogSizeMB"`
	QueryStatsLogVerbosity                                *int32   `json:"queryStatsLogVerbosity"`
	SampleRefreshIntervalBIConnector                      *int32   `json:"sampleRefreshIntervalBIConnector"`
	SampleSizeBIConnector                                 *int32   `json:"sampleSizeBIConnector"`
	TransactionLifetimeLimitSeconds                       *int64   `json:"transactionLifetimeLimitSeconds"`
}

func defaultProcessArgs() ProcessArgs {
	return ProcessArgs{
		TLS: TLS{
			CustomOpenSSLCipherConfigTLS12: []string{},
			CustomOpenSSLCipherConfigTLS13: []string{},
			MinimumEnabledTLSProtocol:      "TLS1_2",
			TLSCipherConfigMode:            "DEFAULT",
		},
		JavascriptEnabled: true,
	}
}

// TLSUpdate changes the settings of encrypted connections. What is nil stays.
type TLSUpdate struct {
	CustomOpenSSLCipherConfigTLS12 []string `json:"customOpensslCipherConfigTls12"`
	CustomOpenSSLCipherConfigTLS13 []string `json:"customOpensslCipherConfigTls13"`
	MinimumEnabledTLSProtocol      *string  `json:"minimumEnabledTlsProtocol"`
	TLSCipherConfigMode            *string  `json:"tlsCipherConfigMode"`
}

// The values that Atlas' specification has.
var (
	tlsProtocols = []string{"TLS1_0", "TLS1_1", "TLS1_2", "TLS1_3"}
	tlsModes     = []string{"CUSTOM", "DEFAULT"}
	tls12Ciphers = []string{"TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"}
	tls13Ciphers = []string{
		"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256", "TLS_AES_128_CCM_SHA256",
	}
)

// apply changes tls, or returns INVALID_ENUM_VALUE, or INVALID_ATTRIBUTE for a list that
// names a cipher more than once.
func (u TLSUpdate) apply(tls *TLS) error {
	for _, list := range []struct {
		name    string
		ciphers []string
		allowed []string
		kept    *[]string
	}{
		{
			"customOpensslCipherConfigTls12", u.CustomOpenSSLCipherConfigTLS12, tls12Ciphers,
			&tls.CustomOpenSSLCipherConfigTLS12,
		},
		{
			"customOpensslCipherConfigTls13", u.CustomOpenSSLCipherConfigTLS13, tls13Ciphers,
			&tls.CustomOpenSSLCipherConfigTLS13,
		},
	} {
		if list.ciphers == nil {
			continue
		}
		seen := make(map[string]bool)
		for _, cipher := range list.ciphers {
			if err := set(new(""), &cipher, list.allowed...); err != nil {
				return err
			}
			if seen[cipher] {
				return atlas.NewError(atlas.CodeInvalidAttribute, list.name)
			}
			seen[cipher] = true
		}
		*list.kept = list.ciphers
	}
	if err := set(&tls.MinimumEnabledTLSProtocol, u.MinimumEnabledTLSProtocol, tlsProtocols...); err != nil {
		return err
	}
	return set(&tls.TLSCipherConfigMode, u.TLSCipherConfigMode, tlsModes...)
}

// ProcessArgsUpdate is the body that changes process arguments. What is absent stays, and
// so does what is null, but for the two values that null takes back.
type ProcessArgsUpdate struct {
	TLSUpdate

	ChangeStreamOptionsPreAndPostImagesExpireAfterSeconds *int32            `json:"changeStreamOptionsPreAndPostImagesExpireAfterSeconds"`
	ChunkMigrationConcurrency                             *int32            `json:"chunkMigrationConcurrency"`
	DefaultMaxTimeMS                                      *int32            `json:"defaultMaxTimeMS"`
	DefaultWriteConcern                                   *string           `json:"defaultWriteConcern"`
	JavascriptEnabled                                     *bool             `json:"javascriptEnabled"`
	NoTableScan                                           *bool             `json:"noTableScan"`
	OplogMinRetentionHours                                Nullable[float64] `json:"oplogMinRetentionHours"`
	OplogSizeMB                                           Nullable[int32]   `json:"oplogSizeMB"`
	QueryStatsLogVerbosity                                *int32            `json:"queryStatsLogVerbosity"`
	SampleRefreshIntervalBIConnector                      *int32            `json:"sampleRefreshIntervalBIConnector"`
	SampleSizeBIConnector                                 *int32            `json:"sampleSizeBIConnector"`
	TransactionLifetimeLimitSeconds                       *int64            `json:"transactionLifetimeLimitSeconds"`
}

// apply changes args, or returns INVALID_ENUM_VALUE or INVALID_ATTRIBUTE for the first
// value that can't be.
func (u ProcessArgsUpdate) apply(args *ProcessArgs) error {
	if err := u.TLSUpdate.apply(&args.TLS); err != nil {
		return err
	}
	for _, bounded := range []struct {
		name  string
		value *int32
		least int32
	}{
		{
			"changeStreamOptionsPreAndPostImagesExpireAfterSeconds",
			u.ChangeStreamOptionsPreAndPostImagesExpireAfterSeconds, -1,
		},
		{"sampleRefreshIntervalBIConnector", u.SampleRefreshIntervalBIConnector, 0},
		{"sampleSizeBIConnector", u.SampleSizeBIConnector, 0},
	} {
		if bounded.value != nil && *bounded.value < bounded.least {
			return atlas.NewError(atlas.CodeInvalidAttribute, bounded.name)
		}
	}
	if u.TransactionLifetimeLimitSeconds != nil && *u.TransactionLifetimeLimitSeconds < 1 {
		return atlas.NewError(atlas.CodeInvalidAttribute, "transactionLifetimeLimitSeconds")
	}
	if err := checkText("defaultWriteConcern", u.DefaultWriteConcern); err != nil {
		return err
	}
	replace(&args.ChangeStreamOptionsPreAndPostImagesExpireAfterSeconds,
		u.ChangeStreamOptionsPreAndPostImagesExpireAfterSeconds)
	replace(&args.ChunkMigrationConcurrency, u.ChunkMigrationConcurrency)
	replace(&args.DefaultMaxTimeMS, u.DefaultMaxTimeMS)
	replace(&args.DefaultWriteConcern, u.DefaultWriteConcern)
	setBool(&args.JavascriptEnabled, u.JavascriptEnabled)
	setBool(&args.NoTableScan, u.NoTableScan)
	u.OplogMinRetentionHours.apply(&args.OplogMinRetentionHours)
	u.OplogSizeMB.apply(&args.OplogSizeMB)
	replace(&args.QueryStatsLogVerbosity, u.QueryStatsLogVerbosity)
	replace(&args.SampleRefreshIntervalBIConnector, u.SampleRefreshIntervalBIConnector)
	replace(&args.SampleSizeBIConnector, u.SampleSizeBIConnector)
	replace(&args.TransactionLifetimeLimitSeconds, u.TransactionLifetimeLimitSeconds)
	return nil
}

// ProcessArgsUpdate20230101 is ProcessArgsUpdate as the first version has it.
type ProcessArgsUpdate20230101 struct {
	ProcessArgsUpdate

	DefaultReadConcern  *string `json:"defaultReadConcern"`
	FailIndexKeyTooLong *bool   `json:"failIndexKeyTooLong"`
}

func (u ProcessArgsUpdate20230101) apply(args *ProcessArgs) error {
	if u.DefaultReadConcern != nil {
		concern := ""
		if err := set(&concern, u.DefaultReadConcern, "local", "available"); err != nil {
			return err
		}
		args.DefaultReadConcern = &concern
	}
	replace(&args.FailIndexKeyTooLong, u.FailIndexKeyTooLong)
	return u.ProcessArgsUpdate.apply(args)
}

// ProcessArgsChange is a body that changes process arguments, of any version.
type ProcessArgsChange interface {
	apply(args *ProcessArgs) error
}
