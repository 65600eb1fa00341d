-- +goose Up
SET LOCAL lock_timeout = '5s';

-- A state is restored table by table, and what refers to what is right at the end. Other
-- transactions don't ask for it, and are checked statement by statement as before.
ALTER TABLE projects
    ALTER CONSTRAINT projects_org_id_fkey DEFERRABLE;
ALTER TABLE principals
    ALTER CONSTRAINT principals_org_id_fkey DEFERRABLE;
ALTER TABLE api_keys
    ALTER CONSTRAINT api_keys_org_id_id_kind_fkey DEFERRABLE;
ALTER TABLE service_accounts
    ALTER CONSTRAINT service_accounts_org_id_id_kind_fkey DEFERRABLE;
ALTER TABLE service_account_secrets
    ALTER CONSTRAINT service_account_secrets_org_id_service_account_id_fkey DEFERRABLE;
ALTER TABLE org_role_grants
    ALTER CONSTRAINT org_role_grants_org_id_principal_id_fkey DEFERRABLE;
ALTER TABLE project_role_grants
    ALTER CONSTRAINT project_role_grants_org_id_project_id_fkey DEFERRABLE,
    ALTER CONSTRAINT project_role_grants_org_id_principal_id_fkey DEFERRABLE;
ALTER TABLE access_list_entries
    ALTER CONSTRAINT access_list_entries_org_id_principal_id_fkey DEFERRABLE;
ALTER TABLE cloud_provider_access_roles
    ALTER CONSTRAINT cloud_provider_access_roles_project_id_fkey DEFERRABLE;
ALTER TABLE export_buckets
    ALTER CONSTRAINT export_buckets_project_id_role_id_cloud_provider_fkey DEFERRABLE,
    ALTER CONSTRAINT export_buckets_project_id_role_id_tenant_id_fkey DEFERRABLE;
ALTER TABLE clusters
    ALTER CONSTRAINT clusters_project_id_fkey DEFERRABLE;
ALTER TABLE network_containers
    ALTER CONSTRAINT network_containers_project_id_fkey DEFERRABLE;
ALTER TABLE project_access_list_entries
    ALTER CONSTRAINT project_access_list_entries_project_id_fkey DEFERRABLE;
ALTER TABLE database_users
    ALTER CONSTRAINT database_users_project_id_fkey DEFERRABLE;
ALTER TABLE backup_schedules
    ALTER CONSTRAINT backup_schedules_project_id_cluster_id_fkey DEFERRABLE,
    ALTER CONSTRAINT backup_schedules_project_id_export_bucket_id_fkey DEFERRABLE;
ALTER TABLE snapshots
    ALTER CONSTRAINT snapshots_project_id_cluster_id_fkey DEFERRABLE;
ALTER TABLE export_jobs
    ALTER CONSTRAINT export_jobs_project_id_cluster_id_fkey DEFERRABLE;

-- +goose Down
SET LOCAL lock_timeout = '5s';

ALTER TABLE projects
    ALTER CONSTRAINT projects_org_id_fkey NOT DEFERRABLE;
ALTER TABLE principals
    ALTER CONSTRAINT principals_org_id_fkey NOT DEFERRABLE;
ALTER TABLE api_keys
    ALTER CONSTRAINT api_keys_org_id_id_kind_fkey NOT DEFERRABLE;
ALTER TABLE service_accounts
    ALTER CONSTRAINT service_accounts_org_id_id_kind_fkey NOT DEFERRABLE;
ALTER TABLE service_account_secrets
    ALTER CONSTRAINT service_account_secrets_org_id_service_account_id_fkey NOT DEFERRABLE;
ALTER TABLE org_role_grants
    ALTER CONSTRAINT org_role_grants_org_id_principal_id_fkey NOT DEFERRABLE;
ALTER TABLE project_role_grants
    ALTER CONSTRAINT project_role_grants_org_id_project_id_fkey NOT DEFERRABLE,
    ALTER CONSTRAINT project_role_grants_org_id_principal_id_fkey NOT DEFERRABLE;
ALTER TABLE access_list_entries
    ALTER CONSTRAINT access_list_entries_org_id_principal_id_fkey NOT DEFERRABLE;
ALTER TABLE cloud_provider_access_roles
    ALTER CONSTRAINT cloud_provider_access_roles_project_id_fkey NOT DEFERRABLE;
ALTER TABLE export_buckets
    ALTER CONSTRAINT export_buckets_project_id_role_id_cloud_provider_fkey NOT DEFERRABLE,
    ALTER CONSTRAINT export_buckets_project_id_role_id_tenant_id_fkey NOT DEFERRABLE;
ALTER TABLE clusters
    ALTER CONSTRAINT clusters_project_id_fkey NOT DEFERRABLE;
ALTER TABLE network_containers
    ALTER CONSTRAINT network_containers_project_id_fkey NOT DEFERRABLE;
ALTER TABLE project_access_list_entries
    ALTER CONSTRAINT project_access_list_entries_project_id_fkey NOT DEFERRABLE;
ALTER TABLE database_users
    ALTER CONSTRAINT database_users_project_id_fkey NOT DEFERRABLE;
ALTER TABLE backup_schedules
    ALTER CONSTRAINT backup_schedules_project_id_cluster_id_fkey NOT DEFERRABLE,
    ALTER CONSTRAINT backup_schedules_project_id_export_bucket_id_fkey NOT DEFERRABLE;
ALTER TABLE snapshots
    ALTER CONSTRAINT snapshots_project_id_cluster_id_fkey NOT DEFERRABLE;
ALTER TABLE export_jobs
    ALTER CONSTRAINT export_jobs_project_id_cluster_id_fkey NOT DEFERRABLE;
