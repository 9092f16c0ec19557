-- Take the orders of a kind that wait, oldest first; those not ended in time are taken again, by anybody.
-- KEYS 1 orders; and of each order met: job
-- ARGV 1 key prefix, 2 ms until they may be taken again, 3 most to take
-- Returns {job id, collection, subject, version, begun or ''} of each, in one flat list.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local taken = {}
for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[3])) do
  local job = ARGV[1] .. 'job:' .. id
  local fields = redis.call('HMGET', job, 'collection', 'subject', 'version', 'started', 'begun')
  if fields[1] then
    redis.call('ZADD', KEYS[1], now + ARGV[2], id)
    redis.call('HSET', job, 'status', 'running', 'started', fields[4] or now)
    for _, value in ipairs({id, fields[1], fields[2], fields[3], fields[5] or ''}) do
      table.insert(taken, value)
    end
  else
    redis.call('ZREM', KEYS[1], id)
  end
end
return taken
