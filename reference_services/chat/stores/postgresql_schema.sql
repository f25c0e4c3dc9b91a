-- Turns of one service, in a schema of its own. Texts are JSON strings: a message may hold what `text` cannot, U+0000.
CREATE TABLE version (number integer NOT NULL);
CREATE TABLE sessions (
    id text COLLATE "C" PRIMARY KEY,
    created double precision NOT NULL,
    last_used double precision NOT NULL,
    system json,
    turns integer NOT NULL DEFAULT 0,
    title json,
    parent text COLLATE "C",
    parent_created double precision,
    parent_turns integer
);
CREATE INDEX sessions_by_use ON sessions (last_used);
CREATE INDEX sessions_by_parent ON sessions (parent) WHERE parent IS NOT NULL;
CREATE TABLE turns (
    session text COLLATE "C" NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    number integer NOT NULL,
    asked_at double precision NOT NULL,
    answered_at double precision NOT NULL,
    said json NOT NULL,
    replied json NOT NULL,
    system json,
    holder text NOT NULL,
    PRIMARY KEY (session, number)
);
CREATE TABLE claims (
    session text COLLATE "C" PRIMARY KEY,
    holder text NOT NULL,
    until timestamptz NOT NULL
);
