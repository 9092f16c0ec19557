-- Count the items of a job whose picture an earlier item of the job had, such as the placeholder of a host.
-- `pictures` has a line "hash id" per item. Keys: job, and built from it job:pictures, job:pictures-before.
-- The first id of each picture is remembered for the last 10,000 to 20,000 different pictures: about 2 MB. The job keeps
-- the 100 largest groups in its fields "same:HASH", each "count\nid\nid\nid".
local function count_same_pictures(job, pictures, retention_s)
  local MAX_REMEMBERED, MAX_GROUPS, MAX_IDS, SLICE = 10000, 100, 3, 1000
  local seen, seen_before = job .. ':pictures', job .. ':pictures-before'
  local hashes, ids = {}, {}
  for hash, id in string.gmatch(pictures, '(%x+) ([^\n]+)') do
    table.insert(hashes, hash)
    table.insert(ids, id)
  end

  -- HMGET in slices, since `unpack` has a limit. Returns what is stored for each hash that has a value.
  local function stored(key, field_prefix)
    local found = {}
    for first = 1, #hashes, SLICE do
      local last = math.min(first + SLICE - 1, #hashes)
      local fields = {}
      for index = first, last do
        table.insert(fields, field_prefix .. hashes[index])
      end
      for offset, value in ipairs(redis.call('HMGET', key, unpack(fields))) do
        if value then
          found[hashes[first + offset - 1]] = value
        end
      end
    end
    return found
  end

  local groups, remembered, older = stored(job, 'same:'), stored(seen, ''), stored(seen_before, '')
  local repeated, has_new_group, added = 0, false, {}
  for index, hash in ipairs(hashes) do
    local id, group, first_id = ids[index], groups[hash], remembered[hash] or older[hash]
    if group or first_id then
      has_new_group = has_new_group or not group
      local count, listed = string.match(group or ('1\n' .. first_id), '^(%d+)\n(.*)$')
      local _, breaks = string.gsub(listed, '\n', '')
      groups[hash] = (count + 1) .. '\n' .. listed .. (breaks + 1 < MAX_IDS and '\n' .. id or '')
      redis.call('HSET', job, 'same:' .. hash, groups[hash])
      repeated = repeated + 1
    end
    if not remembered[hash] then
      remembered[hash] = first_id or id
      table.insert(added, hash)
      table.insert(added, remembered[hash])
    end
  end
  for first = 1, #added, SLICE do
    redis.call('HSET', seen, unpack(added, first, math.min(first + SLICE - 1, #added)))
  end
  if repeated > 0 then
    redis.call('HINCRBY', job, 'same_picture', repeated)
  end
  if redis.call('HLEN', seen) >= MAX_REMEMBERED then
    redis.call('RENAME', seen, seen_before)
    redis.call('EXPIRE', seen_before, retention_s)
  elseif #hashes > 0 then
    redis.call('EXPIRE', seen, retention_s)
  end
  if not has_new_group then
    return
  end
  local kept, fields = {}, redis.call('HGETALL', job)
  for index = 1, #fields, 2 do
    if string.sub(fields[index], 1, 5) == 'same:' then
      table.insert(kept, {fields[index], tonumber(string.match(fields[index + 1], '^%d+'))})
    end
  end
  table.sort(kept, function(one, other)
    return one[2] > other[2] or (one[2] == other[2] and one[1] < other[1])
  end)
  for index = MAX_GROUPS + 1, #kept do
    redis.call('HDEL', job, kept[index][1])
  end
end
