-- Count a finished chunk, once: only the call that removes the payload changes the counts. A job that was cancelled or
-- failed keeps its status and still counts the chunks that were claimed at that moment.
-- Keys: leases, active, job, job:chunks, job:waiting, job:attempts, job:failures, collection:NAME; those of
--       notify.lua and same_pictures.lua.
-- Returns 1, or 0 if the chunk is already settled or split, or was waiting when its job ended.
local leases, active, job, chunks, waiting, attempts, failures, collection_stats = unpack(KEYS)
local id, chunk, token, chunk_stored, chunk_unchanged, chunk_failed, bytes, fetch_s, decode_s, encode_s, write_s,
  failure_block, max_kept_failures, retention_s, changes, prefix, max_hosts, min_judged_items, pictures = unpack(ARGV)
-- From here on: fields and by how much each grows, "code:http_404" and "host:example.org".
local FIRST_FAILURE_COUNT = 20

-- include notify
-- include same_pictures

redis.call('ZREM', leases, id .. ' ' .. chunk .. ' ' .. token)
if redis.call('HDEL', chunks, chunk) == 0 then
  return 0
end
redis.call('HDEL', attempts, chunk)
redis.call('HDEL', job, 'under-way:' .. chunk)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local items = chunk_stored + chunk_unchanged + chunk_failed
local stored = redis.call('HINCRBY', job, 'stored', chunk_stored)
local unchanged = redis.call('HINCRBY', job, 'unchanged', chunk_unchanged)
local failed = redis.call('HINCRBY', job, 'failed', chunk_failed)
redis.call('HINCRBY', job, 'bytes', bytes)
redis.call('HINCRBYFLOAT', job, 'fetch', fetch_s)
redis.call('HINCRBYFLOAT', job, 'decode', decode_s)
redis.call('HINCRBYFLOAT', job, 'encode', encode_s)
redis.call('HINCRBYFLOAT', job, 'write', write_s)

local total, status, max_failed_ratio, forgiven, forgiven_failed, preflight_of = unpack(redis.call('HMGET', job,
  'total', 'status', 'max_failed_ratio', 'forgiven', 'forgiven_failed', 'preflight_of'))
local has_ended = status == 'cancelled' or status == 'failed'
if not preflight_of then
  -- The pending items of a job that has ended were subtracted at its end.
  if not has_ended then
    redis.call('HINCRBY', collection_stats, 'pending', -items)
  end
  redis.call('HINCRBY', collection_stats, 'changes', 1)
end

-- Items per second over the last minute: twelve slots of five seconds, each "slot number, items".
local slot = math.floor(now / 5000)
local rate_field = 'rate:' .. slot % 12
local number, slot_items = string.match(redis.call('HGET', job, rate_field) or '', '^(%d+) (%d+)$')
slot_items = tonumber(number) == slot and tonumber(slot_items) or 0
redis.call('HSET', job, rate_field, slot .. ' ' .. (slot_items + items))

-- Failures are counted per host for at most `max_hosts` hosts; the rest share the counter 'host:'.
for index = FIRST_FAILURE_COUNT, #ARGV, 2 do
  local field, count = ARGV[index], ARGV[index + 1]
  if string.sub(field, 1, 5) == 'host:' and redis.call('HEXISTS', job, field) == 0 then
    if tonumber(redis.call('HGET', job, 'hosts') or 0) < tonumber(max_hosts) then
      redis.call('HINCRBY', job, 'hosts', 1)
    else
      field = 'host:'
    end
  end
  redis.call('HINCRBY', job, field, count)
end

if not has_ended then
  count_same_pictures(job, pictures, retention_s)
end
if failure_block ~= '' and failed <= tonumber(max_kept_failures) then
  redis.call('RPUSH', failures, failure_block)
end
local settled = stored + unchanged + failed
-- The circuit breaker: judges the items settled since the start or the last resume.
local judged = settled - (forgiven or 0)
local is_over = max_failed_ratio and failed - (forgiven_failed or 0) > max_failed_ratio * judged
if has_ended then
  redis.call('EXPIRE', failures, retention_s)
elseif settled == tonumber(total) then
  local ended = 'succeeded'
  if is_over and not preflight_of then
    ended = 'failed'
    redis.call('HSET', job, 'tripped', 1)
  end
  redis.call('HSET', job, 'status', ended, 'finished', now)
  notify(prefix, id, ended, now)
  redis.call('DEL', chunks, waiting, attempts, job .. ':pictures', job .. ':pictures-before')
  redis.call('LREM', active, 0, id)
  redis.call('EXPIRE', job, retention_s)
  redis.call('EXPIRE', failures, retention_s)
elseif status == 'running' and is_over and judged >= tonumber(min_judged_items) then
  redis.call('HSET', job, 'status', 'paused', 'tripped', 1)
  redis.call('LREM', active, 0, id)
  notify(prefix, id, 'paused', now)
end
redis.call('PUBLISH', changes, id)
return 1
