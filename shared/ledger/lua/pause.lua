-- Pause an ingest job: workers claim no more of its chunks. Claimed chunks are finished.
-- Keys: job, active.
-- Returns the previous status, or nil if there is no such job.
local job, active = unpack(KEYS)
local id, changes = unpack(ARGV)

local status = redis.call('HGET', job, 'status')
if status == 'queued' or status == 'running' then
  redis.call('HSET', job, 'status', 'paused')
  redis.call('LREM', active, 0, id)
  redis.call('PUBLISH', changes, id)
end
return status
