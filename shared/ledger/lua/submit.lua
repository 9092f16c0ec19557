-- Make a staged submission visible, all at once.
-- KEYS 1 job, 2 job:chunks, 3 job:waiting, 4 jobs:ingest, 5 active, 6 sequence
-- ARGV 1 job id, 2 collection, 3 total, 4 changes channel
-- Returns the version, or 0 if the staged chunks have expired.
if redis.call('EXISTS', KEYS[2], KEYS[3]) < 2 then
  return 0
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local version = redis.call('INCR', KEYS[6])
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'kind', 'ingest', 'status', 'queued', 'collection', ARGV[2],
  'created', now, 'version', version, 'total', ARGV[3], 'stored', 0, 'failed', 0, 'unchanged', 0, 'bytes', 0,
  'chunks', redis.call('LLEN', KEYS[3]))
redis.call('PERSIST', KEYS[2])
redis.call('PERSIST', KEYS[3])
redis.call('ZADD', KEYS[4], now, ARGV[1])
redis.call('RPUSH', KEYS[5], ARGV[1])
redis.call('PUBLISH', ARGV[4], ARGV[1])
return version
