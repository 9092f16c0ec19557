-- A worker answers the bell: claim waiting searches, oldest first, and clear the bell.
-- Keys: searches-waiting, searches, search-bell; the job and collection:NAME of each search (built from the prefix).
-- Returns {claimed searches, ids past their deadline, 1 if more wait}. A search is {id, query, ms waited, ms left,
-- pending items of its collection, changes of its collection, id of its request or '', its kind}.
local waiting, searches, bell = unpack(KEYS)
local prefix, claim_ms, limit = unpack(ARGV)

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local claimed, late = {}, {}
redis.call('DEL', bell)
while #claimed < tonumber(limit) do
  local id = redis.call('LPOP', waiting)
  if not id then
    break
  end
  local job = prefix .. 'job:' .. id
  local status, query, created, deadline, collection, request_id, kind =
    unpack(redis.call('HMGET', job, 'status', 'query', 'created', 'deadline', 'collection', 'request_id', 'kind'))
  -- Cancelled and expired jobs are dropped.
  if status == 'queued' or status == 'running' then
    if now >= tonumber(deadline) then
      table.insert(late, id)
    else
      redis.call('HSET', job, 'status', 'running', 'started', now)
      redis.call('ZADD', searches, 'XX', math.min(now + claim_ms, deadline), id)
      local pending, changes = unpack(redis.call('HMGET', prefix .. 'collection:' .. collection, 'pending', 'changes'))
      table.insert(claimed, {id, query, now - created, deadline - now, pending or 0, changes or 0,
        request_id or '', kind})
    end
  end
end
return {claimed, late, redis.call('LLEN', waiting) > 0 and 1 or 0}
