-- Take one chunk: expired leases first, then the jobs in turn. Attempts are counted here, before any work.
-- KEYS 1 leases, 2 active; and of each job met on the way: job, job:chunks, job:waiting, job:attempts, writers;
--      of each worker that lost a lease: in-model
-- ARGV 1 key prefix, 2 token, 3 lease in ms, 4 changes channel, 5 ms for which an ended job may still have a row under way,
--      6 losses of a worker that a chunk is excused at most, 7 … ids of jobs to pass over, but for what lost its worker
-- Returns nil, or {job id, chunk, payload, attempts, version, collection, 1 if more may be waiting, 1 if it is a
-- preflight, 1 if an older submission may still write to the collection}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function workable(status)
  return status == 'queued' or status == 'running'
end

-- Versions keep an older row from winning, but only against rows that are written: so a worker must know whether it
-- may leave an unchanged row as it is. Jobs that ended long ago are forgotten here.
local function is_contested(collection, version)
  local writers = ARGV[1] .. 'writers:' .. collection
  while true do
    local oldest = redis.call('ZRANGE', writers, 0, 0, 'WITHSCORES')
    if not oldest[1] or tonumber(oldest[2]) >= tonumber(version) then
      return 0
    end
    local fields = redis.call('HMGET', ARGV[1] .. 'job:' .. oldest[1], 'status', 'finished')
    if fields[1] and not (fields[2] and fields[2] + ARGV[5] < now) then
      return 1
    end
    redis.call('ZREM', writers, oldest[1])
  end
end

local function take(id, chunk)
  local job = ARGV[1] .. 'job:' .. id
  local payload = redis.call('HGET', job .. ':chunks', chunk)
  if not payload then
    return nil
  end
  local fields = redis.call('HMGET', job, 'status', 'version', 'collection', 'preflight_of')
  if fields[1] == 'queued' then
    redis.call('HSET', job, 'status', 'running', 'started', now)
    redis.call('PUBLISH', ARGV[4], id)
  end
  local attempts = redis.call('HINCRBY', job .. ':attempts', chunk, 1)
  redis.call('ZADD', KEYS[1], now + ARGV[3], id .. ' ' .. chunk .. ' ' .. ARGV[2])
  local expired = redis.call('ZCOUNT', KEYS[1], '-inf', now)
  local more = (expired > 0 or redis.call('LLEN', KEYS[2]) > 0) and 1 or 0
  return {id, chunk, payload, attempts, fields[2], fields[3], more, fields[4] and 1 or 0, is_contested(fields[3], fields[2])}
end

-- Take an attempt back if the lost worker did not have this chunk in its model: a worker passes its healthy chunks
-- through together and a suspect, one that lost a worker before, by itself, and records which. The limit ends a loop of
-- crashes that come from elsewhere.
local function excuse(id, chunk, token)
  local attempts = ARGV[1] .. 'job:' .. id .. ':attempts'
  local process = string.match(token, '^(%x+)%-')
  local in_model = process and redis.call('GET', ARGV[1] .. 'in-model:' .. process)
  local count = tonumber(redis.call('HGET', attempts, chunk) or 0)
  if not in_model or count == 0 or in_model == id .. ' ' .. chunk or (in_model == 'healthy' and count == 1) then
    return
  end
  if redis.call('HINCRBY', attempts, 'excused ' .. chunk, 1) <= tonumber(ARGV[6]) then
    redis.call('HINCRBY', attempts, chunk, -1)
  end
end

while true do
  local member = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 1)[1]
  if not member then
    break
  end
  redis.call('ZREM', KEYS[1], member)
  local id, chunk, token = string.match(member, '^(%S+) (%S+) (%S+)$')
  local job = ARGV[1] .. 'job:' .. id
  local status = redis.call('HGET', job, 'status')
  if workable(status) or status == 'paused' then
    excuse(id, chunk, token)
  end
  if workable(status) then
    local claim = take(id, chunk)
    if claim then
      return claim
    end
  elseif status == 'paused' and redis.call('HEXISTS', job .. ':chunks', chunk) == 1 then
    redis.call('LPUSH', job .. ':waiting', chunk)
  end
end

local passed_over = {}
for index = 7, #ARGV do
  passed_over[ARGV[index]] = true
end

for _ = 1, redis.call('LLEN', KEYS[2]) do
  local id = redis.call('LMOVE', KEYS[2], KEYS[2], 'LEFT', 'RIGHT')
  if not passed_over[id] then
    local job = ARGV[1] .. 'job:' .. id
    local chunk = workable(redis.call('HGET', job, 'status')) and redis.call('LPOP', job .. ':waiting')
    while chunk and redis.call('HEXISTS', job .. ':chunks', chunk) == 0 do
      chunk = redis.call('LPOP', job .. ':waiting')
    end
    if not chunk or redis.call('LLEN', job .. ':waiting') == 0 then
      redis.call('LREM', KEYS[2], 0, id)
    end
    if chunk then
      return take(id, chunk)
    end
  end
end
return nil
