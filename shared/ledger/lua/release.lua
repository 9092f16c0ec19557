-- Return an unfinished chunk, as if it had never been claimed: its attempt does not count. A chunk of a job that has
-- ended is dropped.
-- Keys: leases, active, job, job:chunks, job:waiting, job:attempts.
-- Returns 1, or 0 if the caller no longer holds the lease.
local leases, active, job, chunks, waiting, attempts = unpack(KEYS)
local id, chunk, token = unpack(ARGV)

if redis.call('ZREM', leases, id .. ' ' .. chunk .. ' ' .. token) == 0 then
  return 0
end
redis.call('HDEL', job, 'under-way:' .. chunk)
local status = redis.call('HGET', job, 'status')
if status == 'cancelled' or status == 'failed' then
  redis.call('HDEL', chunks, chunk)
elseif redis.call('HEXISTS', chunks, chunk) == 1 then
  redis.call('HINCRBY', attempts, chunk, -1)
  redis.call('LPUSH', waiting, chunk)
  redis.call('LREM', active, 0, id)
  if status ~= 'paused' then
    redis.call('LPUSH', active, id)
  end
end
return 1
