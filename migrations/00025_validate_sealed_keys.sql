-- +goose Up
SET LOCAL lock_timeout = '5s';

ALTER TABLE api_keys VALIDATE CONSTRAINT api_keys_ha1_check;
ALTER TABLE nonce_keys VALIDATE CONSTRAINT nonce_keys_key_check;

-- +goose Down
SELECT; -- The file before puts the old ones in their place.
