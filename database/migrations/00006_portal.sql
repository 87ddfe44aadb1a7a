-- Users of identity stores sign in, and enter accounts through the portal.

-- +goose Up

-- A user of an identity store has a row here too, under the same id. Its alias is the
-- store's id, a slash and its own; the user name, which is often an address and may be
-- given to another user once this one is deleted, is its display name.
alter table users add column store_id text;                 -- null: a Builder ID user
alter table users add column once_until bigint;             -- somebody else set the password: good until then, to choose another with

alter table verifications add column user_id text;          -- whose password the link sets; null: whoever has the address
alter table clients add column store_id text;               -- of the start URL it registered with; null: that of nobody in particular
alter table device_codes add column store_id text;          -- likewise, of the start URL it asked with

-- Whom the portal handed them to. Ending a user's sessions ends them.
alter table temporary_credentials add column user_id text;
create index temporary_credentials_user on temporary_credentials (user_id);

-- +goose Down
drop index temporary_credentials_user;
alter table temporary_credentials drop column user_id;
alter table device_codes drop column store_id;
alter table clients drop column store_id;
alter table verifications drop column user_id;
alter table users drop column once_until;
alter table users drop column store_id;
