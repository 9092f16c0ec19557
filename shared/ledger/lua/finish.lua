-- End a job of any kind in a final state. A job that has ended stays as it is.
-- Keys: job, job:chunks, job:waiting, job:attempts, job:failures, active, searches, orders:delete, orders:index, and
--       keys to delete; leases and collection:NAME (built from the prefix); those of notify.lua;
--       job:pictures and job:pictures-before (built from job).
-- Returns the previous status, or nil if there is no such job.
local job, chunks, waiting, attempts, failures, active, searches, deletions, index_commands = unpack(KEYS)
local FIRST_KEY_TO_DELETE = 10
-- `field` is 'result', 'error' or '', `value` its JSON.
local id, new_status, field, value, retention_s, changes, prefix = unpack(ARGV)

-- include notify

-- Claimed chunks keep their payload: a worker that has written a chunk's rows can still settle it.
local function claimed_chunks()
  local claimed = {}
  for _, member in ipairs(redis.call('ZRANGE', prefix .. 'leases', 0, -1)) do
    local owner, chunk = string.match(member, '^(%S+) (%S+) ')
    local payload = owner == id and redis.call('HGET', chunks, chunk)
    if payload then
      claimed[chunk] = payload
    end
  end
  return claimed
end

local status = redis.call('HGET', job, 'status')
if not status or status == 'succeeded' or status == 'failed' or status == 'cancelled' then
  return status
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', job, 'status', new_status, 'finished', now)
if field ~= '' then
  redis.call('HSET', job, field, value)
end
local kind, collection, total, stored, unchanged, failed, preflight_of =
  unpack(redis.call('HMGET', job, 'kind', 'collection', 'total', 'stored', 'unchanged', 'failed', 'preflight_of'))
local collection_stats = prefix .. 'collection:' .. (collection or '')
if kind == 'ingest' and not preflight_of then
  redis.call('HINCRBY', collection_stats, 'pending', stored + unchanged + failed - total)
elseif kind == 'delete' then
  redis.call('HINCRBY', collection_stats, 'changes', 1)
  if redis.call('HGET', collection_stats, 'deleting') == id then
    redis.call('HDEL', collection_stats, 'deleting')
  end
end
local claimed = kind == 'ingest' and claimed_chunks() or {}
redis.call('DEL', chunks, waiting, attempts, job .. ':pictures', job .. ':pictures-before',
  unpack(KEYS, FIRST_KEY_TO_DELETE))
for chunk, payload in pairs(claimed) do
  redis.call('HSET', chunks, chunk, payload)
end
redis.call('EXPIRE', chunks, retention_s)
redis.call('LREM', active, 0, id)
redis.call('ZREM', searches, id)
redis.call('ZREM', deletions, id)
redis.call('ZREM', index_commands, id)
notify(prefix, id, new_status, now)
redis.call('EXPIRE', job, retention_s)
redis.call('EXPIRE', failures, retention_s)
redis.call('PUBLISH', changes, id)
return status
