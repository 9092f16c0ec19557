-- Put a search at the end of the queue, unless too many wait already.
-- KEYS 1 job, 2 jobs:search, 3 searches, 4 waiting searches, 5 search bell
-- ARGV 1 job id, 2 collection, 3 query, 4 ms from now to its deadline, 5 s to keep the job, 6 ms until it is rung for
--      again, 7 most that may wait, 8 ms for which one bell stands for all that comes, 9 key prefix
-- Returns {'full', ms for which the oldest has waited}, or {'queued', 1 if a bell must be rung}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('LLEN', KEYS[4]) >= tonumber(ARGV[7]) then
  local oldest = redis.call('LINDEX', KEYS[4], 0)
  local created = redis.call('HGET', ARGV[9] .. 'job:' .. oldest, 'created')
  return {'full', created and now - created or 0}
end
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'kind', 'search', 'status', 'queued', 'collection', ARGV[2], 'created', now,
  'query', ARGV[3], 'deadline', now + ARGV[4])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[5] * 1000)
redis.call('ZADD', KEYS[3], now + math.min(ARGV[6], ARGV[4]), ARGV[1])
redis.call('RPUSH', KEYS[4], ARGV[1])
return {'queued', redis.call('SET', KEYS[5], 1, 'NX', 'PX', ARGV[8]) and 1 or 0}
