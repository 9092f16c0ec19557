-- Replace a chunk that keeps losing its workers by two halves, which inherit its attempts but one:
-- the half that loses one more worker is split again at once.
-- KEYS 1 leases, 2 active, 3 job, 4 job:chunks, 5 job:waiting, 6 job:attempts
-- ARGV 1 job id, 2 chunk, 3 token, 4 first half, 5 second half, 6 attempts to inherit
-- Returns 1, or 0 if the chunk is already settled or split, or its job has ended.
redis.call('ZREM', KEYS[1], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
if redis.call('HDEL', KEYS[4], ARGV[2]) == 0 then
  return 0
end
redis.call('HDEL', KEYS[6], ARGV[2])
local status = redis.call('HGET', KEYS[3], 'status')
if status == 'cancelled' or status == 'failed' then
  return 0
end
for i = 4, 5 do
  local chunk = redis.call('HINCRBY', KEYS[3], 'chunks', 1) - 1
  redis.call('HSET', KEYS[4], chunk, ARGV[i])
  redis.call('HSET', KEYS[6], chunk, ARGV[6])
  redis.call('LPUSH', KEYS[5], chunk)
end
redis.call('LREM', KEYS[2], 0, ARGV[1])
if status ~= 'paused' then
  redis.call('LPUSH', KEYS[2], ARGV[1])
end
return 1
