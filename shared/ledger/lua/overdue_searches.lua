-- Searches whose bell was lost, or whose worker was: those go back to the head of the queue.
-- KEYS 1 searches, 2 waiting searches; and of each search met: job
-- ARGV 1 key prefix, 2 ms until the next look
-- Returns {1 if a bell must be rung, ids past their deadline}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ring, late = 0, {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 1000)) do
  local job = ARGV[1] .. 'job:' .. id
  local fields = redis.call('HMGET', job, 'status', 'deadline')
  if not fields[2] then
    redis.call('ZREM', KEYS[1], id)
  elseif now >= tonumber(fields[2]) then
    table.insert(late, id)
  else
    redis.call('ZADD', KEYS[1], math.min(now + ARGV[2], fields[2]), id)
    -- One that is `queued` waits in the queue since it was made.
    if fields[1] == 'running' then
      redis.call('HSET', job, 'status', 'queued')
      redis.call('LPUSH', KEYS[2], id)
    end
    ring = 1
  end
end
return {ring, late}
