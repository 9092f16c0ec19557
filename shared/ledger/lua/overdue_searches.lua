-- Find searches whose bell or worker was lost. Those that a worker had claimed return to the head of the queue.
-- Keys: searches, searches-waiting; the job of each search (built from the prefix).
-- Returns {1 if a bell must be rung, ids past their deadline}.
local searches, waiting = unpack(KEYS)
local prefix, renotify_ms = unpack(ARGV)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ring, late = 0, {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', searches, '-inf', now, 'LIMIT', 0, 1000)) do
  local job = prefix .. 'job:' .. id
  local status, deadline = unpack(redis.call('HMGET', job, 'status', 'deadline'))
  if not deadline then
    redis.call('ZREM', searches, id)
  elseif now >= tonumber(deadline) then
    table.insert(late, id)
  else
    redis.call('ZADD', searches, math.min(now + renotify_ms, deadline), id)
    -- A search with status 'queued' is in the waiting list already.
    if status == 'running' then
      redis.call('HSET', job, 'status', 'queued')
      redis.call('LPUSH', waiting, id)
    end
    ring = 1
  end
end
return {ring, late}
