-- The account side: AWS accounts and what IAM and STS keep in each.

-- +goose Up

create table accounts (
    id           text   not null primary key, -- twelve digits
    name         text   not null,
    alias        text   unique,               -- for sign-in pages; one in the whole partition
    email_sealed bytea  not null,             -- of the root user, under the account's key
    email_hash   bytea  not null unique,      -- under the directory's look-up key: one address, one account
    status       text   not null,             -- ACTIVE | SUSPENDED
    created_at   bigint not null,
    closed_at    bigint
);

-- IAM users, groups and roles. Their ids are IAM's unique ids, never used again,
-- so that a policy that means a deleted role does not mean its successor.
create table entities (
    id                 text   not null primary key, -- AIDA..., AGPA..., AROA...
    account_id         text   not null references accounts (id),
    kind               text   not null,             -- user | group | role
    name               text   not null,
    name_key           text   not null,             -- name in lower case
    path               text   not null,
    trust              text,                        -- of a role: its trust policy, principals by unique id
    boundary           text,                        -- ARN of a managed policy
    max_session        bigint not null,             -- of a role: seconds
    description_sealed bytea,
    tags_sealed        bytea,                       -- JSON object
    created_at         bigint not null,
    used_at            bigint,                      -- of a role: when a session of it was last asked for
    used_region        text,
    unique (account_id, kind, name_key)
);

create table inline_policies (
    entity_id text not null references entities (id) on delete cascade,
    name      text not null,
    document  text not null,
    primary key (entity_id, name)
);

create table attached_policies (
    entity_id  text   not null references entities (id) on delete cascade,
    policy_arn text   not null,
    primary key (entity_id, policy_arn)
);
create index attached_policies_arn on attached_policies (policy_arn);
create index entities_boundary on entities (boundary);

create table group_members (
    group_id text not null references entities (id) on delete cascade,
    user_id  text not null references entities (id) on delete cascade,
    primary key (group_id, user_id)
);
create index group_members_user on group_members (user_id);

-- Customer managed policies.
create table policies (
    id                 text   not null primary key, -- ANPA...
    account_id         text   not null references accounts (id),
    name               text   not null,
    name_key           text   not null,
    path               text   not null,
    default_version    bigint not null,
    latest_version     bigint not null, -- counts up, also past deleted versions
    description_sealed bytea,
    tags_sealed        bytea,
    created_at         bigint not null,
    updated_at         bigint not null,
    unique (account_id, name_key)
);

create table policy_versions (
    policy_id  text   not null references policies (id) on delete cascade,
    version    bigint not null,
    document   text   not null,
    created_at bigint not null,
    primary key (policy_id, version)
);

-- OpenID Connect and SAML providers of an account.
create table identity_providers (
    id              text   not null primary key,
    account_id      text   not null references accounts (id),
    kind            text   not null, -- oidc | saml
    name            text   not null, -- the issuer's URL without https://, or the provider's name
    client_ids      text   not null, -- JSON array; of an OpenID Connect provider
    thumbprints     text   not null, -- JSON array; likewise
    metadata_sealed bytea,           -- of a SAML provider: its XML document
    tags_sealed     bytea,
    created_at      bigint not null,
    expires_at      bigint,
    unique (account_id, kind, name)
);

-- Access keys of root users (no entity) and of IAM users.
create table access_keys (
    id            text   not null primary key, -- AKIA...
    account_id    text   not null references accounts (id),
    entity_id     text   references entities (id) on delete cascade,
    secret_sealed bytea  not null,
    status        text   not null, -- Active | Inactive
    created_at    bigint not null,
    used_at       bigint,
    used_service  text,
    used_region   text
);
create index access_keys_entity on access_keys (entity_id);
create index access_keys_account on access_keys (account_id);

-- Temporary credentials that STS handed out. Deleting a row ends them at once.
create table temporary_credentials (
    id            text   not null primary key, -- the access key id, ASIA...
    account_id    text   not null references accounts (id),
    entity_id     text   references entities (id) on delete cascade, -- null: of the root user
    kind          text   not null, -- role | session-token | federated-user
    name          text   not null, -- role session name, or federated user's name
    secret_sealed bytea  not null,
    token_hash    bytea  not null, -- SHA-256 of the session token
    detail_sealed bytea  not null, -- JSON: session policies, tags, source identity
    issued_at     bigint not null,
    expires_at    bigint not null
);
create index temporary_credentials_entity on temporary_credentials (entity_id);
create index temporary_credentials_account on temporary_credentials (account_id);
create index temporary_credentials_expiry on temporary_credentials (expires_at);

-- What CloudTrail's look-ups ask for.
alter table events add column username text;
alter table events add column access_key_id text;

create table event_resources (
    event_id text not null references events (id) on delete cascade,
    type     text not null, -- e.g. AWS::IAM::Role
    name     text not null,
    primary key (event_id, type, name)
);

-- +goose Down
drop table event_resources;
alter table events drop column access_key_id;
alter table events drop column username;
drop table temporary_credentials;
drop table access_keys;
drop table identity_providers;
drop table policy_versions;
drop table policies;
drop table group_members;
drop table attached_policies;
drop table inline_policies;
drop table entities;
drop table accounts;
