-- Claim the due commands of one kind, oldest first. Any worker may claim a command again once its claim has expired.
-- Keys: orders:KIND; the job of each command (key built from the prefix).
-- Returns one flat list: job id, collection, subject, version, and 'begun' (1 or '') of each command.
local commands = KEYS[1]
local prefix, claim_ms, limit = unpack(ARGV)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local claimed = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', commands, '-inf', now, 'LIMIT', 0, limit)) do
  local job = prefix .. 'job:' .. id
  local collection, subject, version, started, begun =
    unpack(redis.call('HMGET', job, 'collection', 'subject', 'version', 'started', 'begun'))
  if collection then
    redis.call('ZADD', commands, now + claim_ms, id)
    redis.call('HSET', job, 'status', 'running', 'started', started or now)
    for _, value in ipairs({id, collection, subject, version, begun or ''}) do
      table.insert(claimed, value)
    end
  else
    redis.call('ZREM', commands, id)
  end
end
return claimed
