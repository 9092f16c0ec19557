-- Order something from a worker: it takes its place in the order of submissions, newer than all before it.
-- KEYS 1 job, 2 jobs of its kind, 3 sequence, 4 orders of its kind, 5 their bell, 6 writers of the collection, if it is one
-- ARGV 1 job id, 2 kind, 3 collection, 4 subject, 5 changes channel, 6 retention in s
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local version = redis.call('INCR', KEYS[3])
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'kind', ARGV[2], 'status', 'queued', 'collection', ARGV[3],
  'subject', ARGV[4], 'created', now, 'version', version)
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[6] * 1000)
redis.call('ZADD', KEYS[4], now, ARGV[1])
redis.call('LPUSH', KEYS[5], 1)
redis.call('LTRIM', KEYS[5], 0, 0)
if KEYS[6] then
  redis.call('ZADD', KEYS[6], version, ARGV[1])
end
redis.call('PUBLISH', ARGV[5], ARGV[1])
return redis.status_reply('OK')
