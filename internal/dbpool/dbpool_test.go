package dbpool_test

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/jackc/pgx/v5/pgxpool"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/dbpool"
	"exportbuckets/internal/dbtest"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/proxytest"
	"exportbuckets/internal/waittest"
)

const connections = 16

// ours and theirs are two organizations, each with one row.
var (
	ours   = objectid.ID{0: 1, 11: 1}
	theirs = objectid.ID{0: 1, 11: 2}
)

// newPool returns a pool on a database with a table of the two rows, and the
// database's URL.
func newPool(t *testing.T) (*dbpool.Pool, string) {
	t.Helper()
	address := dbtest.NewEmptyURL(t)
	pool := open(t, address, connections)
	exec(t, pool, "CREATE TABLE held (id text PRIMARY KEY, n integer)")
	exec(t, pool, "INSERT INTO held VALUES ('"+ours.String()+"', 0), ('"+theirs.String()+"', 0)")
	return pool, address
}

func open(t *testing.T, address string, maxConns int32) *dbpool.Pool {
	t.Helper()
	pool, err := dbpool.Open(t.Context(), address, maxConns, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return pool
}

func exec(t *testing.T, pool *dbpool.Pool, sql string) {
	t.Helper()
	if _, err := pool.Exec(t.Context(), sql); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// count adds one to the row of an organization, as a write of it.
func count(ctx context.Context, pool *dbpool.Pool, orgID objectid.ID) error {
	return pool.Write(ctx, orgID, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE held SET n = n + 1 WHERE id = $1", orgID.String())
		return err
	})
}

// counted returns what was counted for an organization.
func counted(t *testing.T, pool *dbpool.Pool, orgID objectid.ID) int {
	t.Helper()
	var n int
	if err := pool.QueryRow(t.Context(), "SELECT n FROM held WHERE id = $1", orgID.String()).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// hold locks the row of an organization, on a connection of its own, until release
// is called.
func hold(t *testing.T, address string, orgID objectid.ID) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	_, err = conn.Exec(t.Context(), "BEGIN; SELECT FROM held WHERE id = '"+orgID.String()+"' FOR UPDATE")
	if err != nil {
		t.Fatal(err)
	}
	closed := sync.OnceFunc(func() { _ = conn.Close(waittest.Context(t)) })
	t.Cleanup(closed)
	return closed
}

func TestHeldRowsOfOneOrganizationKeepNobodyElseWaiting(t *testing.T) {
	t.Parallel()
	pool, address := newPool(t)
	release := hold(t, address, ours)
	began := time.Now()
	waiting := make(chan error)
	for range connections {
		go func() { waiting <- count(t.Context(), pool, ours) }()
	}
	waittest.Until(t, "as many wait for the row as may", func() bool {
		return pool.Stat().AcquiredConns() == connections/4-1 // which is for changes of principals
	})
	for range 3 * connections {
		if err := count(t.Context(), pool, theirs); err != nil {
			t.Fatalf("a write of another organization: %v", err)
		}
		counted(t, pool, ours) // a read waits for nobody
		revoked := pool.WritePrincipals(t.Context(), ours, func(tx pgx.Tx) error {
			_, err := tx.Exec(t.Context(), "SELECT 1")
			return err
		})
		if revoked != nil {
			t.Fatalf("a change of what a principal of theirs may do: %v", revoked)
		}
	}
	if done := time.Since(began); done > 3*time.Second {
		t.Errorf("others were served after %s, when the row was not waited for any longer", done)
	}
	for range connections {
		if err := waittest.Receive(t, "a write to end", waiting); !dbpool.Unavailable(err) {
			t.Errorf("a write of a held row: got %v, want one that says that it is unavailable", err)
		}
	}
	if waited := time.Since(began); waited > 20*time.Second { // 4 s, if the machine is not busy
		t.Errorf("the last write waited %s, want the patience of all to end at once", waited)
	}
	release()
	if err := count(t.Context(), pool, ours); err != nil || counted(t, pool, ours) != 1 {
		t.Errorf("after the release: got %v and %d, want the one write that was answered",
			err, counted(t, pool, ours))
	}
}

// However small the pool, each organization has a turn.
func TestASmallPoolHasATurnForEachOrganization(t *testing.T) {
	t.Parallel()
	_, address := newPool(t)
	pool := open(t, address, 1)
	for _, orgID := range []objectid.ID{ours, theirs} {
		if err := count(t.Context(), pool, orgID); err != nil {
			t.Errorf("organization %s: %v", orgID, err)
		}
	}
}

func TestAPanicEndsTheTurn(t *testing.T) {
	t.Parallel()
	_, address := newPool(t)
	pool := open(t, address, 1)
	func() {
		defer func() { _ = recover() }()
		_ = pool.Write(t.Context(), ours, func(tx pgx.Tx) error {
			_, _ = tx.Exec(t.Context(), "UPDATE held SET n = 9")
			panic("a fault")
		})
	}()
	if err := count(t.Context(), pool, ours); err != nil || counted(t, pool, ours) != 1 {
		t.Errorf("got %v and %d, want a write that stands alone", err, counted(t, pool, ours))
	}
}

// A statement whose client has left is cancelled, and its connection stays.
func TestClientsThatLeaveCostNoConnection(t *testing.T) {
	t.Parallel()
	pool, _ := newPool(t)
	var clients sync.WaitGroup
	for range 60 {
		clients.Go(func() {
			for range 5 {
				patience := time.Duration(1000+rand.IntN(7000)) * time.Microsecond
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				_, _ = pool.Exec(ctx, "SELECT pg_sleep(0.2)")
				_ = pool.Write(ctx, ours, func(tx pgx.Tx) error {
					_, err := tx.Exec(ctx, "SELECT pg_sleep(0.2)")
					return err
				})
				cancel()
			}
		})
	}
	clients.Wait()
	if opened := pool.Stat().NewConnsCount(); opened > 2*connections {
		t.Errorf("300 clients that left made the pool of %d open %d connections", connections, opened)
	}
	waittest.Until(t, "no statement is left", func() bool {
		var running int
		err := pool.QueryRow(t.Context(),
			"SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep(0.2)'").Scan(&running)
		return err == nil && running == 0
	})
}

// PostgreSQL counts the time behind others and the time for the row itself apart.
func TestWhoeverWaitsBehindOthersForARowIsNotPatientTwice(t *testing.T) {
	t.Parallel()
	pool, address := newPool(t)
	hold(t, address, ours)
	first := make(chan error)
	go func() { first <- count(t.Context(), pool, ours) }()
	waittest.Until(t, "one waits for the row", func() bool {
		var waits int
		err := pool.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity "+
			"WHERE datname = current_database() AND wait_event_type = 'Lock'").Scan(&waits)
		return err == nil && waits == 1
	})
	began := time.Now()
	waittest.Until(t, "it has waited for a while", func() bool { return time.Since(began) > time.Second })
	began = time.Now()
	if err := count(t.Context(), pool, ours); !dbpool.Unavailable(err) {
		t.Errorf("got %v, want that the database is too busy", err)
	}
	if waited := time.Since(began); waited > 5*time.Second { // 3 s, and 7 with twice the patience
		t.Errorf("got an answer after %s, want it within the patience", waited)
	}
	if err := waittest.Receive(t, "the first write to end", first); !dbpool.Unavailable(err) {
		t.Errorf("the first: got %v, want that the database is too busy", err)
	}
}

func TestTwoWritesOfOneRequestHaveOnePatience(t *testing.T) {
	t.Parallel()
	pool, address := newPool(t)
	hold(t, address, ours)
	ctx := dbpool.Patient(t.Context())
	began := time.Now()
	for range 4 {
		if err := count(ctx, pool, ours); !dbpool.Unavailable(err) {
			t.Errorf("got %v, want that the database is too busy", err)
		}
	}
	if waited := time.Since(began); waited > 6*time.Second { // 3.8 s, and 8 if each has the patience
		t.Errorf("got an answer after %s, want it within the patience of one", waited)
	}
}

// throughProxy returns a pool whose connections go through a proxy.
func throughProxy(t *testing.T, address string, maxConns int32) (*dbpool.Pool, *proxytest.Proxy) {
	t.Helper()
	proxy, through := proxytest.NewPostgres(t, address)
	return open(t, through, maxConns), proxy
}

func TestACommitWhoseAnswerIsLostIsSaidToBeUnknown(t *testing.T) {
	t.Parallel()
	direct, address := newPool(t)
	pool, proxy := throughProxy(t, address, 2)
	for name, write := range map[string]func() error{
		"transaction": func() error {
			proxy.LoseAnswer("commit")
			return count(t.Context(), pool, ours)
		},
		"statement": func() error {
			return pool.Autocommit(t.Context(), func(ctx context.Context, conn *pgxpool.Conn) error {
				proxy.LoseAnswer("UPDATE held")
				_, err := conn.Exec(ctx, "UPDATE held SET n = n + 1 WHERE id = '"+ours.String()+"'",
					pgx.QueryExecModeSimpleProtocol)
				return err
			})
		},
	} {
		before := counted(t, direct, ours)
		if err := write(); !errors.Is(err, atlas.ErrOutcomeUnknown) || dbpool.Unavailable(err) {
			t.Errorf("%s: got %v, want %v", name, err, atlas.ErrOutcomeUnknown)
		}
		if got := counted(t, direct, ours); got != before+1 {
			t.Errorf("%s: got %d changes, want one", name, got-before)
		}
	}
}

// What was not committed is done again.
func TestATransactionThatLosesItsConnectionRunsAgain(t *testing.T) {
	t.Parallel()
	direct, address := newPool(t)
	pool, proxy := throughProxy(t, address, 2)
	proxy.LoseAnswer("begin")
	if err := count(t.Context(), pool, ours); err != nil {
		t.Errorf("connection lost at begin: %v", err)
	}
	runs := 0
	err := pool.Write(t.Context(), ours, func(tx pgx.Tx) error {
		runs++
		if runs == 1 {
			proxy.Cut()
		}
		_, err := tx.Exec(t.Context(), "UPDATE held SET n = n + 1 WHERE id = $1", ours.String())
		return err
	})
	if err != nil || runs != 2 {
		t.Errorf("connection lost before the commit: got %v after %d runs, want the second to do it", err, runs)
	}
	if got := counted(t, direct, ours); got != 2 {
		t.Errorf("got %d changes, want each once", got)
	}
}

func TestASilentDatabaseIsGivenUp(t *testing.T) {
	t.Parallel()
	direct, address := newPool(t)
	pool, proxy := throughProxy(t, address, 4)
	counted(t, pool, ours)
	proxy.Silence()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	began := time.Now()
	_, err := pool.Exec(ctx, "SELECT 1")
	if !dbpool.Unavailable(err) || ctx.Err() == nil && time.Since(began) > 15*time.Second {
		t.Errorf("a read: got %v after %s, want that the database is away", err, time.Since(began))
	}
	if err := count(t.Context(), pool, ours); !dbpool.Unavailable(err) {
		t.Errorf("a write: got %v, want that the database is away", err)
	}
	proxy.Cut()
	proxy.Heal()
	if err := count(t.Context(), pool, ours); err != nil {
		t.Errorf("a write, when the database answers again: %v", err)
	}
	if got := counted(t, direct, ours); got != 1 {
		t.Errorf("got %d changes, want the one that was answered", got)
	}
}

// A server may hang at any moment: here it lets a client in, and never says more.
func TestAConnectionThatHangsOnceItIsMadeIsGivenUp(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			server := pgproto3.NewBackend(conn, conn)
			_, _ = server.ReceiveStartupMessage()
			server.Send(&pgproto3.AuthenticationOk{})
			server.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
			_ = server.Flush()
			_, _ = io.Copy(io.Discard, conn) // until the client is gone
			_ = conn.Close()
		}
	}()
	pool := open(t, "postgres://user@"+listener.Addr().String()+"/none?sslmode=disable", 1)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if _, err := pool.Exec(ctx, "SELECT 1"); !dbpool.Unavailable(err) || ctx.Err() != nil {
		t.Errorf("got %v, %v; want that the database is away, in some seconds", err, ctx.Err())
	}
}

// A connection that has been idle, and no longer works, is one of many.
func TestOneConnectionThatIsLostEndsTrustInTheOthers(t *testing.T) {
	t.Parallel()
	_, address := newPool(t)
	pool, proxy := throughProxy(t, address, connections)
	var all sync.WaitGroup
	for range connections {
		all.Go(func() { _, _ = pool.Exec(t.Context(), "SELECT pg_sleep(0.3)") })
	}
	all.Wait()
	cut := time.Now()
	proxy.Cut()
	waittest.Until(t, "the connections have been idle for long enough to be tried", func() bool {
		return time.Since(cut) > 1100*time.Millisecond
	})
	if err := count(t.Context(), pool, ours); err != nil {
		t.Errorf("got %v, want a write on a new connection", err)
	}
	if left := pool.Stat().TotalConns(); left > 2 {
		t.Errorf("got %d connections, want none of the %d that were cut", left, connections)
	}
}

func TestAConnectionToADatabaseThatTurnedReadOnlyIsClosed(t *testing.T) {
	t.Parallel()
	pool, address := newPool(t)
	var database string
	if err := pool.QueryRow(t.Context(), "SELECT current_database()").Scan(&database); err != nil {
		t.Fatal(err)
	}
	exec(t, pool, "ALTER DATABASE "+database+" SET default_transaction_read_only = on")
	other := open(t, address, 1)
	if err := count(t.Context(), other, ours); !dbpool.Unavailable(err) {
		t.Fatalf("a write: got %v, want that the database is away", err)
	}
	exec(t, pool, "ALTER DATABASE "+database+" RESET default_transaction_read_only")
	if err := count(t.Context(), other, ours); err != nil {
		t.Errorf("when it takes writes again: got %v, want a connection that does", err)
	}
}

// More connections are asked for than the database allows.
func TestWhoeverFindsNoConnectionWaitsForOneThatIsFree(t *testing.T) {
	t.Parallel()
	pool, address := newPool(t)
	var database string
	if err := pool.QueryRow(t.Context(), "SELECT current_database()").Scan(&database); err != nil {
		t.Fatal(err)
	}
	exec(t, pool, "CREATE ROLE few_"+database+" LOGIN CONNECTION LIMIT 2")
	t.Cleanup(func() {
		if _, err := pool.Exec(waittest.Context(t), "DROP OWNED BY few_"+database+"; DROP ROLE few_"+database); err != nil {
			t.Error(err)
		}
	})
	exec(t, pool, "GRANT ALL ON held TO few_"+database)
	few := open(t, withUser(t, address, "few_"+database), connections)
	t.Cleanup(few.Close)
	var clients sync.WaitGroup
	for range connections {
		clients.Go(func() {
			for range 5 {
				if err := count(t.Context(), few, ours); err != nil {
					t.Error(err)
				}
				if _, err := few.Exec(t.Context(), "SELECT pg_sleep(0.01)"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	clients.Wait()
	if got := counted(t, pool, ours); got != 5*connections {
		t.Errorf("got %d changes, want %d", got, 5*connections)
	}
}

func withUser(t *testing.T, address, user string) string {
	t.Helper()
	config, err := pgx.ParseConfig(address)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Replace(address, config.User+"@", user+"@", 1)
}
