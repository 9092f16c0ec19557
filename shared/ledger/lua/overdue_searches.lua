-- Searches whose bell was lost, or whose worker was: the caller rings again, or gives up on those past their deadline.
-- KEYS 1 searches; and of each search met: job
-- ARGV 1 key prefix, 2 ms until the next ring, 3 deadline in ms after creation
-- Returns {ids to ring for, ids past their deadline}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ring, late = {}, {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 1000)) do
  local created = redis.call('HGET', ARGV[1] .. 'job:' .. id, 'created')
  if not created then
    redis.call('ZREM', KEYS[1], id)
  elseif now - created >= tonumber(ARGV[3]) then
    table.insert(late, id)
  else
    redis.call('ZADD', KEYS[1], now + ARGV[2], id)
    table.insert(ring, id)
  end
end
return {ring, late}
