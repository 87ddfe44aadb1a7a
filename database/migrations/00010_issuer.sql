-- Sallyport vouches for its projects' runs, with tokens that others verify.

-- +goose Up

-- The newest that signs_from has come of is the one that signs. Earlier ones stay, and
-- are published, until no token of theirs is good any more.
create table signing_keys (
    id             text   not null primary key, -- the kid of tokens: SHA-256 of public_key, base64url
    public_key     bytea  not null,             -- SubjectPublicKeyInfo
    private_sealed bytea  not null,             -- PKCS #8
    created_at     bigint not null,
    signs_from     bigint not null unique       -- it is published before, so that everybody knows it by then
);

-- +goose Down
drop table signing_keys;
