-- Replace a chunk that keeps losing its workers by two halves. They inherit all but one of the attempts allowed, so that
-- a half which loses one more worker is split again immediately.
-- Keys: leases, active, job, job:chunks, job:waiting, job:attempts.
-- Returns 1, or 0 if the chunk is already settled or split, or its job has ended.
local leases, active, job, chunks, waiting, attempts = unpack(KEYS)
local id, chunk, token, first_half, second_half, inherited_attempts = unpack(ARGV)

redis.call('ZREM', leases, id .. ' ' .. chunk .. ' ' .. token)
if redis.call('HDEL', chunks, chunk) == 0 then
  return 0
end
redis.call('HDEL', attempts, chunk)
redis.call('HDEL', job, 'under-way:' .. chunk)
local status = redis.call('HGET', job, 'status')
if status == 'cancelled' or status == 'failed' then
  return 0
end
for _, half in ipairs({first_half, second_half}) do
  local number = redis.call('HINCRBY', job, 'chunks', 1) - 1
  redis.call('HSET', chunks, number, half)
  redis.call('HSET', attempts, number, inherited_attempts)
  redis.call('LPUSH', waiting, number)
end
redis.call('LREM', active, 0, id)
if status ~= 'paused' then
  redis.call('LPUSH', active, id)
end
return 1
