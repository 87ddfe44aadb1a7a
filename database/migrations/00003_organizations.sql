-- Organizations: who belongs to which, where in its tree, under which policies.

-- +goose Up

create table organizations (
    id                 text   not null primary key,                        -- o-...
    root_id            text   not null unique,                             -- r-...
    management_account text   not null unique references accounts (id),
    feature_set        text   not null,                                    -- ALL | CONSOLIDATED_BILLING
    tags_sealed        bytea,                                              -- of the root: JSON object
    created_at         bigint not null
);

-- A unit never moves, so its path is written once.
create table organizational_units (
    id              text   not null primary key,                           -- ou-<root>-...
    organization_id text   not null references organizations (id),
    parent_id       text   not null,                                       -- a root or a unit
    name            text   not null,
    path            text   not null,                                       -- o-.../r-.../ou-.../, itself the last
    tags_sealed     bytea,
    created_at      bigint not null,
    unique (parent_id, name)
);
create index organizational_units_parent on organizational_units (parent_id, id);
create index organizational_units_organization on organizational_units (organization_id);

-- Which organization an account is in, if any, and where. The management account is
-- in its own.
create table organization_accounts (
    account_id      text   not null primary key references accounts (id),
    organization_id text   not null references organizations (id),
    parent_id       text   not null,                                       -- a root or a unit
    joined_method   text   not null,                                       -- INVITED | CREATED
    joined_at       bigint not null,
    closed_at       bigint,                                                -- when the organization closed it
    tags_sealed     bytea
);
create index organization_accounts_organization on organization_accounts (organization_id, account_id);
create index organization_accounts_parent on organization_accounts (parent_id, account_id);

-- Accounts being made, and what became of them.
create table account_requests (
    id              text   not null primary key,                           -- car-...
    organization_id text   not null references organizations (id),
    name            text   not null,
    email_sealed    bytea  not null,
    role_name       text   not null,
    billing_access  text   not null,                                       -- ALLOW | DENY
    tags_sealed     bytea,
    state           text   not null,                                       -- IN_PROGRESS | SUCCEEDED | FAILED
    failure         text,                                                  -- why it FAILED
    account_id      text,                                                  -- once SUCCEEDED
    requested_at    bigint not null,
    completed_at    bigint
);
create index account_requests_organization on account_requests (organization_id, id);

-- What one account asks of another: to join, or to agree to all features.
create table handshakes (
    id              text   not null primary key,                           -- h-...
    organization_id text   not null references organizations (id),         -- who asks
    action          text   not null,                                       -- INVITE | ENABLE_ALL_FEATURES | APPROVE_ALL_FEATURES
    parent_id       text,                                                  -- of APPROVE_: the ENABLE_ one
    account_id      text,                                                  -- who is asked, where that is known
    email_sealed    bytea,                                                 -- who is asked, where only the address is
    email_hash      bytea,                                                 -- of email_sealed, under the directory's key
    notes_sealed    bytea,
    tags_sealed     bytea,                                                 -- what the account is to get when it joins
    state           text   not null,                                       -- REQUESTED | OPEN | CANCELED | ACCEPTED | DECLINED
    requested_at    bigint not null,
    expires_at      bigint not null,
    answered_at     bigint
);
create index handshakes_organization on handshakes (organization_id, id);
create index handshakes_account on handshakes (account_id, id);
create index handshakes_email on handshakes (email_hash, id);
create index handshakes_parent on handshakes (parent_id);

-- Which types of policies count in an organization's root.
create table organization_policy_types (
    organization_id text   not null references organizations (id),
    type            text   not null,                                       -- e.g. SERVICE_CONTROL_POLICY
    enabled_at      bigint not null,
    primary key (organization_id, type)
);

create table organization_policies (
    id                 text   not null primary key,                        -- p-...
    organization_id    text   not null references organizations (id),
    type               text   not null,
    name               text   not null,
    content            text   not null,
    description_sealed bytea,
    tags_sealed        bytea,
    updated_at         bigint not null,
    unique (organization_id, type, name)
);
create index organization_policies_type on organization_policies (organization_id, type, id);

-- What is attached where. AWS's own policies are in no table, hence no reference.
create table organization_attachments (
    organization_id text   not null references organizations (id),
    target_id       text   not null,                                       -- a root, a unit or an account
    policy_id       text   not null,
    type            text   not null,                                       -- of the policy
    attached_at     bigint not null,
    primary key (organization_id, target_id, policy_id)
);
create index organization_attachments_policy on organization_attachments (organization_id, policy_id, target_id);

-- AWS services that work with the organization.
create table organization_services (
    organization_id text   not null references organizations (id),
    service         text   not null,                                       -- service principal
    enabled_at      bigint not null,
    primary key (organization_id, service)
);

-- Member accounts that administer a service for the organization.
create table delegated_administrators (
    organization_id text   not null references organizations (id),
    account_id      text   not null references organization_accounts (account_id),
    service         text   not null,                                       -- service principal
    enabled_at      bigint not null,
    primary key (account_id, service)
);
create index delegated_administrators_organization on delegated_administrators (organization_id, account_id, service);

-- The policy of an organization about itself, which gives its members access.
create table organization_resource_policies (
    organization_id text   not null primary key references organizations (id),
    id              text   not null,                                       -- rp-...
    content         text   not null,
    tags_sealed     bytea
);

-- +goose Down
drop table organization_resource_policies;
drop table delegated_administrators;
drop table organization_services;
drop table organization_attachments;
drop table organization_policies;
drop table organization_policy_types;
drop table handshakes;
drop table account_requests;
drop table organization_accounts;
drop table organizational_units;
drop table organizations;
