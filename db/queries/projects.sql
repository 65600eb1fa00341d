-- name: InsertProject :one
-- Adds the project, or returns no row if there is one of that id.
INSERT INTO projects (
    id,
    org_id,
    name,
    created_at,
    with_default_alerts_settings,
    managed_slow_ms,
    tags,
    settings,
    limits
)
VALUES (@id, @org_id, @name, @created_at, @with_default_alerts_settings, true, @tags, '{}', '{}')
ON CONFLICT (id) DO NOTHING
RETURNING *;

-- name: GetProject :one
-- With the number of its clusters that are not gone.
SELECT
    sqlc.embed(projects),
    (
        SELECT count(*)
        FROM clusters
        WHERE clusters.project_id = @project_id
            AND (clusters.gone_at IS NULL OR clusters.gone_at > @now::timestamptz)
    ) AS cluster_count
FROM projects
WHERE projects.id = @project_id;

-- name: GetProjectByName :one
-- The project, if the principal has a role on it: on this one, or on every
-- project of the organization; with the number of its clusters that are not gone.
SELECT
    sqlc.embed(projects),
    (
        SELECT count(*)
        FROM clusters
        WHERE clusters.project_id = projects.id
            AND (clusters.gone_at IS NULL OR clusters.gone_at > @now::timestamptz)
    ) AS cluster_count
FROM projects
WHERE projects.org_id = @org_id
    AND projects.name = @name
    AND (
        @every_project::boolean
        OR EXISTS (
            SELECT
            FROM project_role_grants
            WHERE project_role_grants.project_id = projects.id
                AND project_role_grants.org_id = projects.org_id
                AND project_role_grants.principal_id = @principal_id
        )
    );

-- name: GetProjectForKeyShare :one
-- Keeps the project from being deleted.
SELECT id
FROM projects
WHERE id = @project_id
FOR KEY SHARE;

-- name: GetProjectForKeyShareSkipLocked :one
-- Does what GetProjectForKeyShare does, and returns no row if someone has locked the
-- project.
SELECT id
FROM projects
WHERE id = @project_id
FOR KEY SHARE SKIP LOCKED;

-- name: GetProjectForNoKeyUpdate :one
-- Locks the project: whoever else holds it, changes it or deletes it waits.
SELECT *
FROM projects
WHERE id = @project_id
FOR NO KEY UPDATE;

-- name: GetProjectForUpdate :one
-- Locks the project to delete it: whoever adds something to it waits, too.
SELECT *
FROM projects
WHERE id = @project_id
FOR UPDATE;

-- name: GetExportNames :one
-- What the exports of a cluster are named after.
SELECT
    projects.org_id,
    projects.name AS project_name,
    orgs.name AS org_name,
    coalesce(
        (
            SELECT backup_schedules.use_names_in_prefix
            FROM backup_schedules
            WHERE backup_schedules.project_id = @project_id AND backup_schedules.cluster_id = @cluster_id
        ), false
    )::boolean AS use_names_in_prefix
FROM projects
INNER JOIN orgs ON orgs.id = projects.org_id
WHERE projects.id = @project_id;

-- name: ListProjectNames :many
SELECT id, name
FROM projects
WHERE org_id = @org_id AND id = ANY(@project_ids::text[]);

-- name: ListProjects :many
-- The projects that the principal has a role on and whose name begins so, in
-- whatever case, by name in byte order, each with the number of its clusters that are
-- not gone and the number of all projects.
SELECT
    sqlc.embed(projects),
    (
        SELECT count(*)
        FROM clusters
        WHERE clusters.project_id = projects.id
            AND (clusters.gone_at IS NULL OR clusters.gone_at > @now::timestamptz)
    ) AS cluster_count,
    count(*) OVER () AS total_count
FROM projects
WHERE projects.org_id = @org_id
    AND (
        @every_project::boolean
        OR EXISTS (
            SELECT
            FROM project_role_grants
            WHERE project_role_grants.project_id = projects.id
                AND project_role_grants.org_id = projects.org_id
                AND project_role_grants.principal_id = @principal_id
        )
    )
    AND starts_with(lower(projects.name), lower(@name_prefix::text))
ORDER BY projects.name COLLATE "C", projects.id
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: ListProjectsForUpdate :many
-- Locks all projects of the organization to delete some: whoever adds something to one
-- waits.
SELECT id
FROM projects
WHERE org_id = @org_id
ORDER BY id
FOR UPDATE;

-- name: ListProjectIDs :many
SELECT id::text AS id
FROM projects
WHERE org_id = @org_id
ORDER BY id
LIMIT 100000;

-- name: ListDueProjects :many
-- The projects of the organization that something is due of.
SELECT id
FROM projects
WHERE org_id = @org_id AND due_at <= @now::timestamptz
ORDER BY id
LIMIT @row_limit::integer;

-- name: ListOrgProjectsHaving :many
-- The projects of the organization or, if an object is named, the one that has it: an
-- access role, an export bucket or a snapshot by its id, or a cluster by its name.
SELECT projects.id, projects.name
FROM projects
WHERE projects.org_id = @org_id
    AND (
        sqlc.narg('object')::text IS NULL
        OR EXISTS (
            SELECT FROM cloud_provider_access_roles AS role
            WHERE role.project_id = projects.id AND role.id = sqlc.narg('object')::text
        )
        OR EXISTS (
            SELECT FROM export_buckets AS bucket
            WHERE bucket.project_id = projects.id AND bucket.id = sqlc.narg('object')::text
        )
        OR EXISTS (
            SELECT FROM snapshots AS snapshot
            WHERE snapshot.project_id = projects.id AND snapshot.id = sqlc.narg('object')::text
        )
        OR EXISTS (
            SELECT FROM clusters AS cluster
            WHERE cluster.project_id = projects.id AND cluster.name = sqlc.narg('object')::text
        )
    )
ORDER BY projects.id
LIMIT @row_limit;

-- name: CountProjects :one
SELECT count(*)
FROM projects
WHERE org_id = @org_id;

-- name: UpdateProject :one
-- Leaves what is NULL as it is.
UPDATE projects
SET name = coalesce(sqlc.narg('name'), name),
    tags = coalesce(sqlc.narg('tags'), tags),
    with_default_alerts_settings = coalesce(sqlc.narg('with_default_alerts_settings'), with_default_alerts_settings)
WHERE id = @project_id
RETURNING id;

-- name: UpdateProjectSettings :one
-- Changes the settings that are in the object and no others.
UPDATE projects
SET settings = settings || @changes::jsonb
WHERE id = @project_id
RETURNING settings;

-- name: UpdateProjectManagedSlowMs :one
UPDATE projects
SET managed_slow_ms = @managed_slow_ms
WHERE id = @project_id
RETURNING id;

-- name: UpdateProjectLimit :one
UPDATE projects
SET limits = limits || jsonb_build_object(@name::text, @value::bigint)
WHERE id = @project_id
RETURNING id;

-- name: UpdateProjectLimitToDefault :one
-- Brings a limit back to its default.
UPDATE projects
SET limits = limits - @name::text
WHERE id = @project_id
RETURNING id;

-- name: UpdateProjectDueAt :exec
-- Finds anew when the next thing of the project is due.
UPDATE projects
SET due_at = least(
    (SELECT min(clusters.due_at) FROM clusters WHERE clusters.project_id = @project_id),
    (SELECT min(backup_schedules.due_at) FROM backup_schedules WHERE backup_schedules.project_id = @project_id),
    (SELECT min(coming_events.happens_at) FROM coming_events WHERE coming_events.project_id = @project_id),
    (SELECT min(snapshots.due_at) FROM snapshots WHERE snapshots.project_id = @project_id),
    (SELECT min(delete_after) FROM project_access_list_entries AS entry WHERE entry.project_id = @project_id),
    (SELECT min(delete_after) FROM database_users WHERE database_users.project_id = @project_id)
)
WHERE projects.id = @project_id;

-- name: UpdateOrgProjectsDueAt :exec
-- Lets whoever looks next settle the projects of the organization, all that something is
-- ever due of or, if one is given, that alone.
UPDATE projects
SET due_at = @now
WHERE org_id = @org_id
    AND due_at IS NOT NULL
    AND (sqlc.narg('project_id')::object_id IS NULL OR id = sqlc.narg('project_id')::object_id);

-- name: DeleteProject :exec
DELETE FROM projects
WHERE id = @project_id;
