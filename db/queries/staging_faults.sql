-- name: UpsertStagingFault :exec
-- Adds the fault after all others, or replaces the one of its name, whose place it takes. What is
-- staged in the organization is to get another version after that, in the same transaction.
INSERT INTO staging_faults (
    org_id, name, position, rule, skip, most, probability, seed, seen, applied, expires_at, revision
)
SELECT
    @org_id::object_id,
    @name,
    coalesce(max(staging_faults.position), 0) + 1,
    @rule,
    @skip,
    sqlc.narg('most'),
    @probability,
    sqlc.narg('seed'),
    0,
    0,
    @expires_at,
    (SELECT orgs.staging_version FROM orgs WHERE orgs.id = @org_id)
FROM staging_faults
WHERE staging_faults.org_id = @org_id
ON CONFLICT (org_id, name) DO UPDATE
SET rule = excluded.rule,
    skip = excluded.skip,
    most = excluded.most,
    probability = excluded.probability,
    seed = excluded.seed,
    seen = 0,
    applied = 0,
    expires_at = excluded.expires_at,
    revision = excluded.revision;

-- name: ListStagingFaults :many
-- Those that have not ended, in their order.
SELECT *
FROM staging_faults
WHERE org_id = @org_id AND expires_at > @now
ORDER BY position
LIMIT 1000;

-- name: CountStagingFaults :one
SELECT count(*)
FROM staging_faults
WHERE org_id = @org_id;

-- name: UpdateStagingFaultSeen :one
-- Counts a request that matches, and says whether the fault is applied to it, and whether it
-- is to none after that. A fault that took its place meanwhile has another revision. The row is
-- locked before it is looked at, so that replicas agree on which request is the second.
-- What is called chance with a seed are the first 52 bits of a hash.
WITH decided AS (
    SELECT
        (
            fault.seen >= fault.skip
            AND (fault.most IS NULL OR fault.applied < fault.most)
            AND CASE
                WHEN fault.seed IS NULL THEN random()
                ELSE ('x' || substr(md5(fault.seed::text || ' ' || (fault.seen + 1)::text), 1, 13))::bit(52)::bigint
                    / 4503599627370496::double precision
            END < fault.probability
        )::boolean AS applies
    FROM staging_faults AS fault
    WHERE fault.org_id = @org_id AND fault.name = @name AND fault.revision = @revision
    FOR UPDATE
)
UPDATE staging_faults
SET seen = staging_faults.seen + 1,
    applied = staging_faults.applied + decided.applies::integer
FROM decided
WHERE staging_faults.org_id = @org_id AND staging_faults.name = @name
RETURNING decided.applies, coalesce(staging_faults.applied >= staging_faults.most, false)::boolean AS spent;

-- name: DeleteEndedStagingFaults :exec
DELETE FROM staging_faults
WHERE org_id = @org_id AND expires_at <= @now;

-- name: DeleteStagingFault :execrows
DELETE FROM staging_faults
WHERE org_id = @org_id AND name = @name;

-- name: DeleteStagingFaults :execrows
DELETE FROM staging_faults
WHERE org_id = @org_id;
