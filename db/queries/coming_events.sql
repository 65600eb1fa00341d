-- name: DeleteComingEvents :exec
-- Deletes what will not happen to a cluster any longer: events of the types, and all after
-- it is gone.
DELETE FROM coming_events
WHERE project_id = @project_id
    AND cluster_id = @cluster_id
    AND (type = ANY(@types::text[]) OR happens_at > sqlc.narg('gone_at')::timestamptz);
