-- Included by the scripts that end or pause a job: queue a webhook if the job wants one about this event. Its data is
-- the job as it is at this moment.
-- Keys, built from the prefix: job:ID, job:ID:deliveries, deliveries:ORIGIN, delivery-origins, delivery-bell,
--       deliveries-waiting.
local function notify(prefix, id, event, now)
  -- A receiver fetches a longer result from the API.
  local MAX_RESULT_BYTES = 32768
  -- Pausing and resuming may alternate without end.
  local MAX_PAUSES = 100
  -- Longer than the day of attempts.
  local KEEP_S = 90000

  local job = prefix .. 'job:' .. id
  local url, events, origin = unpack(redis.call('HMGET', job, 'callback_url', 'callback_events', 'callback_origin'))
  if not url or not string.find(' ' .. events .. ' ', ' ' .. event .. ' ', 1, true) then
    return
  end
  local deliveries = job .. ':deliveries'
  if event == 'paused' and tonumber(redis.call('HGET', deliveries, 'count') or 0) >= MAX_PAUSES then
    return
  end
  local fields, snapshot = redis.call('HGETALL', job), {}
  for index = 1, #fields, 2 do
    local name, value = fields[index], fields[index + 1]
    local is_long = name == 'result' and #value > MAX_RESULT_BYTES
    if name ~= 'query' and not is_long and string.sub(name, 1, 5) ~= 'rate:' and string.sub(name, 1, 10) ~= 'under-way:' then
      snapshot[name] = value
    end
  end
  local number = redis.call('HINCRBY', deliveries, 'count', 1)
  redis.call('HINCRBY', deliveries, 'waiting', 1)
  redis.call('HSET', deliveries, 'url', url, number .. ':event', event, number .. ':created', now,
    number .. ':job', cjson.encode(snapshot))
  if redis.call('TTL', deliveries) < KEEP_S then
    redis.call('EXPIRE', deliveries, KEEP_S)
  end
  redis.call('ZADD', prefix .. 'deliveries:' .. origin, now, id .. ' ' .. number)
  redis.call('ZADD', prefix .. 'delivery-origins', 'LT', now, origin)
  redis.call('INCR', prefix .. 'deliveries-waiting')
  redis.call('LPUSH', prefix .. 'delivery-bell', 1)
  redis.call('LTRIM', prefix .. 'delivery-bell', 0, 0)
end
