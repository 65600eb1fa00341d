package api

import (
	"context"
	"time"

	"exportbuckets/internal/atlas"
	"exportbuckets/internal/backup"
	"exportbuckets/internal/objectid"
)

// exportJobBody is an export job on the wire. Unlike most bodies, it has no links. Atlas,
// "Cloud Backups".
type exportJobBody struct {
	Components     []componentBody       `json:"components,omitzero"` // of a sharded cluster
	CreatedAt      time.Time             `json:"createdAt"`
	CustomData     []backup.CustomData   `json:"customData"`
	ExportBucketID objectid.ID           `json:"exportBucketId"`
	ExportStatus   exportStatusBody      `json:"exportStatus"`
	FinishedAt     time.Time             `json:"finishedAt,omitzero"` // once it is
	ID             objectid.ID           `json:"id"`
	Prefix         string                `json:"prefix"`
	SnapshotID     objectid.ID           `json:"snapshotId"`
	State          backup.ExportJobState `json:"state"`
	StateReason    *backup.ExportFailure `json:"stateReason,omitzero"` // of one that failed
}

// componentBody is a replica set of a sharded cluster.
type componentBody struct {
	ExportID       objectid.ID `json:"exportId"`
	ReplicaSetName string      `json:"replicaSetName"`
}

// exportStatusBody counts collections, of which clusters have none here.
type exportStatusBody struct {
	ExportedCollections int `json:"exportedCollections"`
	TotalCollections    int `json:"totalCollections"`
}

func newExportJobBody(job backup.ExportJob) exportJobBody {
	body := exportJobBody{
		CreatedAt:      wholeSeconds(job.CreatedAt),
		CustomData:     job.CustomData,
		ExportBucketID: job.ExportBucketID,
		ID:             job.ID,
		Prefix:         job.Prefix,
		SnapshotID:     job.SnapshotID,
		State:          job.State,
	}
	for _, member := range job.Members {
		body.Components = append(body.Components, componentBody{member.ID, member.ReplicaSetName})
	}
	if job.IsFinished() {
		body.FinishedAt = wholeSeconds(job.FinishedAt)
	}
	if job.State == backup.ExportJobFailed {
		body.StateReason = job.Failure
	}
	return body
}

func (s *Server) createExportJob(
	ctx context.Context, project atlas.ScheduleWriter, c *call, request backup.ExportJobRequest,
) (exportJobBody, error) {
	job, err := s.backup.CreateExportJob(ctx, project, c.param("clusterName"), request)
	if err != nil {
		return exportJobBody{}, err
	}
	return newExportJobBody(job), nil
}

func (s *Server) listExportJobs(
	ctx context.Context, project atlas.SnapshotWriter, c *call, page atlas.Page,
) (atlas.List[exportJobBody], error) {
	jobs, err := s.backup.ListExportJobs(ctx, project, c.param("clusterName"), page)
	if err != nil {
		return atlas.List[exportJobBody]{}, err
	}
	return atlas.MapList(jobs, newExportJobBody), nil
}

func (s *Server) getExportJob(ctx context.Context, project atlas.SnapshotWriter, c *call) (exportJobBody, error) {
	job, err := s.backup.GetExportJob(ctx, project, c.param("clusterName"), c.id("exportId"))
	if err != nil {
		return exportJobBody{}, err
	}
	return newExportJobBody(job), nil
}
