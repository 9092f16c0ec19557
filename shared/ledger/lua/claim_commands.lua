-- Claim the due commands of one kind, oldest first. Any worker may claim a command again once its claim has expired.
-- The deletion of a collection waits until no worker holds a chunk of it: one of a cancelled job may be written yet.
-- Keys: orders:KIND; the job of each command and of each lease, and leases (built from the prefix).
-- Returns one flat list: job id, collection, subject, version, and 'begun' (1 or '') of each command.
local commands = KEYS[1]
local prefix, claim_ms, limit = unpack(ARGV)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function is_being_written(collection)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', prefix .. 'leases', now, '+inf')) do
    if redis.call('HGET', prefix .. 'job:' .. string.match(member, '^%S+'), 'collection') == collection then
      return true
    end
  end
  return false
end

local claimed = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', commands, '-inf', now, 'LIMIT', 0, limit)) do
  local job = prefix .. 'job:' .. id
  local collection, subject, version, started, begun =
    unpack(redis.call('HMGET', job, 'collection', 'subject', 'version', 'started', 'begun'))
  local must_wait = collection and subject == '' and is_being_written(collection)
  if collection and not must_wait then
    redis.call('ZADD', commands, now + claim_ms, id)
    redis.call('HSET', job, 'status', 'running', 'started', started or now)
    for _, value in ipairs({id, collection, subject, version, begun or ''}) do
      table.insert(claimed, value)
    end
  elseif not collection then
    redis.call('ZREM', commands, id)
  end
end
return claimed
