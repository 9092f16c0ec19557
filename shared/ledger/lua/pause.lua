-- Stop handing out a job's chunks; what is held goes on.
-- KEYS 1 job, 2 active
-- ARGV 1 job id, 2 changes channel
-- Returns the status the job had, or nil if there is none.
local status = redis.call('HGET', KEYS[1], 'status')
if status == 'queued' or status == 'running' then
  redis.call('HSET', KEYS[1], 'status', 'paused')
  redis.call('LREM', KEYS[2], 0, ARGV[1])
  redis.call('PUBLISH', ARGV[2], ARGV[1])
end
return status
