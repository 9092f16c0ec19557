-- Resume a paused ingest job. Items settled so far no longer count for the circuit breaker.
-- Keys: job, active, job:waiting.
-- Returns the previous status, or nil if there is no such job.
local job, active, waiting = unpack(KEYS)
local id, changes = unpack(ARGV)

local status = redis.call('HGET', job, 'status')
if status == 'paused' then
  local stored, unchanged, failed = unpack(redis.call('HMGET', job, 'stored', 'unchanged', 'failed'))
  redis.call('HDEL', job, 'tripped')
  redis.call('HSET', job, 'forgiven', stored + unchanged + failed, 'forgiven_failed', failed)
  redis.call('HSET', job, 'status', redis.call('HEXISTS', job, 'started') == 1 and 'running' or 'queued')
  if redis.call('LLEN', waiting) > 0 then
    redis.call('RPUSH', active, id)
  end
  redis.call('PUBLISH', changes, id)
end
return status
