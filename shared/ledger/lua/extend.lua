-- Keep leases alive. A lease that somebody else has taken over since is not brought back.
-- KEYS 1 leases
-- ARGV 1 lease in ms, 2.. members "job chunk token"
-- Returns the members that are still held.
local time = redis.call('TIME')
local deadline = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
local held = {}
for i = 2, #ARGV do
  if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
    redis.call('ZADD', KEYS[1], 'XX', deadline, ARGV[i])
    table.insert(held, ARGV[i])
  end
end
return held
