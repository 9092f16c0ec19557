-- Heartbeat: extend leases. A lease that another worker has taken over is not restored. A lease of a job that has ended
-- is dropped, so that its worker writes none of its rows.
-- Keys: leases; the job of each lease (built from the prefix).
-- Returns the members, out of those given, whose lease the caller still holds.
local leases = KEYS[1]
local prefix, lease_ms = ARGV[1], ARGV[2]
local FIRST_MEMBER = 3 -- from here on: members "job chunk token"

local time = redis.call('TIME')
local deadline = time[1] * 1000 + math.floor(time[2] / 1000) + lease_ms
local held = {}
for index = FIRST_MEMBER, #ARGV do
  local member = ARGV[index]
  local status = redis.call('HGET', prefix .. 'job:' .. string.match(member, '^%S+'), 'status')
  if not status or status == 'cancelled' or status == 'failed' then
    redis.call('ZREM', leases, member)
  elseif redis.call('ZSCORE', leases, member) then
    redis.call('ZADD', leases, 'XX', deadline, member)
    table.insert(held, member)
  end
end
return held
