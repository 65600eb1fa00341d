-- +goose Up
-- Whoever may call: an API key or a service account. Role grants and access
-- lists hang here, so that both kinds share one rule.
CREATE TABLE principals (
    org_id object_id NOT NULL,
    id object_id NOT NULL,
    CONSTRAINT principals_pkey PRIMARY KEY (org_id, id),
    CONSTRAINT principals_id_key UNIQUE (id),
    CONSTRAINT principals_org_id_fkey FOREIGN KEY (org_id) REFERENCES orgs (id)
);

-- +goose Down
DROP TABLE principals;
