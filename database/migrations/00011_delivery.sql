-- Access as code in the server: which repository says who has access in which
-- organization, and what came of it each time.

-- +goose Up

create table pipelines (
    id            text   not null primary key,
    space_id      text   not null references spaces (id),
    project_id    text   not null references projects (id) on delete cascade,
    repository_id text   not null references repositories (id) on delete cascade,
    name          text   not null,
    name_key      text   not null,             -- name in lower case
    folder        text   not null,             -- of the templates in the repository; empty: all of it
    account_id    text   not null,             -- twelve digits; of the embedded account side or of AWS
    side          text   not null,             -- embedded | aws
    region        text   not null,             -- in which the account's side has to answer
    state         text   not null,             -- pending | active | rejected; a pending one expires by time
    token_hash    bytea  not null unique,      -- of the verification token; stays, so that a used one is known
    role_arn      text   not null,             -- that its runs assume; on the embedded side empty until it is accepted
    next_number   bigint not null,             -- of the run to come
    requested_by  text   not null references users (id),
    requested_at  bigint not null,
    expires_at    bigint not null,             -- of the token
    decided_at    bigint,                      -- when it was accepted or rejected
    unique (project_id, name_key)
);
create index pipelines_space on pipelines (space_id);
create index pipelines_repository on pipelines (repository_id);
-- The files say everything about an instance: two of them would undo each other.
create unique index pipelines_account on pipelines (account_id) where state = 'active';

create table pipeline_runs (
    id            text    not null primary key,
    pipeline_id   text    not null references pipelines (id) on delete cascade,
    space_id      text    not null,
    account_id    text    not null,            -- whose quota it runs in
    number        bigint  not null,            -- from 1 in the pipeline
    branch        text    not null,            -- without refs/heads/
    commit_id     text    not null,
    applies       boolean not null,            -- whether the branch is the default one
    state         text    not null,            -- pending | running | ended
    outcome       text    not null,            -- unchanged | planned | applied | failed | superseded; empty until it has ended
    causes_sealed bytea   not null,            -- JSON
    report_sealed bytea,                       -- JSON: why it failed, how many changes
    plan_sealed   bytea,                       -- JSON, compressed
    log_sealed    bytea,                       -- text, compressed
    attempts      integer not null,            -- how often it was begun
    lease         text    not null,            -- of the process that runs it; empty: none
    lease_until   bigint  not null,            -- when it is lost unless it is renewed
    created_at    bigint  not null,
    started_at    bigint,
    ended_at      bigint,
    unique (pipeline_id, number)
);
-- One at a time in an account, over all nodes; of each branch one is waiting at most.
create unique index pipeline_runs_turn on pipeline_runs (account_id) where state = 'running';
create unique index pipeline_runs_waiting on pipeline_runs (pipeline_id, branch) where state = 'pending';

-- Who wants a mail when a run fails.
create table pipeline_watchers (
    pipeline_id text not null references pipelines (id) on delete cascade,
    user_id     text not null references users (id) on delete cascade,
    primary key (pipeline_id, user_id)
);

-- +goose Down
drop table pipeline_watchers;
drop table pipeline_runs;
drop table pipelines;
