#!lua name=sla_log_v1

-- The writes of a log on Redis Streams, each atomic: appending with contiguous offsets, and the
-- group's bookkeeping of who reads which partition. Times are the server's own, in milliseconds.

local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- Offsets stay far below 2^53, up to which Lua's numbers are exact; %d would cut at 2^31.
local function whole(number)
  return string.format('%.0f', number)
end

-- An entry's id is `<offset of its first record>-<number of its records>`.
local function next_offset(stream)
  if redis.call('EXISTS', stream) == 0 then
    return 0
  end
  local info = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      local first, count = string.match(info[i + 1], '^(%d+)-(%d+)$')
      return tonumber(first) + tonumber(count)
    end
  end
end

-- KEYS: the stream, the producer's memory. ARGV: number of the batch, how long the memory is kept
-- (ms), number of records, the records as one string. Returns the offset of the first.
-- A batch that is sent again because its answer was lost adds nothing.
local function append(keys, args)
  local stream, memory = keys[1], keys[2]
  local before = redis.call('HMGET', memory, 'batch', 'first')
  if before[1] == args[1] then
    return before[2]
  end
  local first = next_offset(stream)
  local entry = struct.pack('<i8i8', first, now_ms()) .. args[4]
  redis.call('XADD', stream, whole(first) .. '-' .. args[3], 'r', entry)
  redis.call('HSET', memory, 'batch', args[1], 'first', whole(first))
  redis.call('PEXPIRE', memory, args[2])
  return whole(first)
end

-- KEYS: the topic. ARGV: an id for it if it is new, its partition count. Returns what it is.
local function create(keys, args)
  if redis.call('HSETNX', keys[1], 'id', args[1]) == 1 then
    redis.call('HSET', keys[1], 'partitions', args[2])
  end
  return redis.call('HMGET', keys[1], 'id', 'partitions')
end

-- KEYS: the stream. Returns its earliest and its next offset.
local function bounds(keys, args)
  local behind = next_offset(keys[1])
  local head = redis.call('XRANGE', keys[1], '-', '+', 'COUNT', 1)[1]
  local earliest = head and string.match(head[1], '^(%d+)-') or whole(behind)
  return { earliest, whole(behind) }
end

-- The group: a sorted set of members by the time of their last beat, and a hash with, per
-- partition, the member that may read it ('h', holder) and the one that is to read it ('t',
-- target). A holder that is not the target lets go first; only then the target becomes the holder.

local function field(kind, partition)
  return kind .. partition
end

local function remove_silent(members, group, oldest)
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', members, '-inf', '(' .. oldest)) do
    redis.call('ZREM', members, member)
  end
end

local function targets(group, count, alive)
  local target, held = {}, {}
  for member in pairs(alive) do
    held[member] = 0
  end
  for p = 0, count - 1 do
    local member = redis.call('HGET', group, field('t', p))
    if member and alive[member] then
      target[p] = member
      held[member] = held[member] + 1
    end
  end
  return target, held
end

local function extreme(order, held, sign)
  local best = nil
  for _, member in ipairs(order) do
    if best == nil or sign * held[member] > sign * held[best] then
      best = member
    end
  end
  return best
end

-- Partitions of the silent go to whoever has the fewest; then from the fullest to the emptiest
-- until they differ by one at most. So as few as possible move.
local function balance(group, count, order, alive)
  local target, held = targets(group, count, alive)
  for p = 0, count - 1 do
    if not target[p] then
      target[p] = extreme(order, held, -1)
      held[target[p]] = held[target[p]] + 1
    end
  end
  local moved
  repeat
    moved = false
    for p = 0, count - 1 do
      local least, most = extreme(order, held, -1), extreme(order, held, 1)
      if target[p] == most and held[most] > held[least] + 1 then
        target[p] = least
        held[most] = held[most] - 1
        held[least] = held[least] + 1
        moved = true
      end
    end
  until not moved
  for p = 0, count - 1 do
    redis.call('HSET', group, field('t', p), target[p])
  end
end

-- KEYS: members, group. ARGV: the member, its time-out (ms), partition count.
-- Returns three lists for the member: partitions it may read, those it holds but has to let go,
-- those it will get once their holders have let go.
local function beat(keys, args)
  local members, group, me = keys[1], keys[2], args[1]
  local count = tonumber(args[3])
  local time = now_ms()
  redis.call('ZADD', members, time, me)
  remove_silent(members, group, time - tonumber(args[2]))
  -- By name, not by beat: the same order whoever asks.
  local order = redis.call('ZRANGE', members, 0, -1)
  table.sort(order)
  local alive = {}
  for _, member in ipairs(order) do
    alive[member] = true
  end
  local signature = count .. ' ' .. table.concat(order, ' ')
  if redis.call('HGET', group, 'members') ~= signature then
    balance(group, count, order, alive)
    redis.call('HSET', group, 'members', signature)
  end
  local mine, to_release, to_come = {}, {}, {}
  for p = 0, count - 1 do
    local holder, target = unpack(redis.call('HMGET', group, field('h', p), field('t', p)))
    if target == me and (not holder or not alive[holder]) then
      redis.call('HSET', group, field('h', p), me)
      holder = me
    end
    if holder == me and target == me then
      table.insert(mine, p)
    elseif holder == me then
      table.insert(to_release, p)
    elseif target == me then
      table.insert(to_come, p)
    end
  end
  return { mine, to_release, to_come }
end

-- KEYS: members, group. ARGV: the member, then the partitions it let go.
local function release(keys, args)
  for i = 2, #args do
    if redis.call('HGET', keys[2], field('h', args[i])) == args[1] then
      redis.call('HDEL', keys[2], field('h', args[i]))
    end
  end
  return redis.status_reply('OK')
end

-- KEYS: members, group. ARGV: the member, which has let go of all.
local function leave(keys, args)
  redis.call('ZREM', keys[1], args[1])
  local fields = redis.call('HGETALL', keys[2])
  for i = 1, #fields, 2 do
    if string.sub(fields[i], 1, 1) == 'h' and fields[i + 1] == args[1] then
      redis.call('HDEL', keys[2], fields[i])
    end
  end
  return redis.status_reply('OK')
end

redis.register_function('sla_log_v1_append', append)
redis.register_function('sla_log_v1_create', create)
redis.register_function({
  function_name = 'sla_log_v1_bounds',
  callback = bounds,
  flags = { 'no-writes' },
})
redis.register_function('sla_log_v1_beat', beat)
redis.register_function('sla_log_v1_release', release)
redis.register_function('sla_log_v1_leave', leave)
