-- Keep leases alive. A lease that somebody else has taken over since is not brought back.
-- KEYS 1 leases
-- ARGV 1 lease in ms, 2.. members "job chunk token"
local time = redis.call('TIME')
local deadline = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[1]
for i = 2, #ARGV do
  redis.call('ZADD', KEYS[1], 'XX', deadline, ARGV[i])
end
return redis.status_reply('OK')
