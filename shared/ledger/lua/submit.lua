-- Make a staged submission visible, all at once, unless one with the same idempotency key was before it.
-- KEYS 1 job, 2 job:chunks, 3 job:waiting, 4 jobs:ingest, 5 active, 6 sequence, 7 writers of the collection,
--      8 coverage of the collection, 9 idempotency key, if there is one
-- ARGV 1 job id, 2 collection, 3 total, 4 changes channel, 5 fingerprint of the request, 6 seconds to remember the key,
--      7.. names and values of further fields of the job
-- Returns the id of the job that stands for this request: its own or an earlier one's; 'another' if the key came with
-- another request; 'expired' if the staged chunks are gone.
if KEYS[9] then
  local known = redis.call('GET', KEYS[9])
  if known then
    local id, fingerprint = string.match(known, '^(%S+) (%S+)$')
    return fingerprint == ARGV[5] and id or 'another'
  end
end
if redis.call('EXISTS', KEYS[2], KEYS[3]) < 2 then
  return 'expired'
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local version = redis.call('INCR', KEYS[6])
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'kind', 'ingest', 'status', 'queued', 'collection', ARGV[2],
  'created', now, 'version', version, 'total', ARGV[3], 'stored', 0, 'failed', 0, 'unchanged', 0, 'bytes', 0,
  'chunks', redis.call('LLEN', KEYS[3]))
if ARGV[7] then
  redis.call('HSET', KEYS[1], unpack(ARGV, 7))
end
redis.call('PERSIST', KEYS[2])
redis.call('PERSIST', KEYS[3])
redis.call('ZADD', KEYS[4], now, ARGV[1])
redis.call('RPUSH', KEYS[5], ARGV[1])
redis.call('ZADD', KEYS[7], version, ARGV[1])
if redis.call('HEXISTS', KEYS[1], 'preflight_of') == 0 then
  redis.call('HINCRBY', KEYS[8], 'pending', ARGV[3])
end
if KEYS[9] then
  redis.call('SET', KEYS[9], ARGV[1] .. ' ' .. ARGV[5], 'EX', ARGV[6])
end
redis.call('PUBLISH', ARGV[4], ARGV[1])
return ARGV[1]
