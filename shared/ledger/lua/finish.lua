-- End a job of any kind in a final state; a job that has ended stays as it is.
-- KEYS 1 job, 2 job:chunks, 3 job:waiting, 4 job:attempts, 5 job:failures, 6 active, 7 searches,
--      8 and 9 orders of each kind, 10.. keys to delete; and the coverage of the job's collection, leases
-- ARGV 1 job id, 2 status, 3 field to set ('result', 'error' or ''), 4 its JSON, 5 retention in s, 6 changes channel,
--      7 key prefix
-- Returns the status the job had, or nil if there is none.
-- The chunks in workers' hands keep their payload: whoever has written one's rows can still settle it.
local function held_chunks()
  local held = {}
  for _, member in ipairs(redis.call('ZRANGE', ARGV[7] .. 'leases', 0, -1)) do
    local id, chunk = string.match(member, '^(%S+) (%S+) ')
    local payload = id == ARGV[1] and redis.call('HGET', KEYS[2], chunk)
    if payload then
      held[chunk] = payload
    end
  end
  return held
end

local status = redis.call('HGET', KEYS[1], 'status')
if not status or status == 'succeeded' or status == 'failed' or status == 'cancelled' then
  return status
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], 'status', ARGV[2], 'finished', now)
if ARGV[3] ~= '' then
  redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
end
local fields = redis.call('HMGET', KEYS[1], 'kind', 'collection', 'total', 'stored', 'unchanged', 'failed', 'preflight_of')
local coverage = ARGV[7] .. 'collection:' .. (fields[2] or '')
if fields[1] == 'ingest' and not fields[7] then
  redis.call('HINCRBY', coverage, 'pending', fields[4] + fields[5] + fields[6] - fields[3])
elseif fields[1] == 'delete' then
  redis.call('HINCRBY', coverage, 'changes', 1)
end
local held = fields[1] == 'ingest' and held_chunks() or {}
redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], unpack(KEYS, 10))
for chunk, payload in pairs(held) do
  redis.call('HSET', KEYS[2], chunk, payload)
end
redis.call('EXPIRE', KEYS[2], ARGV[5])
redis.call('LREM', KEYS[6], 0, ARGV[1])
redis.call('ZREM', KEYS[7], ARGV[1])
redis.call('ZREM', KEYS[8], ARGV[1])
redis.call('ZREM', KEYS[9], ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[5])
redis.call('EXPIRE', KEYS[5], ARGV[5])
redis.call('PUBLISH', ARGV[6], ARGV[1])
return status
