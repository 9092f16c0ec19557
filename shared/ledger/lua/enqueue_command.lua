-- Queue a catalogue command. Its version is newer than that of every submission before it.
-- Keys: job (created), jobs:KIND, sequence, orders:KIND, order-bell:KIND; for a deletion also writers:COLLECTION and
--       collection:NAME.
-- A deletion without a subject is that of the whole collection: submit.lua refuses ingests until it has ended.
-- Returns the id of the job, which is an earlier one's if the collection is being deleted already; 'busy' if an
-- unfinished ingest may still write to a collection that is to be deleted.
local job, jobs, sequence, commands, bell, writers, collection_stats = unpack(KEYS)
local id, kind, collection, subject, changes, retention_s, request_id = unpack(ARGV)

local is_of_collection = kind == 'delete' and subject == ''
if is_of_collection then
  local deleting = redis.call('HGET', collection_stats, 'deleting')
  if deleting then
    return deleting
  end
  if tonumber(redis.call('HGET', collection_stats, 'pending') or 0) > 0 then
    return 'busy'
  end
  redis.call('HSET', collection_stats, 'deleting', id)
end

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local version = redis.call('INCR', sequence)
redis.call('HSET', job, 'id', id, 'kind', kind, 'status', 'queued', 'collection', collection,
  'subject', subject, 'created', now, 'version', version)
if request_id ~= '' then
  redis.call('HSET', job, 'request_id', request_id)
end
redis.call('ZADD', jobs, now, id)
redis.call('ZREMRANGEBYSCORE', jobs, '-inf', now - retention_s * 1000)
redis.call('ZADD', commands, now, id)
redis.call('LPUSH', bell, 1)
redis.call('LTRIM', bell, 0, 0)
if writers then
  redis.call('ZADD', writers, version, id)
end
redis.call('PUBLISH', changes, id)
return id
