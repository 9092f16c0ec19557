-- Count a finished chunk, once: only the call that removes the payload moves the counts.
-- KEYS 1 leases, 2 active, 3 job, 4 job:chunks, 5 job:waiting, 6 job:attempts, 7 job:failures,
--      8 coverage of the collection
-- ARGV 1 job id, 2 chunk, 3 token, 4 stored, 5 unchanged, 6 failed, 7 bytes, 8 fetch, 9 decode, 10 encode, 11 write,
--      12 block of failures or '', 13 failures kept at most, 14 retention in s, 15 changes channel,
--      16 hosts counted at most, 17 items that must be settled before a job can be paused for its failures,
--      18.. fields and counts: how many failed with "code:http_404", at "host:example.org"
-- A job that was cancelled, or failed, keeps its status and counts the chunks that were in workers' hands then.
-- Returns 1, or 0 if the chunk is already settled or split, or waited when its job ended.
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

local fields = redis.call('HMGET', job, 'total', 'status', 'max_failed_ratio', 'forgiven', 'forgiven_failed')
local has_ended = fields[2] == 'cancelled' or fields[2] == 'failed'
if redis.call('HEXISTS', job, 'preflight_of') == 0 then
  -- Of a job that has ended nothing is pending any more for its collection.
  if not has_ended then
    redis.call('HINCRBY', KEYS[8], 'pending', -(ARGV[4] + ARGV[5] + ARGV[6]))
  end
  redis.call('HINCRBY', KEYS[8], 'changes', 1)
end

-- The rate is taken over the last minute: twelve slots of five seconds, each "slot number, items".
local slot = math.floor(now / 5000)
local field = 'rate:' .. slot % 12
local number, items = string.match(redis.call('HGET', job, field) or '', '^(%d+) (%d+)$')
items = tonumber(number) == slot and tonumber(items) or 0
redis.call('HSET', job, field, slot .. ' ' .. (items + ARGV[4] + ARGV[5] + ARGV[6]))

for i = 18, #ARGV, 2 do
  local field = ARGV[i]
  if string.sub(field, 1, 5) == 'host:' and redis.call('HEXISTS', job, field) == 0 then
    if tonumber(redis.call('HGET', job, 'hosts') or 0) < tonumber(ARGV[16]) then
      redis.call('HINCRBY', job, 'hosts', 1)
    else
      field = 'host:'
    end
  end
  redis.call('HINCRBY', job, field, ARGV[i + 1])
end

if ARGV[12] ~= '' and failed <= tonumber(ARGV[13]) then
  redis.call('RPUSH', KEYS[7], ARGV[12])
end
local settled = stored + unchanged + failed
if has_ended then
  redis.call('EXPIRE', KEYS[7], ARGV[14])
elseif settled == tonumber(fields[1]) then
  redis.call('HSET', job, 'status', 'succeeded', 'finished', now)
  redis.call('DEL', KEYS[4], KEYS[5], KEYS[6])
  redis.call('LREM', KEYS[2], 0, ARGV[1])
  redis.call('EXPIRE', job, ARGV[14])
  redis.call('EXPIRE', KEYS[7], ARGV[14])
elseif fields[2] == 'running' and fields[3] then
  -- The circuit breaker: counted from the beginning, or from when the job was last resumed.
  local judged = settled - (fields[4] or 0)
  if judged >= tonumber(ARGV[17]) and failed - (fields[5] or 0) > fields[3] * judged then
    redis.call('HSET', job, 'status', 'paused', 'tripped', 1)
    redis.call('LREM', KEYS[2], 0, ARGV[1])
  end
end
redis.call('PUBLISH', ARGV[15], ARGV[1])
return 1
