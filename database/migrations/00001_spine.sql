-- Columns named *_sealed hold ciphertext under the key of the scope they belong
-- to; *_hash hold a keyed or plain hash for equality look-ups. Times are
-- microseconds since the Unix epoch. Ids are UUIDs as text.

-- +goose Up

-- One row per scope of sealing: 'directory', or 'space:' and a space id.
create table keysets (
    scope        text   not null primary key,
    aead_wrapped bytea  not null, -- Tink AEAD keyset under the root key
    prf_wrapped  bytea  not null, -- Tink PRF keyset under the root key, for *_hash columns
    version      bigint not null, -- counts rotations
    rotated_at   bigint not null
);

-- People. A deleted user's row stays without its personal data, so that the
-- alias is never given to somebody else.
create table users (
    id                  text   not null primary key,
    alias               text   not null,
    alias_key           text   not null unique, -- alias in lower case
    email_sealed        bytea,
    email_hash          bytea  unique,
    display_name_sealed bytea,
    password            text,                   -- argon2id, PHC string form
    state               text   not null,        -- active | disabled | deleted
    created_at          bigint not null,
    deleted_at          bigint
);

-- Codes and links mailed to prove an address. A row stays a day after it was
-- sent, used or not, so that it is counted.
create table verifications (
    id           text    not null primary key,
    purpose      text    not null,        -- sign-up | reset
    email_sealed bytea   not null,
    email_hash   bytea   not null,
    secret_hash  bytea   not null unique, -- keyed hash of a code and its id, or SHA-256 of a link's token
    attempts     integer not null,        -- wrong codes so far
    sent_at      bigint  not null,
    expires_at   bigint  not null,        -- when it was used, once it was
    verified_at  bigint                   -- set once the right code was given
);
create index verifications_email on verifications (email_hash, purpose, sent_at);
create index verifications_sent on verifications (sent_at);

-- OAuth clients that registered themselves.
create table clients (
    id            text   not null primary key,
    secret_hash   bytea  not null,
    name          text   not null,
    redirect_uris text   not null, -- JSON array
    grant_types   text   not null, -- JSON array
    scopes        text   not null, -- space separated
    created_at    bigint not null,
    expires_at    bigint not null
);
create index clients_expiry on clients (expires_at);

-- One row per sign-in: in a browser, or of a client on somebody's behalf. Its
-- tokens live and die with it. Ending a session deletes its row.
create table sessions (
    id                text   not null primary key,
    user_id           text   not null references users (id),
    kind              text   not null, -- browser | device | code
    client_id         text,            -- no reference: clients expire earlier
    client_name       text   not null,
    scopes            text   not null, -- space separated; a browser's is empty and means everything
    address_sealed    bytea  not null,
    user_agent_sealed bytea  not null,
    authenticated_at  bigint not null, -- when a password was last given
    created_at        bigint not null,
    used_at           bigint not null,
    expires_at        bigint not null
);
create index sessions_user on sessions (user_id);
create index sessions_expiry on sessions (expires_at);

create table tokens (
    hash        bytea  not null primary key, -- SHA-256; tells kinds apart, as their prefix goes into it
    session_id  text   not null references sessions (id) on delete cascade,
    created_at  bigint not null,
    expires_at  bigint not null,
    redeemed_at bigint          -- when a refresh token was exchanged for the next
);
create index tokens_session on tokens (session_id);

-- Personal access tokens.
create table access_tokens (
    id          text   not null primary key,
    user_id     text   not null references users (id),
    name_sealed bytea  not null,
    hash        bytea  not null unique, -- SHA-256
    created_at  bigint not null,
    expires_at  bigint not null
);
create index access_tokens_user on access_tokens (user_id);

-- RFC 8628 device authorizations.
create table device_codes (
    hash              bytea  not null primary key, -- SHA-256 of the device code
    user_code_hash    bytea  not null unique,      -- keyed hash: user codes are short
    client_id         text   not null references clients (id) on delete cascade,
    scopes            text   not null,
    state             text   not null, -- pending | approved | denied | redeemed
    user_id           text   references users (id),
    authenticated_at  bigint,
    session_id        text,            -- the session its redemption began
    address_sealed    bytea  not null, -- where the device asked from
    user_agent_sealed bytea  not null,
    interval_seconds  integer not null,
    polled_at         bigint,
    created_at        bigint not null,
    expires_at        bigint not null
);
create index device_codes_expiry on device_codes (expires_at);

-- RFC 6749 authorization codes, with their PKCE challenge.
create table authorization_codes (
    hash             bytea  not null primary key, -- SHA-256
    client_id        text   not null references clients (id) on delete cascade,
    user_id          text   not null references users (id),
    redirect_uri     text   not null,
    challenge        text   not null, -- S256
    scopes           text   not null,
    authenticated_at bigint not null,
    session_id       text,            -- the session its redemption began
    created_at       bigint not null,
    expires_at       bigint not null,
    redeemed_at      bigint
);
create index authorization_codes_expiry on authorization_codes (expires_at);

-- Tenants. A deleted space keeps its row, so that its name is never used again.
create table spaces (
    id                 text   not null primary key,
    name               text   not null,
    name_key           text   not null unique, -- name in lower case
    description_sealed bytea,
    region             text   not null,
    grants_version     bigint not null,        -- raised by every change of who holds which role
    created_by         text   not null references users (id),
    created_at         bigint not null,
    deleted_at         bigint
);
create index spaces_creator on spaces (created_by, created_at);

create table space_members (
    space_id        text    not null references spaces (id),
    user_id         text    not null references users (id),
    role            text    not null, -- role.Role.Name
    joined_at       bigint  not null,
    through_project boolean not null, -- came with a project, and goes with the last: Limited access that nobody gave by itself
    primary key (space_id, user_id)
);
create index space_members_user on space_members (user_id);

create table projects (
    id                 text   not null primary key,
    space_id           text   not null references spaces (id),
    name               text   not null,
    display_name       text   not null,
    description_sealed bytea,
    created_by         text   not null references users (id),
    created_at         bigint not null,
    unique (space_id, name)
);

create table project_members (
    project_id text   not null references projects (id) on delete cascade,
    user_id    text   not null references users (id),
    role       text   not null,
    joined_at  bigint not null,
    primary key (project_id, user_id)
);
create index project_members_user on project_members (user_id);

create table teams (
    id                 text   not null primary key,
    space_id           text   not null references spaces (id),
    name               text   not null,
    description_sealed bytea,
    role               text   not null, -- its one space role
    membership         text   not null, -- direct | sso-groups, fixed at creation
    created_at         bigint not null,
    unique (space_id, name)
);

create table team_members (
    team_id  text   not null references teams (id) on delete cascade,
    user_id  text   not null references users (id),
    added_at bigint not null,
    primary key (team_id, user_id)
);
create index team_members_user on team_members (user_id);

create table project_teams (
    project_id text not null references projects (id) on delete cascade,
    team_id    text not null references teams (id) on delete cascade,
    role       text not null,
    primary key (project_id, team_id)
);
create index project_teams_team on project_teams (team_id);

-- Of a deleted space's invitations stays what the daily limits count.
create table invitations (
    id           text   not null primary key,
    space_id     text   not null references spaces (id),
    project_id   text,            -- null: to the space alone; no reference: daily limits count it after the project is gone
    role         text   not null, -- a project role when there is a project, else a space role
    email_sealed bytea,           -- under the space's key; null: the space is deleted
    email_hash   bytea  not null, -- under the directory's lookup key: one address, all spaces
    token_hash   bytea  unique,   -- SHA-256 of what the mailed link carries; null: the space is deleted
    state        text   not null, -- pending | accepted | declined | cancelled
    invited_by   text   not null references users (id),
    created_at   bigint not null,
    expires_at   bigint not null,
    answered_at  bigint
);
create index invitations_space on invitations (space_id, created_at);
create index invitations_inviter on invitations (invited_by, created_at);
create index invitations_email on invitations (email_hash, created_at);

-- The one log. Scope is that of a keyset.
create table events (
    id             text    not null primary key, -- UUID version 7
    scope          text    not null,
    at             bigint  not null,
    name           text    not null, -- lower camel case, e.g. createProject
    source         text    not null, -- the service
    mutation       boolean not null,
    principal_kind text    not null, -- user | anonymous | system
    principal_id   text    not null,
    project_id     text,
    error_code     text,
    detail_sealed  bytea   not null -- JSON: request, response, reason, address, ...
);
create index events_scope on events (scope, at, id);

-- +goose Down
drop table events;
drop table invitations;
drop table project_teams;
drop table team_members;
drop table teams;
drop table project_members;
drop table projects;
drop table space_members;
drop table spaces;
drop table authorization_codes;
drop table device_codes;
drop table access_tokens;
drop table tokens;
drop table sessions;
drop table clients;
drop table verifications;
drop table users;
drop table keysets;
