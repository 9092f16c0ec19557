-- Hand an unfinished chunk back, as if it had never been claimed; one of a job that has ended is dropped.
-- KEYS 1 leases, 2 active, 3 job, 4 job:chunks, 5 job:waiting, 6 job:attempts
-- ARGV 1 job id, 2 chunk, 3 token
-- Returns 1, or 0 if the lease is no longer the caller's.
if redis.call('ZREM', KEYS[1], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3]) == 0 then
  return 0
end
local status = redis.call('HGET', KEYS[3], 'status')
if status == 'cancelled' or status == 'failed' then
  redis.call('HDEL', KEYS[4], ARGV[2])
elseif redis.call('HEXISTS', KEYS[4], ARGV[2]) == 1 then
  redis.call('HINCRBY', KEYS[6], ARGV[2], -1)
  redis.call('LPUSH', KEYS[5], ARGV[2])
  redis.call('LREM', KEYS[2], 0, ARGV[1])
  if status ~= 'paused' then
    redis.call('LPUSH', KEYS[2], ARGV[1])
  end
end
return 1
