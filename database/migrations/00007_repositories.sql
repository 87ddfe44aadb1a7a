-- Source repositories. What they hold lies in folders named by their ids; what their
-- references are is decided here, and the folders follow.

-- +goose Up

create table repositories (
    id                 text    not null primary key,
    project_id         text    not null references projects (id) on delete cascade,
    space_id           text    not null references spaces (id),
    name               text    not null,
    name_key           text    not null,           -- name in lower case
    description_sealed bytea,
    default_branch     text    not null,           -- without refs/heads/; need not exist
    longest_message    integer not null,           -- characters of a commit's message; 0: any number
    version            bigint  not null,           -- counts changes of references and of the default branch
    made               boolean not null,           -- whether its folder is known to have been made
    created_by         text    not null references users (id),
    created_at         bigint  not null,
    updated_at         bigint  not null,           -- of anything above, and of the references
    unique (project_id, name_key)
);
create index repositories_space on repositories (space_id);

create table refs (
    repository_id text   not null references repositories (id) on delete cascade,
    name          text   not null,              -- in full, refs/heads/main
    target        text   not null,              -- of an object
    peeled        text,                         -- what an annotated tag leads to; null: target is none
    updated_at    bigint not null,
    primary key (repository_id, name)
);

-- A branch's rule stays when the branch is deleted, for when it is made again.
create table branch_rules (
    repository_id text    not null references repositories (id) on delete cascade,
    branch        text    not null,             -- without refs/heads/
    push          text    not null,             -- the least project role that may: role.Role.Name
    merge         text    not null,             -- likewise
    custom        boolean not null,             -- false: it is as if there were no rule
    primary key (repository_id, branch)
);

-- Deleted ones whose folders are still to be removed.
create table removed_repositories (
    id text not null primary key
);

-- +goose Down
drop table removed_repositories;
drop table branch_rules;
drop table refs;
drop table repositories;
