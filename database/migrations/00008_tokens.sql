-- What personal access tokens reach, when they are used, and who shuts them out.

-- +goose Up

-- Ids, each null where the token is not limited by it. The path names the same as it
-- was called when the token was made, for people to read.
alter table access_tokens add column space_id text;
alter table access_tokens add column project_id text;
alter table access_tokens add column repository_id text;
alter table access_tokens add column path text not null default '';
alter table access_tokens add column read_only boolean not null default false;

alter table access_tokens add column family text;           -- id of the first of those that followed each other by rotation; null: its own
alter table access_tokens add column rotated_at bigint;     -- null: no other has taken its place
alter table access_tokens add column session_id text references sessions (id) on delete cascade; -- of one handed to a client for Git; null: its user made it
alter table access_tokens add column used_at bigint;
alter table access_tokens add column address_sealed bytea;  -- from where, then
create index access_tokens_session on access_tokens (session_id);

-- When a token was last used in each space.
create table access_token_uses (
    token_id text   not null references access_tokens (id) on delete cascade,
    space_id text   not null,
    used_at  bigint not null,
    primary key (token_id, space_id)
);

-- Tokens that the administrators of a space do not let in, with all that take their
-- place by rotation.
create table access_token_shut_outs (
    space_id text   not null,
    family   text   not null,
    by_user  text   not null,
    at       bigint not null,
    primary key (space_id, family)
);

alter table spaces add column token_lifetime bigint;        -- seconds that a token used in it may be made for; null: any

-- +goose Down
alter table spaces drop column token_lifetime;
drop table access_token_shut_outs;
drop table access_token_uses;
drop index access_tokens_session;
alter table access_tokens drop column address_sealed;
alter table access_tokens drop column used_at;
alter table access_tokens drop column session_id;
alter table access_tokens drop column rotated_at;
alter table access_tokens drop column family;
alter table access_tokens drop column read_only;
alter table access_tokens drop column path;
alter table access_tokens drop column repository_id;
alter table access_tokens drop column project_id;
alter table access_tokens drop column space_id;
