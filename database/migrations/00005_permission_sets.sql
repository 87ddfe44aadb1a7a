-- IAM Identity Center: permission sets, who has them in which accounts, applications.

-- +goose Up

-- What an instance has beside its people. One without a row has none of it.
create table identity_center_settings (
    instance_id       text   not null primary key references identity_centers (id),
    scope             text   not null,                       -- whose key seals: organization:... | account:...
    permission_sets   bigint not null,                       -- 1: an account instance that was given permission sets
    access_control    text,                                  -- JSON object, key to sources; null: not configured
    client_token      text,                                  -- with which the instance was asked for
    tags_sealed       bytea
);

create table permission_sets (
    id             text   not null primary key,              -- ps-...
    instance_id    text   not null references identity_centers (id),
    scope          text   not null,
    name           text   not null,
    region         text   not null,                          -- the instance's, of which the paths of its roles tell
    duration       text   not null,                          -- of sessions, ISO 8601
    details_sealed bytea  not null,                          -- JSON: description, relay state, tags
    inline_policy  text,
    boundary       text,                                     -- ARN of an AWS managed policy, or path and name of a customer managed one
    version        bigint not null,                          -- counts changes
    created_at     bigint not null,
    unique (instance_id, name)
);
create index permission_sets_instance on permission_sets (instance_id, id);

create table permission_set_policies (
    permission_set_id text   not null references permission_sets (id),
    policy            text   not null,                       -- as boundary above
    attached_at       bigint not null,
    primary key (permission_set_id, policy)
);

-- Where a permission set is a role, and as which version of it.
create table provisioned_sets (
    permission_set_id text   not null references permission_sets (id),
    account_id        text   not null references accounts (id),
    role_id           text   not null,                       -- unique id of the role
    version           bigint not null,
    provisioned_at    bigint not null,
    primary key (permission_set_id, account_id)
);
create index provisioned_sets_account on provisioned_sets (account_id, permission_set_id);

-- Principals are kept when they are deleted, as AWS keeps them: hence no reference.
create table account_assignments (
    permission_set_id text   not null references permission_sets (id),
    account_id        text   not null references accounts (id),
    principal_id      text   not null,                       -- a user or a group
    principal_type    text   not null,                       -- USER | GROUP
    created_at        bigint not null,
    primary key (permission_set_id, account_id, principal_id)
);
create index account_assignments_principal on account_assignments (principal_id, account_id, permission_set_id);

-- What was asked for and is done by a job, or was.
create table center_requests (
    id                text   not null primary key,           -- UUID
    instance_id       text   not null references identity_centers (id),
    kind              text   not null,                       -- CREATION | DELETION of an assignment, PROVISIONING
    permission_set_id text   not null,
    account_id        text,                                  -- null: every account where the set is provisioned
    principal_id      text,                                  -- of an assignment
    principal_type    text,
    state             text   not null,                       -- IN_PROGRESS | SUCCEEDED | FAILED
    failure           text,                                  -- why it FAILED, or will when it ends
    done_to           text,                                  -- the last account of many that was provisioned
    created_at        bigint not null,
    completed_at      bigint
);
create index center_requests_instance on center_requests (instance_id, kind, id);
create index center_requests_set on center_requests (permission_set_id, state, account_id);
create index center_requests_completed on center_requests (completed_at);

create table center_applications (
    id                  text   not null primary key,         -- apl-...
    instance_id         text   not null references identity_centers (id),
    scope               text   not null,
    account_id          text   not null references accounts (id),
    provider            text   not null,                     -- ARN
    name                text   not null,
    status              text   not null,                     -- ENABLED | DISABLED
    details_sealed      bytea  not null,                     -- JSON: description, tags, and how it is set up
    client_token        text,
    created_at          bigint not null,
    unique (instance_id, account_id, client_token)
);
create index center_applications_instance on center_applications (instance_id, id);

create table application_assignments (
    application_id text   not null references center_applications (id),
    principal_id   text   not null,
    principal_type text   not null,
    created_at     bigint not null,
    primary key (application_id, principal_id)
);
create index application_assignments_principal on application_assignments (principal_id, application_id);

create table trusted_token_issuers (
    id             text   not null primary key,              -- tti-...
    instance_id    text   not null references identity_centers (id),
    scope          text   not null,
    account_id     text   not null references accounts (id),
    name           text   not null,
    issuer_url     text   not null,
    details_sealed bytea  not null,                          -- JSON: paths of claims and attributes, tags
    client_token   text,
    created_at     bigint not null,
    unique (instance_id, issuer_url),
    unique (instance_id, account_id, client_token)
);
create index trusted_token_issuers_instance on trusted_token_issuers (instance_id, id);

-- +goose Down
drop table trusted_token_issuers;
drop table application_assignments;
drop table center_applications;
drop table center_requests;
drop table account_assignments;
drop table provisioned_sets;
drop table permission_set_policies;
drop table permission_sets;
drop table identity_center_settings;
