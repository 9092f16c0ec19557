-- Append a search to the queue unless the queue is full.
-- Keys: job (created), jobs:search, searches, searches-waiting, search-bell.
-- Returns {'full', age of the oldest waiting search in ms}, or {'queued', 1 if the caller must ring}.
local job, jobs, searches, waiting, bell = unpack(KEYS)
local id, collection, query, timeout_ms, keep_s, renotify_ms, max_waiting, bell_ms, prefix = unpack(ARGV)
local FIRST_FIELD = 10 -- from here on: names and values of further fields of the job

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if redis.call('LLEN', waiting) >= tonumber(max_waiting) then
  local oldest = redis.call('LINDEX', waiting, 0)
  local created = redis.call('HGET', prefix .. 'job:' .. oldest, 'created')
  return {'full', created and now - created or 0}
end
redis.call('HSET', job, 'id', id, 'kind', 'search', 'status', 'queued', 'collection', collection, 'created', now,
  'query', query, 'deadline', now + timeout_ms)
if ARGV[FIRST_FIELD] then
  redis.call('HSET', job, unpack(ARGV, FIRST_FIELD))
end
redis.call('EXPIRE', job, keep_s)
redis.call('ZADD', jobs, now, id)
redis.call('ZREMRANGEBYSCORE', jobs, '-inf', now - keep_s * 1000)
redis.call('ZADD', searches, now + math.min(renotify_ms, timeout_ms), id)
redis.call('RPUSH', waiting, id)
-- One bell covers all searches that are queued while it is on its way.
return {'queued', redis.call('SET', bell, 1, 'NX', 'PX', bell_ms) and 1 or 0}
