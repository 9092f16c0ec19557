-- A worker heard the bell of a search: note when, and put the next ring off while it works.
-- KEYS 1 job, 2 searches
-- ARGV 1 job id, 2 ms until the next ring, 3 changes channel
-- Returns nil if there is nothing left to do, else {query, ms waited since creation}.
local fields = redis.call('HMGET', KEYS[1], 'status', 'query', 'created')
if fields[1] ~= 'queued' and fields[1] ~= 'running' then
  return nil
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'status', 'running', 'started', now)
redis.call('ZADD', KEYS[2], 'XX', now + ARGV[2], ARGV[1])
redis.call('PUBLISH', ARGV[3], ARGV[1])
return {fields[2], now - fields[3]}
