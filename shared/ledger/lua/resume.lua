-- Hand a paused job's chunks out again. What failed until now does not pause it a second time.
-- KEYS 1 job, 2 active, 3 job:waiting
-- ARGV 1 job id, 2 changes channel
-- Returns the status the job had, or nil if there is none.
local status = redis.call('HGET', KEYS[1], 'status')
if status == 'paused' then
  local counts = redis.call('HMGET', KEYS[1], 'stored', 'unchanged', 'failed')
  redis.call('HDEL', KEYS[1], 'tripped')
  redis.call('HSET', KEYS[1], 'forgiven', counts[1] + counts[2] + counts[3], 'forgiven_failed', counts[3])
  redis.call('HSET', KEYS[1], 'status', redis.call('HEXISTS', KEYS[1], 'started') == 1 and 'running' or 'queued')
  if redis.call('LLEN', KEYS[3]) > 0 then
    redis.call('RPUSH', KEYS[2], ARGV[1])
  end
  redis.call('PUBLISH', ARGV[2], ARGV[1])
end
return status
