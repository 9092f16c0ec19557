-- Count a finished chunk, once: only the call that removes the payload moves the counts.
-- KEYS 1 leases, 2 active, 3 job, 4 job:chunks, 5 job:waiting, 6 job:attempts, 7 job:failures
-- ARGV 1 job id, 2 chunk, 3 token, 4 stored, 5 unchanged, 6 failed, 7 bytes, 8 fetch, 9 decode, 10 encode, 11 write,
--      12 block of failures or '', 13 failures kept at most, 14 retention in s, 15 changes channel
-- Returns 1, or 0 if the chunk is already settled, split, or its job cancelled.
redis.call('ZREM', KEYS[1], ARGV[1] .. ' ' .. ARGV[2] .. ' ' .. ARGV[3])
if redis.call('HDEL', KEYS[4], ARGV[2]) == 0 then
  return 0
end
redis.call('HDEL', KEYS[6], ARGV[2])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local job = KEYS[3]
local stored = redis.call('HINCRBY', job, 'stored', ARGV[4])
local unchanged = redis.call('HINCRBY', job, 'unchanged', ARGV[5])
local failed = redis.call('HINCRBY', job, 'failed', ARGV[6])
redis.call('HINCRBY', job, 'bytes', ARGV[7])
redis.call('HINCRBYFLOAT', job, 'fetch', ARGV[8])
redis.call('HINCRBYFLOAT', job, 'decode', ARGV[9])
redis.call('HINCRBYFLOAT', job, 'encode', ARGV[10])
redis.call('HINCRBYFLOAT', job, 'write', ARGV[11])

-- The rate is taken over the last minute: twelve slots of five seconds, each "slot number, items".
local slot = math.floor(now / 5000)
local field = 'rate:' .. slot % 12
local number, items = string.match(redis.call('HGET', job, field) or '', '^(%d+) (%d+)$')
items = tonumber(number) == slot and tonumber(items) or 0
redis.call('HSET', job, field, slot .. ' ' .. (items + ARGV[4] + ARGV[5] + ARGV[6]))

if ARGV[12] ~= '' and failed <= tonumber(ARGV[13]) then
  redis.call('RPUSH', KEYS[7], ARGV[12])
end
if stored + unchanged + failed == tonumber(redis.call('HGET', job, 'total')) then
  redis.call('HSET', job, 'status', 'succeeded', 'finished', now)
  redis.call('DEL', KEYS[4], KEYS[5], KEYS[6])
  redis.call('LREM', KEYS[2], 0, ARGV[1])
  redis.call('EXPIRE', job, ARGV[14])
  redis.call('EXPIRE', KEYS[7], ARGV[14])
end
redis.call('PUBLISH', ARGV[15], ARGV[1])
return 1
