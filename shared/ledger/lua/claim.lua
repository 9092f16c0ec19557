-- Claim one chunk: expired leases first, then the active jobs in turn. Attempts are counted here, before any work.
-- Keys: leases, active; built from the prefix: job, job:chunks, job:waiting, job:attempts and writers:COLLECTION of each
--       job visited, in-model:PROCESS of each worker that lost a lease.
-- Returns nil, or {job id, chunk, payload, attempts, version, collection, 1 if more may be waiting, 1 if the job is a
-- preflight, 1 if an older submission may still write to the collection, id of the job's request or ''}.
local leases, active = unpack(KEYS)
-- A job that ended less than `writing_ms` ago may still have rows in flight. `max_excused` limits the lost workers
-- that do not count as attempts of a chunk.
local prefix, claim_token, lease_ms, changes, writing_ms, max_excused = unpack(ARGV)
local FIRST_EXCLUDED_JOB = 7 -- from here on: jobs to skip, except for chunks that lost their worker

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function is_workable(status)
  return status == 'queued' or status == 'running'
end

-- The version keeps an older row from replacing a newer one, but only if the newer one is written. So a worker must know
-- whether it may leave an unchanged row as it is. Jobs that ended long ago are removed from the writers here.
local function is_contested(collection, version)
  local writers = prefix .. 'writers:' .. collection
  while true do
    local oldest, oldest_version = unpack(redis.call('ZRANGE', writers, 0, 0, 'WITHSCORES'))
    if not oldest or tonumber(oldest_version) >= tonumber(version) then
      return 0
    end
    local status, finished = unpack(redis.call('HMGET', prefix .. 'job:' .. oldest, 'status', 'finished'))
    if status and not (finished and finished + writing_ms < now) then
      return 1
    end
    redis.call('ZREM', writers, oldest)
  end
end

local function take(id, chunk)
  local job = prefix .. 'job:' .. id
  local payload = redis.call('HGET', job .. ':chunks', chunk)
  if not payload then
    return nil
  end
  local status, version, collection, preflight_of, request_id =
    unpack(redis.call('HMGET', job, 'status', 'version', 'collection', 'preflight_of', 'request_id'))
  if status == 'queued' then
    redis.call('HSET', job, 'status', 'running', 'started', now)
    redis.call('PUBLISH', changes, id)
  end
  redis.call('HDEL', job, 'under-way:' .. chunk)
  local attempts = redis.call('HINCRBY', job .. ':attempts', chunk, 1)
  redis.call('ZADD', leases, now + lease_ms, id .. ' ' .. chunk .. ' ' .. claim_token)
  local expired = redis.call('ZCOUNT', leases, '-inf', now)
  local more = (expired > 0 or redis.call('LLEN', active) > 0) and 1 or 0
  local preflight = preflight_of and 1 or 0
  local contested = is_contested(collection, version)
  return {id, chunk, payload, attempts, version, collection, more, preflight, contested, request_id or ''}
end

-- Take an attempt back if the lost worker did not have this chunk in its model. A worker passes its healthy chunks
-- through the model together and a suspect, a chunk that lost a worker before, by itself, and records which. The limit
-- ends a loop of crashes with another cause.
local function excuse(id, chunk, token)
  local attempts = prefix .. 'job:' .. id .. ':attempts'
  local process = string.match(token, '^(%x+)%-')
  local in_model = process and redis.call('GET', prefix .. 'in-model:' .. process)
  local count = tonumber(redis.call('HGET', attempts, chunk) or 0)
  if not in_model or count == 0 or in_model == id .. ' ' .. chunk or (in_model == 'healthy' and count == 1) then
    return
  end
  if redis.call('HINCRBY', attempts, 'excused ' .. chunk, 1) <= tonumber(max_excused) then
    redis.call('HINCRBY', attempts, chunk, -1)
  end
end

while true do
  local member = redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 1)[1]
  if not member then
    break
  end
  redis.call('ZREM', leases, member)
  local id, chunk, token = string.match(member, '^(%S+) (%S+) (%S+)$')
  local job = prefix .. 'job:' .. id
  local status = redis.call('HGET', job, 'status')
  if is_workable(status) or status == 'paused' then
    excuse(id, chunk, token)
  end
  if is_workable(status) then
    local claim = take(id, chunk)
    if claim then
      return claim
    end
  elseif status == 'paused' and redis.call('HEXISTS', job .. ':chunks', chunk) == 1 then
    redis.call('LPUSH', job .. ':waiting', chunk)
  end
end

local is_excluded = {}
for index = FIRST_EXCLUDED_JOB, #ARGV do
  is_excluded[ARGV[index]] = true
end

for _ = 1, redis.call('LLEN', active) do
  local id = redis.call('LMOVE', active, active, 'LEFT', 'RIGHT')
  if not is_excluded[id] then
    local job = prefix .. 'job:' .. id
    local chunk = is_workable(redis.call('HGET', job, 'status')) and redis.call('LPOP', job .. ':waiting')
    while chunk and redis.call('HEXISTS', job .. ':chunks', chunk) == 0 do
      chunk = redis.call('LPOP', job .. ':waiting')
    end
    if not chunk or redis.call('LLEN', job .. ':waiting') == 0 then
      redis.call('LREM', active, 0, id)
    end
    if chunk then
      return take(id, chunk)
    end
  end
end
return nil
