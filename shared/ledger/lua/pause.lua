-- Pause an ingest job: workers claim no more of its chunks. Claimed chunks are finished.
-- Keys: job, active; those of notify.lua.
-- Returns the previous status, or nil if there is no such job.
local job, active = unpack(KEYS)
local id, changes, prefix = unpack(ARGV)

-- include notify

local status = redis.call('HGET', job, 'status')
if status == 'queued' or status == 'running' then
  redis.call('HSET', job, 'status', 'paused')
  redis.call('LREM', active, 0, id)
  local time = redis.call('TIME')
  notify(prefix, id, 'paused', time[1] * 1000 + math.floor(time[2] / 1000))
  redis.call('PUBLISH', changes, id)
end
return status
