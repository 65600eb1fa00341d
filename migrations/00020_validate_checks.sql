-- +goose Up
SET LOCAL lock_timeout = '5s';

-- Those of the files before. This does not keep others from reading and writing.
ALTER TABLE api_keys VALIDATE CONSTRAINT api_keys_private_key_suffix_check;
ALTER TABLE service_account_secrets VALIDATE CONSTRAINT service_account_secrets_suffix_check;
ALTER TABLE access_list_entries VALIDATE CONSTRAINT access_list_entries_last_used_check;
ALTER TABLE orgs VALIDATE CONSTRAINT orgs_settings_check;

-- +goose Down
SELECT; -- The constraints go with their columns.
