-- name: InsertEventBatch :exec
-- Adds events: those with an organization to the organization, and those with a project
-- to the project. Those that are to come wait until it is their time.
WITH asked AS (
    SELECT
        asked.id::text AS id,
        asked.created_at::timestamptz AS created_at,
        asked.type::text AS type,
        asked.project_id::text AS project_id,
        asked.org_id::text AS org_id,
        asked.cluster_name::text AS cluster_name,
        asked.coming_of::text AS coming_of,
        asked.caller_id::text AS caller_id,
        asked.public_key::text AS public_key,
        asked.remote_address::inet AS remote_address,
        asked.details::jsonb AS details
    FROM jsonb_to_recordset(@asked::jsonb) AS asked (
        id text,
        created_at timestamptz,
        type text,
        project_id text,
        org_id text,
        cluster_name text,
        coming_of text,
        caller_id text,
        public_key text,
        remote_address inet,
        details jsonb
    )
), of_orgs AS (
    INSERT INTO org_events (
        org_id,
        id,
        created_at,
        type,
        project_id,
        caller_id,
        public_key,
        remote_address,
        details
    )
    SELECT
        org_id,
        id,
        created_at,
        type,
        project_id,
        caller_id,
        public_key,
        remote_address,
        details
    FROM asked
    WHERE org_id IS NOT NULL
), coming AS (
    INSERT INTO coming_events (project_id, id, cluster_id, happens_at, type)
    SELECT project_id, id, coming_of, created_at, type
    FROM asked
    WHERE coming_of IS NOT NULL
)
INSERT INTO project_events (
    project_id,
    id,
    created_at,
    type,
    cluster_name,
    org_id,
    caller_id,
    public_key,
    remote_address,
    details
)
SELECT
    project_id,
    id,
    created_at,
    type,
    cluster_name,
    org_id,
    caller_id,
    public_key,
    remote_address,
    details
FROM asked
WHERE project_id IS NOT NULL AND coming_of IS NULL;

-- name: InsertDueEventBatch :exec
-- Adds the events whose time has come. A state that was restored may have one that has
-- been told.
WITH due AS (
    DELETE FROM coming_events
    WHERE project_id = @project_id AND happens_at <= @now::timestamptz
    RETURNING *
)
INSERT INTO project_events (project_id, id, created_at, type, cluster_name)
SELECT due.project_id, due.id, due.happens_at, due.type, clusters.name
FROM due
INNER JOIN clusters ON clusters.project_id = @project_id AND clusters.id = due.cluster_id
ON CONFLICT (project_id, id) DO NOTHING;

-- name: GetProjectEvent :one
SELECT *
FROM project_events
WHERE project_id = @project_id AND id = @id;

-- name: ListProjectEvents :many
-- Newest first, each with the number of all if it is asked for. An empty list of types or
-- clusters is all of them, which is asked once, not of each event. The statement sees no other events
-- than those of its first part.
WITH project_events AS NOT MATERIALIZED (
    SELECT event.*
    FROM project_events AS event
    WHERE event.project_id = @project_id
        AND event.created_at BETWEEN @min_date AND @max_date
        AND ((SELECT cardinality(@types::text[]) = 0) OR event.type = ANY(@types::text[]))
        AND ((SELECT cardinality(@excluded_types::text[]) = 0) OR event.type <> ALL(@excluded_types::text[]))
        AND ((SELECT cardinality(@cluster_names::text[]) = 0) OR event.cluster_name = ANY(@cluster_names::text[]))
)
SELECT
    sqlc.embed(project_events),
    CASE WHEN @counted::boolean THEN (SELECT count(*) FROM project_events AS counted) ELSE 0 END::bigint AS total_count
FROM project_events
ORDER BY created_at DESC, id DESC
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: DeleteProjectEvents :exec
DELETE FROM project_events
WHERE project_id = @project_id;

-- name: DeleteProjectEventsAfter :exec
-- Deletes what is to have happened to the projects of the organization after a time.
DELETE FROM project_events
USING projects
WHERE projects.org_id = @org_id
    AND project_events.project_id = projects.id
    AND project_events.created_at > @created_at;
