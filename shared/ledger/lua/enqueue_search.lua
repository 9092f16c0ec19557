-- Append a search or an embedding to the queue unless the queue is full.
-- Keys: job (created), jobs:KIND, searches, searches-waiting, search-bell.
-- Returns {'full', age of the oldest waiting search in ms}, or {'queued', 1 if the caller must ring}.
local job, jobs, searches, waiting, bell = unpack(KEYS)
-- `room`: how many searches must fit, 0 if that is known.
local id, kind, collection, query, timeout_ms, keep_s, renotify_ms, max_waiting, room, bell_ms, prefix = unpack(ARGV)
local FIRST_FIELD = 12 -- from here on: names and values of further fields of the job

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if tonumber(room) > 0 and redis.call('LLEN', waiting) + room > tonumber(max_waiting) then
  local oldest = redis.call('LINDEX', waiting, 0)
  local created = oldest and redis.call('HGET', prefix .. 'job:' .. oldest, 'created')
  return {'full', created and now - created or 0}
end
redis.call('HSET', job, 'id', id, 'kind', kind, 'status', 'queued', 'collection', collection, 'created', now,
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
