-- How a project gets into an account: connections of a space, environments of a
-- project, VPC connections, and the networks of an account.

-- +goose Up

create table connections (
    id                 text    not null primary key,
    space_id           text    not null references spaces (id),
    account_id         text    not null,            -- twelve digits; of the embedded account side or of AWS
    side               text    not null,            -- embedded | aws
    name               text    not null,
    name_key           text    not null,            -- name in lower case
    description_sealed bytea,                       -- null once deleted
    tags_sealed        bytea,                       -- JSON object; null: none
    state              text    not null,            -- pending | active | rejected | deleted; a pending one expires by time
    region             text    not null,            -- the space's, in which the account's side has to answer
    token_hash         bytea   not null unique,     -- of the verification token; stays, so that a used one is known
    restricted         boolean not null,            -- to the projects of connection_projects
    requested_by       text    not null references users (id),
    requested_at       bigint  not null,
    expires_at         bigint  not null,            -- of the token
    decided_at         bigint,                      -- when it was accepted or rejected
    deleted_at         bigint
);
create index connections_account on connections (account_id);
create index connections_space on connections (space_id, name_key);
-- Of what may be in use a space has each name, and each account, once.
create unique index connections_name on connections (space_id, name_key) where state in ('pending', 'active');
create unique index connections_once on connections (space_id, account_id) where state in ('pending', 'active');

create table connection_roles (
    connection_id text    not null references connections (id) on delete cascade,
    name_key      text    not null,               -- name in lower case: IAM has each once, whatever its path
    arn           text    not null,
    runner        boolean not null,               -- purposes
    service       boolean not null,
    added_at      bigint  not null,
    primary key (connection_id, name_key)
);
create index connection_roles_arn on connection_roles (arn);

create table connection_projects (
    connection_id text not null references connections (id) on delete cascade,
    project_id    text not null references projects (id) on delete cascade,
    primary key (connection_id, project_id)
);
create index connection_projects_project on connection_projects (project_id);

create table environments (
    id                 text   not null primary key,
    project_id         text   not null references projects (id) on delete cascade,
    space_id           text   not null references spaces (id),
    name               text   not null,
    name_key           text   not null,           -- name in lower case
    type               text   not null,           -- non-production | production
    description_sealed bytea  not null,
    connection_id      text   references connections (id), -- stays when the connection is deleted
    role               text,                      -- default role, by name
    vpc_connection_id  text,                      -- stays when the VPC connection is deleted
    created_by         text   not null references users (id),
    created_at         bigint not null,
    unique (project_id, name_key)
);
create index environments_connection on environments (connection_id);
create index environments_vpc_connection on environments (vpc_connection_id);

create table vpc_connections (
    id              text    not null primary key,
    space_id        text    not null references spaces (id),
    name            text    not null,
    name_key        text    not null,             -- name in lower case
    connection_id   text    not null references connections (id) on delete cascade,
    role            text    not null,             -- name of a role on the connection
    vpc             text    not null,             -- vpc-...
    subnets         text    not null,             -- JSON list of subnet-...
    security_groups text    not null,             -- JSON list of sg-...
    is_default      boolean not null,             -- of the space
    created_at      bigint  not null,
    unique (space_id, name_key)
);
create unique index vpc_connections_default on vpc_connections (space_id) where is_default;
create index vpc_connections_connection on vpc_connections (connection_id);

-- What an account's administrator says of its networks: the embedded account side has
-- no EC2 to ask.
create table networks (
    account_id text   not null references accounts (id),
    vpc        text   not null,                   -- vpc-...
    region     text   not null,
    detail     text   not null,                   -- JSON: address range, subnets, security groups
    updated_at bigint not null,
    primary key (account_id, vpc)
);

-- +goose Down
drop table networks;
drop table vpc_connections;
drop table environments;
drop table connection_projects;
drop table connection_roles;
drop table connections;
