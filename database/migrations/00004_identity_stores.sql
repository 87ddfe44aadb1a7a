-- IAM Identity Center: instances, and the users and groups of their identity stores.

-- +goose Up

-- An instance with its one identity store. An organization's cannot be left behind
-- when the organization ends: it holds what is sealed under the organization's key.
create table identity_centers (
    id              text   not null primary key,                           -- ssoins-...
    store_id        text   not null unique,                                -- d-...
    owner_account   text   not null unique references accounts (id),
    organization_id text   unique references organizations (id),           -- null: the owner's alone
    name            text   not null,                                       -- empty: none
    status          text   not null,                                       -- ACTIVE
    created_at      bigint not null
);

create table identity_users (
    id                text   not null primary key,                         -- UUID
    store_id          text   not null references identity_centers (store_id),
    scope             text   not null,                                     -- whose key seals: organization:... | account:...
    status            text   not null,                                     -- ENABLED | DISABLED
    attributes_sealed bytea  not null,                                     -- JSON object
    revision          bigint not null,                                     -- counts changes
    created_at        bigint not null,
    created_by        text   not null,                                     -- ARN of a principal, or a name of ours
    updated_at        bigint not null,
    updated_by        text   not null
);
create index identity_users_store on identity_users (store_id, id);

create table identity_groups (
    id                text   not null primary key,                         -- UUID
    store_id          text   not null references identity_centers (store_id),
    scope             text   not null,
    attributes_sealed bytea  not null,                                     -- JSON object
    revision          bigint not null,
    created_at        bigint not null,
    created_by        text   not null,
    updated_at        bigint not null,
    updated_by        text   not null
);
create index identity_groups_store on identity_groups (store_id, id);

-- Who holds a value of which there is one in a store.
create table identity_claims (
    store_id   text   not null references identity_centers (store_id),
    attribute  text   not null,                                            -- userName | emails.value | displayName | users' externalIds | groups' externalIds
    value_hash bytea  not null,                                            -- under the key of the store's scope
    holder_id  text   not null,                                            -- a user or a group
    primary key (store_id, attribute, value_hash)
);
create index identity_claims_holder on identity_claims (holder_id);

create table identity_memberships (
    id         text   not null primary key,                                -- UUID
    store_id   text   not null references identity_centers (store_id),
    group_id   text   not null references identity_groups (id),
    user_id    text   not null references identity_users (id),
    created_at bigint not null,
    created_by text   not null,
    unique (group_id, user_id)
);
create index identity_memberships_group on identity_memberships (group_id, id);
create index identity_memberships_user on identity_memberships (user_id, id);
create index identity_memberships_store on identity_memberships (store_id);

-- +goose Down
drop table identity_memberships;
drop table identity_claims;
drop table identity_groups;
drop table identity_users;
drop table identity_centers;
