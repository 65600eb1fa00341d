-- +goose Up
-- The format of an id, stated once for every table. The "C" collation makes
-- ids compare by byte, which is the order of their creation to the second.
CREATE DOMAIN object_id AS text COLLATE "C"
    CONSTRAINT object_id_check CHECK (VALUE ~ '^[a-f0-9]{24}$');

-- +goose Down
DROP DOMAIN object_id;
