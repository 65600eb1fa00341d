package main

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/api"
	"exportbuckets/internal/console"
)

// commandLine is every command and setting of the program. Kong fills it from
// flags and the environment, and calls the Validate methods.
type commandLine struct {
	logConfig

	Serve   serveCommand   `cmd:"" help:"Serve the API."`
	Migrate migrateCommand `cmd:"" help:"Bring the database schema up or down, or show where it is."`
	Seed    seedCommand    `cmd:"" help:"Apply a seed file to the database."`
	Tenant  struct {
		Create  tenantCreateCommand  `cmd:"" help:"Make a throw-away organization, a copy with ids and secrets of its own, and print it with its secrets."`
		Delete  tenantDeleteCommand  `cmd:"" help:"End an organization with all that it has."`
		List    tenantListCommand    `cmd:"" help:"List the organizations that the token sees."`
		Apply   tenantApplyCommand   `cmd:"" help:"Apply a seed file to an organization: make it what the file says, or add what it lacks."`
		Export  tenantExportCommand  `cmd:"" help:"Print the file that declares what an organization has, without secrets."`
		Protect tenantProtectCommand `cmd:"" help:"Keep an organization from being reset. Takes the operator's token."`
	} `cmd:"" help:"Organizations of a running server, as the staging plane sees them."`
	Reset    resetCommand `cmd:"" help:"Make an organization what its file declares, or what a snapshot has."`
	Snapshot struct {
		Save    snapshotSaveCommand    `cmd:"" help:"Save what the organization has under a name."`
		List    snapshotListCommand    `cmd:"" help:"List what is saved."`
		Restore snapshotRestoreCommand `cmd:"" help:"Make the organization what a snapshot has."`
		Delete  snapshotDeleteCommand  `cmd:"" help:"Delete a snapshot."`
	} `cmd:"" help:"Saved states of an organization."`
	Diff  diffCommand `cmd:"" help:"Show how an organization differs from what it declares; exits with 3 if it does."`
	Fault struct {
		List   faultListCommand   `cmd:"" help:"List the faults, with how many requests they have met."`
		Add    faultAddCommand    `cmd:"" help:"Make requests fail that match."`
		Remove faultRemoveCommand `cmd:"" help:"Remove a fault."`
		Clear  faultClearCommand  `cmd:"" help:"Remove all faults."`
	} `cmd:"" help:"Requests of an organization that are to fail."`
	Clock struct {
		Show    clockShowCommand    `cmd:"" default:"withargs" help:"Show the clock."`
		Advance clockAdvanceCommand `cmd:"" help:"Move the clock forward, and do what is due by then."`
		Freeze  clockFreezeCommand  `cmd:"" help:"Let the clock stand still."`
		Release clockReleaseCommand `cmd:"" help:"Turn the clock back to the real time; access tokens end."`
	} `cmd:"" help:"The clock of an organization."`
	Token struct {
		List   tokenListCommand   `cmd:"" help:"List the tokens of an organization."`
		Create tokenCreateCommand `cmd:"" help:"Make a token of an organization, and print it."`
		Revoke tokenRevokeCommand `cmd:"" help:"End a token at once."`
	} `cmd:"" help:"Tokens of the staging plane."`
	Journal struct {
		List journalListCommand `cmd:"" help:"List what was asked of an organization, newest first."`
		Tail journalTailCommand `cmd:"" help:"Print what is asked as it comes."`
		Why  journalWhyCommand  `cmd:"" help:"Say why a request was answered as it was: the one of an id, or the last refusal."`
	} `cmd:"" help:"The journal of an organization: what was asked, and why it was answered so."`
	Report struct {
		Sunset reportSunsetCommand `cmd:"" help:"Show which versions clients use, and when those end; exits with 3 if one has."`
		Usage  reportUsageCommand  `cmd:"" help:"Show what uses an access role or an export bucket, and what its removal would be refused with."`
	} `cmd:"" help:"What an organization's clients and its rows depend on."`
	Healthcheck healthcheckCommand `cmd:"" help:"Ask a running server whether it is ready; for container health checks."`
	Version     versionCommand     `cmd:"" help:"Print the version."`
}

// databaseConfig says where the rows are: in the database of a URL, or in a
// private PostgreSQL under the state directory.
type databaseConfig struct {
	DatabaseURL    *string       `env:"DATABASE_URL" secret:"" placeholder:"URL" help:"PostgreSQL 15 or newer to use. Without it a private PostgreSQL is started from this machine's own server programs. DATABASE_URL_FILE names a file that has it in it."`
	StateDir       string        `env:"EXPORTBUCKETS_STATE_DIR" default:"${state_dir}" placeholder:"DIR" help:"Where the private PostgreSQL keeps its data (${default})."`
	DatabaseWait   time.Duration `env:"EXPORTBUCKETS_DATABASE_WAIT" default:"1m" placeholder:"DURATION" help:"How long to wait at the start for a database that is away (${default})."`
	MaxConnections int32         `env:"EXPORTBUCKETS_MAX_CONNECTIONS" default:"16" placeholder:"N" help:"Most database connections at a time (${default})."`
}

// Validate reports the settings that cannot work, each by its name. It does not
// repeat the database URL, which may contain a password.
func (c databaseConfig) Validate() error {
	var invalid []error
	if c.DatabaseURL != nil {
		invalid = append(invalid, checkDatabaseURL("--database-url (DATABASE_URL)", *c.DatabaseURL))
	}
	if c.StateDir == "" {
		invalid = append(invalid, errors.New("--state-dir (EXPORTBUCKETS_STATE_DIR) is empty"))
	}
	if c.DatabaseWait < 0 {
		invalid = append(invalid, fmt.Errorf(
			"--database-wait (EXPORTBUCKETS_DATABASE_WAIT): %s is negative", c.DatabaseWait))
	}
	if c.MaxConnections < 1 {
		invalid = append(invalid, fmt.Errorf(
			"--max-connections (EXPORTBUCKETS_MAX_CONNECTIONS): %d is not at least 1", c.MaxConnections))
	}
	return errors.Join(invalid...)
}

// checkDatabaseURL reports a URL that cannot work. An empty one is an error: it
// is what a missing secret leaves, and the private PostgreSQL with its public
// demo credentials must not take the place of the database that was meant.
func checkDatabaseURL(setting, url string) error {
	scheme, _, isURL := strings.Cut(url, "://")
	_, err := pgxpool.ParseConfig(url)
	switch {
	case url == "":
		return errors.New(setting + " is empty; leave it out if there is none")
	case err != nil || isURL && scheme != "postgres" && scheme != "postgresql":
		return errors.New(setting + " is not a PostgreSQL connection string")
	case strings.Contains(url, "pool_max_conns"):
		return errors.New(setting + " has pool_max_conns in it; use --max-connections")
	}
	return nil
}

// source returns where the rows are.
func (c databaseConfig) source() source {
	s := source{maxConnections: c.MaxConnections, wait: c.DatabaseWait}
	if c.DatabaseURL != nil {
		s.url = *c.DatabaseURL
	} else {
		s.privateDir = filepath.Join(c.StateDir, "postgres")
	}
	return s
}

type apiConfig struct {
	Listen              string        `env:"EXPORTBUCKETS_LISTEN" default:"127.0.0.1:8080" placeholder:"HOST:PORT" help:"Address to listen on (${default})."`
	TLSCert             string        `name:"tls-cert" env:"EXPORTBUCKETS_TLS_CERT" placeholder:"FILE" help:"PEM file of the certificate, with those that lead to its CA: the server speaks TLS, and reads both files again when they change."`
	TLSKey              string        `name:"tls-key" env:"EXPORTBUCKETS_TLS_KEY" placeholder:"FILE" help:"PEM file of the certificate's private key."`
	Demo                bool          `env:"EXPORTBUCKETS_DEMO" help:"Serve the public credentials of the demo tenant at an address that is not loopback, too: something else keeps strangers out."`
	BaseURL             string        `env:"EXPORTBUCKETS_BASE_URL" placeholder:"URL" help:"What clients call this server, for links in answers (http:// and the address listened on)."`
	TrustedProxies      []string      `env:"EXPORTBUCKETS_TRUSTED_PROXIES" placeholder:"CIDR,..." help:"Proxies whose X-Forwarded-For tells the client's address."`
	AWSRegion           string        `name:"aws-region" env:"EXPORTBUCKETS_AWS_REGION" default:"us-east-1" placeholder:"REGION" help:"Region that AWS export buckets are said to be in (${default}); empty leaves it out."`
	AWSAccountARN       string        `name:"aws-account-arn" env:"EXPORTBUCKETS_AWS_ACCOUNT_ARN" default:"arn:aws:iam::123456789012:root" placeholder:"ARN" help:"AWS account that is said to assume the roles of projects (${default})."`
	BackupManagersWrite bool          `env:"EXPORTBUCKETS_BACKUP_MANAGERS_WRITE" help:"Let GROUP_BACKUP_MANAGER change export buckets, not GROUP_OWNER alone."`
	Pace                string        `env:"EXPORTBUCKETS_PACE" default:"fast" enum:"fast,atlas,instant" help:"How long clusters take: fast (seconds), atlas (minutes) or instant (${default}). Creating and deleting one takes 6 s at least: clients look for it."`
	RateLimits          bool          `env:"EXPORTBUCKETS_RATE_LIMITS" default:"true" negatable:"" help:"Hold callers to Atlas' rate limits (on)."`
	Docs                bool          `env:"EXPORTBUCKETS_DOCS" default:"true" negatable:"" help:"Serve the API reference at /docs (on)."`
	Drain               time.Duration `env:"EXPORTBUCKETS_DRAIN" default:"3s" placeholder:"DURATION" help:"How long to answer on at the end while /readyz says no, so that requests go elsewhere (${default})."`
	ShutdownTimeout     time.Duration `env:"EXPORTBUCKETS_SHUTDOWN_TIMEOUT" default:"20s" placeholder:"DURATION" help:"How long requests in flight may take to finish at the end (${default})."`
}

var (
	awsRegion  = regexp.MustCompile(`^[a-z]{2,4}(-[a-z]+)+-[0-9]+$`)
	awsAccount = regexp.MustCompile(`^arn:aws(-[a-z-]+)?:iam::[0-9]{12}:root$`)
)

// Validate reports the settings that cannot work, each by its name.
func (c apiConfig) Validate() error {
	var invalid []error
	report := func(flag, format string, value any) {
		variable := "EXPORTBUCKETS_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
		invalid = append(invalid, fmt.Errorf("--%s (%s): "+format, flag, variable, value))
	}
	if _, _, err := net.SplitHostPort(c.Listen); err != nil {
		report("listen", "%q is not HOST:PORT", c.Listen)
	}
	switch {
	case strings.Contains(c.BaseURL, "@"): // a secret is not shown
		report("base-url", "it has %s in it, which links would show to everyone", "a user name or a password")
	case c.BaseURL != "" && !isBaseURL(c.BaseURL):
		report("base-url", "%q is not an http or https URL without query and fragment", c.BaseURL)
	}
	if (c.TLSCert == "") != (c.TLSKey == "") {
		report("tls-cert", "it and %s are given together", "--tls-key (EXPORTBUCKETS_TLS_KEY)")
	}
	for _, proxy := range c.TrustedProxies {
		if _, err := api.ParseProxy(proxy); err != nil {
			report("trusted-proxies", "%w", fmt.Errorf("%q %w", proxy, err))
		}
	}
	if c.AWSRegion != "" && !awsRegion.MatchString(c.AWSRegion) {
		report("aws-region", "%q is not a region like us-east-1", c.AWSRegion)
	}
	if !awsAccount.MatchString(c.AWSAccountARN) {
		report("aws-account-arn", "%q is not like arn:aws:iam::123456789012:root", c.AWSAccountARN)
	}
	if c.Drain < 0 {
		report("drain", "%s is negative", c.Drain)
	}
	if c.ShutdownTimeout <= 0 {
		report("shutdown-timeout", "%s is not positive", c.ShutdownTimeout)
	}
	return errors.Join(invalid...)
}

// isBaseURL reports whether links may begin with the text.
func isBaseURL(text string) bool {
	u, err := url.Parse(text)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https") &&
		u.RawQuery == "" && u.Fragment == ""
}

// settingsOf returns the settings of a command that was parsed, for people to read: of those
// that are secrets it says whether they are given.
func settingsOf(command *kong.Context) []console.Setting {
	var settings []console.Setting
	for _, flags := range command.Selected().AllFlags(true) {
		for _, flag := range flags {
			if len(flag.Envs) == 0 {
				continue // such as --help
			}
			value := reflect.Indirect(flag.Target)
			text := fmt.Sprint(value)
			switch {
			case !value.IsValid(): // it points to nothing
				text = ""
			case flag.Tag.Has("secret"):
				text = "(a secret)"
			case value.Kind() == reflect.Slice:
				text = strings.Trim(text, "[]")
			}
			settings = append(settings, console.Setting{Name: flag.Name, Value: text})
		}
	}
	return settings
}

// fromFile returns the value of a setting that is a secret from the file that the
// variable NAME_FILE names: a process's environment is easier to see than a file
// that a container was given. A line end at its end is not part of it.
func fromFile(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (value any, err error) {
	if !flag.Tag.Has("secret") {
		return value, nil
	}
	variable := flag.Envs[0]
	path, named := os.LookupEnv(variable + fileSuffix)
	if !named {
		return value, nil
	}
	if _, both := os.LookupEnv(variable); both {
		return value, fmt.Errorf("both %[1]s and %[1]s%[2]s are set", variable, fileSuffix)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return value, fmt.Errorf("%s%s: %w", variable, fileSuffix, err)
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

const fileSuffix = "_FILE"

// serviceLink matches the variables that Kubernetes sets for a service called
// exportbuckets, or exportbuckets- and something.
var serviceLink = regexp.MustCompile(`^EXPORTBUCKETS_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\w+)?)$`)

// checkEnvironment reports a variable whose name begins like a setting of this
// program and is none of them: most likely it is misspelt.
func checkEnvironment(program *kong.Application, environ []string) error {
	settings := []string{tokenVariable}
	for _, command := range append(program.Leaves(false), program.Node) {
		for _, flags := range command.AllFlags(false) {
			for _, flag := range flags {
				settings = append(settings, flag.Envs...)
				if flag.Tag.Has("secret") {
					settings = append(settings, flag.Envs[0]+fileSuffix)
				}
			}
		}
	}
	for _, variable := range environ {
		name, _, _ := strings.Cut(variable, "=")
		known := slices.Contains(settings, name) || serviceLink.MatchString(name)
		if strings.HasPrefix(name, "EXPORTBUCKETS_") && !known {
			return fmt.Errorf("the environment variable %s is not a setting of this program; see serve --help", name)
		}
	}
	return nil
}

// defaultStateDir returns where the system's conventions put state: /var/lib for
// root, whose home other users may not enter, and else the XDG state directory.
func defaultStateDir() string {
	if os.Geteuid() == 0 {
		return "/var/lib/exportbuckets"
	}
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "exportbuckets")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return filepath.Join(os.TempDir(), "exportbuckets")
	}
	return filepath.Join(home, ".local", "state", "exportbuckets")
}
