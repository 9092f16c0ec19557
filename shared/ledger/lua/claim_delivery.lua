-- Claim the webhook that is due of the origin that has waited longest. No two workers send to one origin at a time.
-- Keys: delivery-origins, deliveries-waiting; built from the prefix: deliveries:ORIGIN and delivery-lock:ORIGIN of each
--       origin visited, job:ID:deliveries of each webhook visited.
-- Returns nil, or {job id, number, origin, event, time of the event, time of the claim, attempts with this one, the job
-- at the time of the event as JSON}. Times are in ms.
local origins, total = unpack(KEYS)
local prefix, token, lease_ms = unpack(ARGV)
local MAX_ORIGINS = 100

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- The first due webhook of an origin; nil and when to look again, if there is one.
local function first_due(queue)
  while true do
    local member, due = unpack(redis.call('ZRANGE', queue, 0, 0, 'WITHSCORES'))
    if not member then
      return nil
    elseif tonumber(due) > now then
      return nil, due
    end
    local id, number = string.match(member, '^(%S+) (%S+)$')
    local deliveries = prefix .. 'job:' .. id .. ':deliveries'
    if redis.call('HEXISTS', deliveries, number .. ':job') == 1 then
      return {member = member, id = id, number = number, deliveries = deliveries}
    end
    -- Its record has expired.
    redis.call('ZREM', queue, member)
    redis.call('DECR', total)
  end
end

for _, origin in ipairs(redis.call('ZRANGEBYSCORE', origins, '-inf', now, 'LIMIT', 0, MAX_ORIGINS)) do
  local queue, lock = prefix .. 'deliveries:' .. origin, prefix .. 'delivery-lock:' .. origin
  local locked_ms = redis.call('PTTL', lock)
  if locked_ms > 0 then
    redis.call('ZADD', origins, now + locked_ms, origin)
  else
    local found, due = first_due(queue)
    if found then
      redis.call('SET', lock, token, 'PX', lease_ms)
      redis.call('ZADD', origins, now + lease_ms, origin)
      redis.call('ZADD', queue, now + lease_ms, found.member)
      local attempts = redis.call('HINCRBY', found.deliveries, found.number .. ':attempts', 1)
      local event, created, job = unpack(redis.call('HMGET', found.deliveries, found.number .. ':event',
        found.number .. ':created', found.number .. ':job'))
      return {found.id, found.number, origin, event, created, now, attempts, job}
    elseif due then
      redis.call('ZADD', origins, due, origin)
    else
      redis.call('ZREM', origins, origin)
    end
  end
end
return nil
