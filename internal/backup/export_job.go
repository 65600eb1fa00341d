package backup

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"exportbuckets/db"
	"exportbuckets/internal/atlas"
	"exportbuckets/internal/cluster"
	"exportbuckets/internal/event"
	"exportbuckets/internal/objectid"
	"exportbuckets/internal/write"
)

// ExportJobState is the state of an export job, as Atlas names it.
type ExportJobState string

// The states of export jobs. Atlas knows Cancelled as well, which nothing here can be.
const (
	ExportJobQueued     ExportJobState = "Queued"
	ExportJobInProgress ExportJobState = "InProgress"
	ExportJobSuccessful ExportJobState = "Successful"
	ExportJobFailed     ExportJobState = "Failed"
)

// ExportJob is an export job as it is at the time of a request.
type ExportJob struct {
	db.ExportJob

	State ExportJobState
	// In place of what is stored.
	CustomData []CustomData
	Members    []SnapshotMember // nil if the cluster is not sharded
	Failure    *ExportFailure
}

// CustomData is a key and a value that go with an export.
type CustomData struct {
	Key   *string `json:"key"`
	Value *string `json:"value"`
}

// ExportFailure is why an export failed.
type ExportFailure struct {
	ErrorCode string `json:"errorCode"`
	Message   string `json:"message"`
}

// IsFinished reports whether nothing is to be waited for any longer.
func (j ExportJob) IsFinished() bool {
	return j.State == ExportJobSuccessful || j.State == ExportJobFailed
}

// ExportJobAt returns the export job of a row as it is at a time.
func ExportJobAt(row db.ExportJob, now time.Time) (ExportJob, error) {
	job := ExportJob{ExportJob: row}
	for _, part := range []struct {
		stored []byte
		value  any
	}{{row.CustomData, &job.CustomData}, {row.Members, &job.Members}, {row.Failure, &job.Failure}} {
		if part.stored == nil {
			continue
		}
		if err := json.Unmarshal(part.stored, part.value); err != nil {
			return ExportJob{}, atlas.Wrap(err, "decode export job")
		}
	}
	switch {
	case now.Before(row.StartedAt):
		job.State = ExportJobQueued
	case now.Before(row.FinishedAt):
		job.State = ExportJobInProgress
	case job.Failure != nil:
		job.State = ExportJobFailed
	default:
		job.State = ExportJobSuccessful
	}
	return job, nil
}

// ExportJobRequest is the body that exports a snapshot.
type ExportJobRequest struct {
	CustomData     []CustomData `json:"customData"`
	ExportBucketID *objectid.ID `json:"exportBucketId"` // required
	SnapshotID     *objectid.ID `json:"snapshotId"`     // required

	Links any `json:"links"` // ignored
}

func (r ExportJobRequest) check() error {
	switch {
	case r.ExportBucketID == nil:
		return atlas.NewError(atlas.CodeMissingAttribute, "exportBucketId")
	case r.SnapshotID == nil:
		return atlas.NewError(atlas.CodeMissingAttribute, "snapshotId")
	}
	if err := atlas.CheckElements("customData", len(r.CustomData)); err != nil {
		return err
	}
	for _, pair := range r.CustomData {
		for _, part := range []struct {
			name string
			text *string
		}{{"key", pair.Key}, {"value", pair.Value}} {
			switch {
			case part.text == nil:
				return atlas.NewError(atlas.CodeMissingAttribute, part.name)
			case !atlas.HasLength(*part.text, 1, atlas.MaxTagText):
				return atlas.NewError(atlas.CodeInvalidAttribute, part.name)
			}
		}
	}
	return nil
}

// CreateExportJob begins to export a snapshot of the cluster and returns the job. It
// returns an *atlas.Error for the first rule that the body breaks, CLUSTER_NOT_FOUND,
// SNAPSHOT_NOT_FOUND, EXPORT_BUCKET_NOT_FOUND, SNAPSHOT_NOT_COMPLETED, or
// EXPORT_JOB_ALREADY_ACTIVE if the snapshot is being exported.
func (s *Service) CreateExportJob(
	ctx context.Context, project atlas.ScheduleWriter, name string, req ExportJobRequest,
) (ExportJob, error) {
	if err := req.check(); err != nil {
		return ExportJob{}, err
	}
	prepare := func(conn db.DBTX) (cluster.Cluster, db.ExportJob, error) {
		snapshot, err := s.getSnapshot(ctx, conn, project, name, *req.SnapshotID)
		if err != nil {
			return cluster.Cluster{}, db.ExportJob{}, err
		}
		row, err := prepareExport(ctx, conn, snapshot, req, project.Now(), s.env)
		return snapshot.Cluster, row, err
	}
	if _, _, err := prepare(s.pool); err != nil { // whoever is refused waits for nobody
		return ExportJob{}, err
	}
	row, err := write.Do(ctx, s.pool, project, func(tx pgx.Tx) (db.ExportJob, error) {
		if err := write.LockProject(ctx, tx, project.ProjectID()); err != nil {
			return db.ExportJob{}, err
		}
		of, row, err := prepare(tx)
		if err != nil {
			return db.ExportJob{}, err
		}
		if err := InsertExportJobs(ctx, tx, row); err != nil {
			return db.ExportJob{}, err
		}
		if err := event.Write(ctx, tx, ExportEvents(s.env, of, row, project.Now())...); err != nil {
			return db.ExportJob{}, err
		}
		return row, atlas.Wrap(s.q.UpdateProjectDueAt(ctx, tx, row.ProjectID), "update due time of project")
	})
	if err != nil {
		return ExportJob{}, err
	}
	return ExportJobAt(row, project.Now())
}

// prepareExport returns the job that exports a snapshot from a time on. It returns
// EXPORT_BUCKET_NOT_FOUND, SNAPSHOT_NOT_COMPLETED, or EXPORT_JOB_ALREADY_ACTIVE.
func prepareExport(
	ctx context.Context, conn db.DBTX, snapshot Snapshot, req ExportJobRequest, at time.Time, env atlas.Env,
) (db.ExportJob, error) {
	key := db.GetExportBucketParams{ProjectID: snapshot.ProjectID, ID: *req.ExportBucketID}
	if _, err := db.New().GetExportBucket(ctx, conn, key); err != nil {
		return db.ExportJob{}, atlas.WrapMissing(err, "get export bucket", bucketNotFound(key.ID))
	}
	if snapshot.State != SnapshotCompleted {
		return db.ExportJob{}, atlas.NewError(atlas.CodeSnapshotNotCompleted, snapshot.ID.String()).
			Fact("status", string(snapshot.State), string(SnapshotCompleted))
	}
	queue, err := NewExportQueue(ctx, conn, snapshot.ProjectID, at)
	if err != nil {
		return db.ExportJob{}, err
	}
	return queue.Add(ctx, conn, snapshot, key.ID, req.CustomData, at, env)
}

// InsertExportJobs adds export jobs to a project that is locked, with one round trip.
func InsertExportJobs(ctx context.Context, tx db.DBTX, rows ...db.ExportJob) error {
	if len(rows) == 0 {
		return nil
	}
	params := make([]db.InsertExportJobParams, len(rows))
	for i, row := range rows {
		params[i] = db.InsertExportJobParams(row)
	}
	return insertAll("insert export jobs", db.New().InsertExportJob(ctx, tx, params).Exec)
}

// ExportEvents returns the events of how a snapshot of the cluster is exported, as of now.
func ExportEvents(env atlas.Env, of cluster.Cluster, row db.ExportJob, now time.Time) []event.Event {
	return of.Events(env, now, event.Step{Type: event.ExportSuccessful, At: row.FinishedAt})
}

// ExportQueue makes the export jobs of a project, some of which wait for others.
type ExportQueue struct {
	unfinished []db.ExportJob
	names      map[objectid.ID]db.GetExportNamesRow // by cluster
}

// NewExportQueue returns the queue as it is at a time.
func NewExportQueue(ctx context.Context, conn db.DBTX, projectID objectid.ID, at time.Time) (*ExportQueue, error) {
	unfinished, err := db.New().ListUnfinishedExportJobs(ctx, conn, db.ListUnfinishedExportJobsParams{
		ProjectID: projectID, Now: at,
	})
	return &ExportQueue{unfinished, make(map[objectid.ID]db.GetExportNamesRow)},
		atlas.Wrap(err, "list unfinished export jobs")
}

// Add returns the job that exports a completed snapshot from a time on, which is not before
// that of the one before. It returns EXPORT_JOB_ALREADY_ACTIVE if the snapshot is being
// exported then.
func (q *ExportQueue) Add(
	ctx context.Context, conn db.DBTX, snapshot Snapshot, bucketID objectid.ID, data []CustomData, at time.Time,
	env atlas.Env,
) (db.ExportJob, error) {
	q.unfinished = slices.DeleteFunc(q.unfinished, func(job db.ExportJob) bool { return !job.FinishedAt.After(at) })
	of := slices.IndexFunc(q.unfinished, func(job db.ExportJob) bool { return job.SnapshotID == snapshot.ID })
	if of >= 0 {
		active := q.unfinished[of]
		return db.ExportJob{}, atlas.NewError(atlas.CodeExportJobActive, snapshot.ID.String()).
			Fact("exportJob", active.ID.String(), "").
			Fact("finishedAt", active.FinishedAt.Format(time.RFC3339), "not after "+at.Format(time.RFC3339))
	}
	prefix, err := q.prefix(ctx, conn, snapshot, at)
	if err != nil {
		return db.ExportJob{}, err
	}
	if data == nil {
		data = []CustomData{}
	}
	encoded, err := json.Marshal(data)
	row := db.ExportJob{
		ProjectID:      snapshot.ProjectID,
		ID:             env.NewID(at),
		ClusterID:      snapshot.ClusterID,
		SnapshotID:     snapshot.ID,
		ExportBucketID: bucketID,
		CustomData:     encoded,
		Prefix:         prefix,
		Members:        snapshot.Snapshot.Members,
		ReplicaSets:    int32(max(len(snapshot.Members), 1)), //nolint:gosec // Shards are few.
		CreatedAt:      at,
		StartedAt:      exportStart(q.unfinished, at.Add(env.Pace.ExportQueued)),
	}
	row.FinishedAt = row.StartedAt.Add(env.Pace.Exporting)
	q.unfinished = append(q.unfinished, row)
	return row, atlas.Wrap(err, "encode custom data of export job")
}

// maxExporting is how many replica sets of a project can be exported before a job waits.
// Atlas, "Export Cloud Backup Snapshot".
const maxExporting = 5

// exportStart returns when a job can start from a time on, after those that are active.
func exportStart(active []db.ExportJob, from time.Time) time.Time {
	for _, job := range active {
		if job.StartedAt.After(from) {
			from = job.StartedAt
		}
	}
	starts := []time.Time{from}
	for _, job := range active {
		if job.FinishedAt.After(from) {
			starts = append(starts, job.FinishedAt)
		}
	}
	slices.SortFunc(starts, time.Time.Compare)
	for _, start := range starts {
		exporting := 0
		for _, job := range active {
			if !job.StartedAt.After(start) && job.FinishedAt.After(start) {
				exporting += int(job.ReplicaSets)
			}
		}
		if exporting < maxExporting {
			return start
		}
	}
	return starts[len(starts)-1]
}

// prefix returns where in a bucket a snapshot is exported to.
func (q *ExportQueue) prefix(ctx context.Context, conn db.DBTX, snapshot Snapshot, at time.Time) (string, error) {
	names, ok := q.names[snapshot.ClusterID]
	if !ok {
		var err error
		names, err = db.New().GetExportNames(ctx, conn, db.GetExportNamesParams{
			ProjectID: snapshot.ProjectID, ClusterID: snapshot.ClusterID,
		})
		if err != nil {
			return "", atlas.WrapMissing(err, "get names of organization and project",
				atlas.NewError(atlas.CodeProjectNotFound, snapshot.ProjectID.String()))
		}
		q.names[snapshot.ClusterID] = names
	}
	org, project := names.OrgID.String(), snapshot.ProjectID.String()
	if names.UseNamesInPrefix {
		org, project = objectName(names.OrgName), objectName(names.ProjectName)
	}
	return fmt.Sprintf("exported_snapshots/%s/%s/%s/%s/%d", org, project, snapshot.Cluster.Name,
		snapshot.TakenAt.UTC().Format("2006-01-02T1504"), at.Unix()), nil
}

// objectName returns a name as part of the key of an object: blanks are underscores, and
// what S3 advises against is dropped (S3, "Naming Amazon S3 objects").
func objectName(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '_'
		case r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', strings.ContainsRune("!-_.*'()", r):
			return r
		default:
			return -1
		}
	}, name)
}

// GetExportJob returns an export job of the cluster. It returns CLUSTER_NOT_FOUND or
// EXPORT_JOB_NOT_FOUND.
func (s *Service) GetExportJob(
	ctx context.Context, project atlas.SnapshotWriter, name string, id objectid.ID,
) (ExportJob, error) {
	of, err := cluster.Get(ctx, s.pool, project, name)
	if err != nil {
		return ExportJob{}, err
	}
	row, err := s.q.GetExportJob(ctx, s.pool, db.GetExportJobParams{ProjectID: of.ProjectID, ClusterID: of.ID, ID: id})
	if err != nil {
		return ExportJob{}, atlas.WrapMissing(err, "get export job",
			atlas.NewError(atlas.CodeExportJobNotFound, id.String(), name))
	}
	return ExportJobAt(row, project.Now())
}

// ListExportJobs returns one page of the export jobs of a cluster, newest first.
func (s *Service) ListExportJobs(
	ctx context.Context, project atlas.SnapshotWriter, name string, page atlas.Page,
) (atlas.List[ExportJob], error) {
	of, err := cluster.Get(ctx, s.pool, project, name)
	if err != nil {
		return atlas.List[ExportJob]{}, err
	}
	rows, err := atlas.NewList("export jobs", page, func(limit int32, offset int64) ([]db.ListExportJobsRow, error) {
		return s.q.ListExportJobs(ctx, s.pool, db.ListExportJobsParams{
			ProjectID: of.ProjectID, ClusterID: of.ID, RowLimit: limit, RowOffset: offset,
		})
	}, func(row db.ListExportJobsRow) (db.ExportJob, int64) { return row.ExportJob, row.TotalCount })
	if err != nil {
		return atlas.List[ExportJob]{}, err
	}
	return atlas.DecodeList(rows, func(row db.ExportJob) (ExportJob, error) { return ExportJobAt(row, project.Now()) })
}
