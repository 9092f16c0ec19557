-- Hand a paused job's chunks out again.
-- KEYS 1 job, 2 active, 3 job:waiting
-- ARGV 1 job id, 2 changes channel
-- Returns the status the job had, or nil if there is none.
local status = redis.call('HGET', KEYS[1], 'status')
if status == 'paused' then
  redis.call('HSET', KEYS[1], 'status', redis.call('HEXISTS', KEYS[1], 'started') == 1 and 'running' or 'queued')
  if redis.call('LLEN', KEYS[3]) > 0 then
    redis.call('RPUSH', KEYS[2], ARGV[1])
  end
  redis.call('PUBLISH', ARGV[2], ARGV[1])
end
return status
