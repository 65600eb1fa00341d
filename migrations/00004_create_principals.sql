-- +goose Up
CREATE TYPE principal_kind AS ENUM ('API_KEY', 'SERVICE_ACCOUNT');

-- Whoever may call. Role grants and access lists hang here, so that both kinds
-- share one rule. The kind stands in the foreign keys of both, so that one
-- principal can't be of two kinds.
CREATE TABLE principals (
    org_id object_id NOT NULL,
    id object_id NOT NULL,
    kind principal_kind NOT NULL,
    CONSTRAINT principals_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT principals_id_key UNIQUE (id),
    CONSTRAINT principals_org_id_id_kind_key UNIQUE (org_id, id, kind),
    CONSTRAINT principals_org_id_fkey FOREIGN KEY (org_id) REFERENCES orgs (id)
);

-- +goose Down
DROP TABLE principals;
DROP TYPE principal_kind;
