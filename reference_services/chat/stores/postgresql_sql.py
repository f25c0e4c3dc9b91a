"""The longer statements of the PostgreSQL store. Each is safe to run twice; see there."""

from __future__ import annotations

RECORD = (
    "SELECT id, created, last_used, system, turns, title, parent, parent_created, parent_turns "
    "FROM sessions "
)  # fmt: skip

CLAIM = """
INSERT INTO claims AS kept VALUES (%s, %s, clock_timestamp() + make_interval(secs => %s))
ON CONFLICT (session) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE kept.holder = excluded.holder OR kept.until < clock_timestamp()
"""
RENEW = "UPDATE claims SET until = clock_timestamp() + make_interval(secs => %s) WHERE session = %s AND holder = %s"

APPEND = """
WITH mine AS (DELETE FROM claims WHERE session = %(id)s AND holder = %(holder)s RETURNING session),
used AS (
    INSERT INTO sessions AS kept (id, created, last_used, system, turns)
    SELECT session, %(asked)s, %(answered)s, %(system)s::json, 1 FROM mine
    ON CONFLICT (id) DO UPDATE SET
        last_used = greatest(kept.last_used, excluded.last_used),
        system = coalesce(excluded.system, kept.system),
        turns = kept.turns + 1
    RETURNING *
),
added AS (
    INSERT INTO turns (session, number, asked_at, answered_at, said, replied, system, holder)
    SELECT id, turns, %(asked)s, %(answered)s, %(user)s::json, %(assistant)s::json, %(system)s::json, %(holder)s
    FROM used
)
SELECT id, created, last_used, system, turns, title, parent, parent_created, parent_turns FROM used
"""
APPENDED = RECORD + (
    "WHERE id = %(id)s AND EXISTS "
    "(SELECT FROM turns WHERE session = sessions.id AND number = sessions.turns AND holder = %(holder)s)"
)

COPY_SESSION = """
INSERT INTO sessions (id, created, last_used, system, turns, parent, parent_created, parent_turns)
SELECT
    %(new)s, %(now)s, %(now)s,
    (SELECT system FROM turns WHERE session = %(id)s AND number <= %(upto)s AND system IS NOT NULL
     ORDER BY number DESC LIMIT 1),
    %(upto)s, %(id)s, %(created)s, %(upto)s
ON CONFLICT DO NOTHING
"""
COPY_TURNS = """
INSERT INTO turns (session, number, asked_at, answered_at, said, replied, system, holder)
SELECT %(new)s, number, asked_at, answered_at, said, replied, system, holder FROM turns
WHERE session = %(id)s AND number <= %(upto)s
"""
