-- Keep leases alive. A lease that somebody else has taken over since is not brought back; one of a job that has ended
-- goes, so that its worker writes none of its rows.
-- KEYS 1 leases; and of each lease: job
-- ARGV 1 key prefix, 2 lease in ms, 3.. members "job chunk token"
-- Returns the members that are still held.
local time = redis.call('TIME')
local deadline = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2]
local held = {}
for i = 3, #ARGV do
  local status = redis.call('HGET', ARGV[1] .. 'job:' .. string.match(ARGV[i], '^%S+'), 'status')
  if not status or status == 'cancelled' or status == 'failed' then
    redis.call('ZREM', KEYS[1], ARGV[i])
  elseif redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    redis.call('ZADD', KEYS[1], 'XX', deadline, ARGV[i])
    table.insert(held, ARGV[i])
  end
end
return held
