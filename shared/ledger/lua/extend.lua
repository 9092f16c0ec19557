-- Heartbeat: extend leases, and record how many items of each chunk are under way, in the field "under-way:CHUNK" of
-- its job. A lease that another worker has taken over is not restored. A lease of a job that has ended
-- is dropped, so that its worker writes none of its rows.
-- Keys: leases; the job of each lease (built from the prefix).
-- Returns the members, out of those given, whose lease the caller still holds.
local leases = KEYS[1]
local prefix, lease_ms, changes = unpack(ARGV)
local FIRST_MEMBER = 4 -- from here on: members "job chunk token", each with its number of items under way

local time = redis.call('TIME')
local deadline = time[1] * 1000 + math.floor(time[2] / 1000) + lease_ms
local held = {}
for index = FIRST_MEMBER, #ARGV, 2 do
  local member, under_way = ARGV[index], ARGV[index + 1]
  local id, chunk = string.match(member, '^(%S+) (%S+)')
  local job = prefix .. 'job:' .. id
  local status = redis.call('HGET', job, 'status')
  if not status or status == 'cancelled' or status == 'failed' then
    redis.call('ZREM', leases, member)
  elseif redis.call('ZSCORE', leases, member) then
    redis.call('ZADD', leases, 'XX', deadline, member)
    table.insert(held, member)
    local field = 'under-way:' .. chunk
    if under_way ~= (redis.call('HGET', job, field) or '0') then
      redis.call('HSET', job, field, under_way)
      redis.call('PUBLISH', changes, id)
    end
  end
end
return held
