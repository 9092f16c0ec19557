-- A worker heard the bell: give it the searches that wait, oldest first, and ring off.
-- KEYS 1 waiting searches, 2 searches, 3 search bell; and of each search met: job, its collection
-- ARGV 1 key prefix, 2 ms until a search is given to another worker, 3 most to take
-- Returns {searches, ids past their deadline, 1 if more wait}; a search is {id, query, ms waited, ms left, items of
-- unended ingests into its collection, changes of its collection so far}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local taken, late = {}, {}
redis.call('DEL', KEYS[3])
while #taken < tonumber(ARGV[3]) do
  local id = redis.call('LPOP', KEYS[1])
  if not id then
    break
  end
  local job = ARGV[1] .. 'job:' .. id
  local fields = redis.call('HMGET', job, 'status', 'query', 'created', 'deadline', 'collection')
  -- Those that were cancelled, or are forgotten, are dropped.
  if fields[1] == 'queued' or fields[1] == 'running' then
    if now >= tonumber(fields[4]) then
      table.insert(late, id)
    else
      redis.call('HSET', job, 'status', 'running', 'started', now)
      redis.call('ZADD', KEYS[2], 'XX', math.min(now + ARGV[2], fields[4]), id)
      local coverage = redis.call('HMGET', ARGV[1] .. 'collection:' .. fields[5], 'pending', 'changes')
      table.insert(taken, {id, fields[2], now - fields[3], fields[4] - now, coverage[1] or 0, coverage[2] or 0})
    end
  end
end
return {taken, late, redis.call('LLEN', KEYS[1]) > 0 and 1 or 0}
