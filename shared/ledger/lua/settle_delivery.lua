-- Record an attempt to deliver a webhook, and when the next one is due, or that there is none. The answer of a worker
-- whose lease another one has taken over counts if the webhook was accepted.
-- Keys: job:ID:deliveries, deliveries:ORIGIN, delivery-origins, deliveries-waiting, delivery-lock:ORIGIN.
-- Returns 1, or 0 if the webhook has been settled already or is in another worker's hands.
local deliveries, queue, origins, total, lock = unpack(KEYS)
-- `attempt` is JSON or ''. `end_status` is 'delivered', 'failed' or '', then the next attempt is due in `delay_ms`. The
-- origin gets no webhook for `pause_ms`.
local id, number, origin, token, attempts, attempt, end_status, delay_ms, pause_ms, retention_s, max_kept = unpack(ARGV)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local member = id .. ' ' .. number
local is_held = redis.call('HGET', deliveries, number .. ':attempts') == attempts
if redis.call('HEXISTS', deliveries, number .. ':job') == 0 or not (is_held or end_status == 'delivered') then
  return 0
end
if attempt ~= '' then
  redis.call('HSET', deliveries, number .. ':attempt:' .. attempts, attempt)
  redis.call('HDEL', deliveries, number .. ':attempt:' .. attempts - max_kept)
end
if end_status == '' then
  redis.call('ZADD', queue, 'XX', now + delay_ms, member)
else
  redis.call('HSET', deliveries, number .. ':status', end_status)
  redis.call('HDEL', deliveries, number .. ':job')
  if redis.call('ZREM', queue, member) == 1 then
    redis.call('DECR', total)
  end
  if redis.call('HINCRBY', deliveries, 'waiting', -1) == 0 then
    redis.call('EXPIRE', deliveries, retention_s)
  end
end
local next_ms = now
if redis.call('GET', lock) == token then
  redis.call('DEL', lock)
  if tonumber(pause_ms) > 0 then
    redis.call('SET', lock, '', 'PX', pause_ms)
    next_ms = now + pause_ms
  end
end
local _, due = unpack(redis.call('ZRANGE', queue, 0, 0, 'WITHSCORES'))
if due then
  redis.call('ZADD', origins, math.max(next_ms, due), origin)
else
  redis.call('ZREM', origins, origin)
end
return 1
