-- name: InsertDatabaseUser :one
INSERT INTO database_users (
    project_id,
    id,
    database_name,
    username,
    created_at,
    description,
    aws_iam_type,
    ldap_auth_type,
    oidc_auth_type,
    x509_type,
    labels,
    roles,
    scopes,
    delete_after
)
VALUES (
    @project_id,
    @id,
    @database_name,
    @username,
    @created_at,
    @description,
    @aws_iam_type,
    @ldap_auth_type,
    @oidc_auth_type,
    @x509_type,
    @labels,
    @roles,
    @scopes,
    @delete_after
)
RETURNING *;

-- name: GetDatabaseUser :one
SELECT *
FROM database_users
WHERE project_id = @project_id
    AND database_name = @database_name
    AND md5(username) = md5(@username::text)
    AND username = @username
    AND (delete_after IS NULL OR delete_after > @now::timestamptz);

-- name: GetDatabaseUserForUpdate :one
-- Locks a user to change it.
SELECT *
FROM database_users
WHERE project_id = @project_id AND id = @id
FOR UPDATE;

-- name: ListDatabaseUsers :many
-- Those that are not past their time, in the order in which they were added, each with
-- the number of all.
SELECT sqlc.embed(database_users), count(*) OVER () AS total_count
FROM database_users
WHERE project_id = @project_id
    AND (delete_after IS NULL OR delete_after > @now::timestamptz)
ORDER BY created_at, id
LIMIT @row_limit::integer
OFFSET @row_offset::bigint;

-- name: ListExpiredDatabaseUsers :many
SELECT *
FROM database_users
WHERE project_id = @project_id AND delete_after <= @now::timestamptz
ORDER BY delete_after, id;

-- name: CountDatabaseUsers :one
SELECT count(*)
FROM database_users
WHERE project_id = @project_id;

-- name: UpdateDatabaseUser :one
UPDATE database_users
SET description = @description,
    labels = @labels,
    roles = @roles,
    scopes = @scopes,
    delete_after = @delete_after
WHERE project_id = @project_id AND id = @id
RETURNING *;

-- name: DeleteDatabaseUser :one
DELETE FROM database_users
WHERE project_id = @project_id AND id = @id
RETURNING id;

-- name: DeleteExpiredDatabaseUsers :exec
DELETE FROM database_users
WHERE project_id = @project_id AND delete_after <= @now::timestamptz;
