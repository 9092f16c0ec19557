-- Publish a staged submission as a job, in one step, unless its idempotency key has been used.
-- Keys: job (created), job:chunks, job:waiting, jobs:ingest, active, sequence, writers:COLLECTION, collection:NAME,
--       job:failures; idempotency:HASH if the request has a key.
-- Returns the id of the job for this request, its own or an earlier one's; 'another' if the key was used for another
-- request; 'expired' if staged chunks are gone; 'deleting' if the collection is being deleted.
local job, chunks, waiting, jobs, active, sequence, writers, collection_stats, failures, idempotency =
  unpack(KEYS)
local id, collection, total, changes, fingerprint, remember_s = unpack(ARGV)
local FIRST_FIELD = 7 -- from here on: names and values of further fields of the job

if idempotency then
  local known = redis.call('GET', idempotency)
  if known then
    local known_id, known_fingerprint = string.match(known, '^(%S+) (%S+)$')
    return known_fingerprint == fingerprint and known_id or 'another'
  end
end
if redis.call('HEXISTS', collection_stats, 'deleting') == 1 then
  return 'deleting'
end
if redis.call('EXISTS', chunks, waiting) < 2 then
  return 'expired'
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local version = redis.call('INCR', sequence)
redis.call('HSET', job, 'id', id, 'kind', 'ingest', 'status', 'queued', 'collection', collection,
  'created', now, 'version', version, 'total', total, 'stored', 0, 'failed', 0, 'unchanged', 0, 'bytes', 0,
  'chunks', redis.call('LLEN', waiting))
if ARGV[FIRST_FIELD] then
  redis.call('HSET', job, unpack(ARGV, FIRST_FIELD))
end
redis.call('PERSIST', chunks)
redis.call('PERSIST', waiting)
redis.call('PERSIST', failures)
redis.call('ZADD', jobs, now, id)
redis.call('RPUSH', active, id)
redis.call('ZADD', writers, version, id)
if redis.call('HEXISTS', job, 'preflight_of') == 0 then
  redis.call('HINCRBY', collection_stats, 'pending', total)
end
if idempotency then
  redis.call('SET', idempotency, id .. ' ' .. fingerprint, 'EX', remember_s)
end
redis.call('PUBLISH', changes, id)
return id
