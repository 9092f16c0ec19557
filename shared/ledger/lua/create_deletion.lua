-- Ask for a photo to be deleted: it takes its place in the order of submissions, newer than all before it.
-- KEYS 1 job, 2 jobs:delete, 3 sequence, 4 writers of the collection, 5 deletions, 6 deletion bell
-- ARGV 1 job id, 2 collection, 3 photo id, 4 changes channel, 5 retention in s
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local version = redis.call('INCR', KEYS[3])
redis.call('HSET', KEYS[1], 'id', ARGV[1], 'kind', 'delete', 'status', 'queued', 'collection', ARGV[2],
  'photo_id', ARGV[3], 'created', now, 'version', version)
redis.call('ZADD', KEYS[2], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[5] * 1000)
redis.call('ZADD', KEYS[4], version, ARGV[1])
redis.call('ZADD', KEYS[5], now, ARGV[1])
redis.call('LPUSH', KEYS[6], 1)
redis.call('LTRIM', KEYS[6], 0, 0)
redis.call('PUBLISH', ARGV[4], ARGV[1])
return redis.status_reply('OK')
