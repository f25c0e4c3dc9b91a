"""The Redis store's scripts. Each runs atomically on the server and is idempotent.

Keys, after the prefix: `session:ID` (hash), `turns:ID` (list of `HOLDER\\nJSON`), `claim:ID` (the holder, with its
time to live), `used` (sorted set of ids by last use), `owned:OWNER` and `branches:PARENT` (sets of ids), `turn_count`.
"""

from __future__ import annotations

_SHARED = """
local p, id = ARGV[1], ARGV[2]
local function record(id)
  local found = redis.call('HMGET', p..'session:'..id,
    'created', 'last_used', 'system', 'title', 'parent', 'parent_created', 'parent_turns')
  if not found[1] then return false end
  found[8] = redis.call('LLEN', p..'turns:'..id)
  return found
end
local function remove(id, owner)
  local parent = redis.call('HGET', p..'session:'..id, 'parent')
  if redis.call('DEL', p..'session:'..id) == 0 then return 0 end
  redis.call('DECRBY', p..'turn_count', redis.call('LLEN', p..'turns:'..id))
  redis.call('DEL', p..'turns:'..id)
  redis.call('ZREM', p..'used', id)
  redis.call('SREM', p..'owned:'..owner, id)
  if parent then redis.call('SREM', p..'branches:'..parent, id) end
  return 1
end
local function open(id, created, used, owner)
  redis.call('HSET', p..'session:'..id, 'created', created, 'last_used', used)
  redis.call('ZADD', p..'used', used, id)
  redis.call('SADD', p..'owned:'..owner, id)
end
"""

SCRIPTS: dict[str, str] = {
    name: _SHARED + body
    for name, body in {
        "claim": """
local held = redis.call('GET', p..'claim:'..id)
if held and held ~= ARGV[3] then return {0} end
redis.call('SET', p..'claim:'..id, ARGV[3], 'PX', ARGV[4])
return {1, record(id)}
""",
        "renew": """
if redis.call('GET', p..'claim:'..id) ~= ARGV[3] then return 0 end
return redis.call('PEXPIRE', p..'claim:'..id, ARGV[4])
""",
        "release": """
if redis.call('GET', p..'claim:'..id) ~= ARGV[3] then return 0 end
return redis.call('DEL', p..'claim:'..id)
""",
        "create": """
if redis.call('EXISTS', p..'session:'..id) == 1 then return 0 end
open(id, ARGV[3], ARGV[3], ARGV[4])
return 1
""",
        "append": """
local holder, asked, answered, kept, system, owner = unpack(ARGV, 3)
if redis.call('GET', p..'claim:'..id) ~= holder then
  local last = redis.call('LINDEX', p..'turns:'..id, -1)
  if last and string.sub(last, 1, #holder + 1) == holder..'\\n' then return {1, record(id)} end
  return {0}
end
redis.call('DEL', p..'claim:'..id)
local used = redis.call('HGET', p..'session:'..id, 'last_used')
if not used then
  open(id, asked, answered, owner)
elseif tonumber(used) < tonumber(answered) then
  redis.call('HSET', p..'session:'..id, 'last_used', answered)
  redis.call('ZADD', p..'used', answered, id)
end
if system ~= '' then redis.call('HSET', p..'session:'..id, 'system', string.sub(system, 2)) end
redis.call('RPUSH', p..'turns:'..id, holder..'\\n'..kept)
redis.call('INCR', p..'turn_count')
return {1, record(id)}
""",
        "copy": """
local new, upto, now, owner = ARGV[3], tonumber(ARGV[4]), ARGV[5], ARGV[6]
local there = record(new)
if there then
  if there[2] == now and there[5] == id and there[7] == ARGV[4] then return {1, there} end
  return {2}
end
local source = record(id)
if not source or upto < 0 or upto > source[8] then return {0} end
open(new, now, now, owner)
redis.call('HSET', p..'session:'..new, 'parent', id, 'parent_created', source[1], 'parent_turns', ARGV[4])
redis.call('SADD', p..'branches:'..id, new)
local system = cjson.null
for _, turn in ipairs(upto > 0 and redis.call('LRANGE', p..'turns:'..id, 0, upto - 1) or {}) do
  redis.call('RPUSH', p..'turns:'..new, turn)
  local said = cjson.decode(string.sub(turn, string.find(turn, '\\n', 1, true) + 1))[5]
  if said ~= cjson.null then system = said end
end
redis.call('INCRBY', p..'turn_count', upto)
if system ~= cjson.null then redis.call('HSET', p..'session:'..new, 'system', system) end
return {1, record(new)}
""",
        "rename": """
if redis.call('EXISTS', p..'session:'..id) == 0 then return 0 end
if ARGV[3] == '' then
  redis.call('HDEL', p..'session:'..id, 'title')
else
  redis.call('HSET', p..'session:'..id, 'title', string.sub(ARGV[3], 2))
end
return 1
""",
        "delete": "return remove(id, ARGV[3])",
        "drop": """
local used = redis.call('HGET', p..'session:'..id, 'last_used')
if not used or redis.call('EXISTS', p..'claim:'..id) == 1 then return 0 end
if ARGV[4] ~= 'inf' and tonumber(used) >= tonumber(ARGV[4]) then return 0 end
return remove(id, ARGV[3])
""",
        "session": "return record(id)",
        "turns": """
local last = tonumber(ARGV[3])
if last == 0 then return {} end
return redis.call('LRANGE', p..'turns:'..id, last < 0 and 0 or -last, -1)
""",
        "listed": """
local found = {}
for _, each in ipairs(redis.call('SMEMBERS', p..id)) do found[#found + 1] = {each, record(each)} end
return found
""",
        "counts": """
local used = p..'used'
return {redis.call('ZCARD', used), redis.call('ZCOUNT', used, id, '+inf'), redis.call('GET', p..'turn_count') or '0'}
""",
        "oldest": """
return redis.call('ZRANGEBYSCORE', p..'used', '-inf', '('..id, 'LIMIT', 0, ARGV[3])
""",
    }.items()
}
