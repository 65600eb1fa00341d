-- name: InsertJournalEntries :copyfrom
INSERT INTO journal_entries (
    org_id,
    id,
    at,
    kind,
    operation,
    status,
    error_code,
    fault,
    project,
    principal,
    user_agent,
    request_id,
    size,
    entry
)
VALUES (
    @org_id,
    @id,
    @at,
    @kind,
    @operation,
    @status,
    @error_code,
    @fault,
    @project,
    @principal,
    @user_agent,
    @request_id,
    @size,
    @entry
);

-- name: GetJournalEntry :one
SELECT entry
FROM journal_entries
WHERE org_id = @org_id AND id = @id;

-- name: GetJournalSize :one
-- How large the table is, with what is free in it.
SELECT pg_total_relation_size('journal_entries')::bigint AS size;

-- name: ListJournalEntries :many
-- The newest entries that match all that is given, newest first. A status stands for
-- itself, and from 4 to 5 for all that begin with it. Of a user agent the beginning is
-- given.
SELECT entry
FROM journal_entries
WHERE org_id = @org_id
    AND (sqlc.narg('operation')::text IS NULL OR operation = sqlc.narg('operation')::text)
    AND (sqlc.narg('status')::integer IS NULL OR sqlc.narg('status')::integer IN (status, status / 100))
    AND (sqlc.narg('error_code')::text IS NULL OR error_code = sqlc.narg('error_code')::text)
    AND (sqlc.narg('fault')::text IS NULL OR fault = sqlc.narg('fault')::text)
    AND (sqlc.narg('project')::text IS NULL OR project = sqlc.narg('project')::text)
    AND (sqlc.narg('principal')::text IS NULL OR principal = sqlc.narg('principal')::text)
    AND (sqlc.narg('user_agent')::text IS NULL OR starts_with(user_agent, sqlc.narg('user_agent')::text))
    AND (sqlc.narg('request_id')::text IS NULL OR request_id = sqlc.narg('request_id')::text)
    AND (sqlc.narg('since')::timestamptz IS NULL OR at >= sqlc.narg('since')::timestamptz)
    AND (sqlc.narg('before')::object_id IS NULL OR id < sqlc.narg('before')::object_id)
ORDER BY id DESC
LIMIT @row_limit;

-- name: ListJournalVersions :many
-- Which versions the clients of the organization have used.
SELECT
    user_agent,
    operation,
    (entry -> 'version')::jsonb AS version,
    count(*) AS requests,
    max(at)::timestamptz AS last_seen
FROM journal_entries
WHERE org_id = @org_id AND entry -> 'version' IS NOT NULL
GROUP BY 1, 2, 3
ORDER BY user_agent, operation, version
LIMIT @row_limit;

-- name: DeleteJournalEntries :execrows
-- Empties the journal of the organization.
DELETE FROM journal_entries
WHERE org_id = @org_id;

-- name: DeleteJournalEntriesOfOrgPast :execrows
-- Leaves the newest entries of the organization, so many, and none of one that is gone.
DELETE FROM journal_entries
WHERE journal_entries.org_id = @org_id AND (
    journal_entries.id <= (
        SELECT past.id
        FROM journal_entries AS past
        WHERE past.org_id = @org_id
        ORDER BY past.id DESC
        OFFSET @kept::integer
        LIMIT 1
    )
    OR NOT EXISTS (SELECT FROM orgs WHERE orgs.id = @org_id)
);

-- name: DeleteJournalEntriesBefore :execrows
DELETE FROM journal_entries
WHERE at < @before;

-- name: DeleteJournalEntriesPast :execrows
-- Leaves the newest entries of all organizations that have so many bytes together.
DELETE FROM journal_entries
WHERE journal_entries.at <= (
    SELECT max(newest.at)
    FROM (
        SELECT entry.at, sum(entry.size) OVER (ORDER BY entry.at DESC) AS total
        FROM journal_entries AS entry
    ) AS newest
    WHERE newest.total > @bytes::bigint
);
