#!lua name=sla_v1

-- The writes of the store, each atomic. Every one but the claim carries the owner token and
-- changes nothing when the stored token is another. KEYS[1] is always the partition's header.
--
-- Numbers stay decimal strings: Lua's are doubles and would round beyond 2^53. What a check needs
-- besides (the sequence before, the id behind) is computed by the caller.
--
-- A function is not rolled back when it fails half way, so whatever can fail is checked before the
-- first write.

local function fenced(text)
  return redis.error_reply('FENCED ' .. text)
end

local function not_owner(header_token, token)
  if header_token == token then
    return nil
  end
  if not header_token then
    return fenced('nobody has claimed it in this store')
  end
  return fenced('another worker has claimed it')
end

-- What is not written yet cannot be trimmed: it would be lost as soon as it is written.
local function beyond(trim, sequence)
  return redis.error_reply('BEYOND trim point ' .. trim .. ' is behind the last entry ' .. sequence)
end

-- a < b for decimal strings without sign and leading zeros.
local function below(a, b)
  if #a ~= #b then
    return #a < #b
  end
  return a < b
end

local function last_id(stream)
  if redis.call('EXISTS', stream) == 0 then
    return '0-0'
  end
  local info = redis.call('XINFO', 'STREAM', stream)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then
      return info[i + 1]
    end
  end
  return '0-0'
end

-- a < b for stream ids.
local function id_below(a, b)
  local a_sequence, a_index = string.match(a, '^(%d+)-(%d+)$')
  local b_sequence, b_index = string.match(b, '^(%d+)-(%d+)$')
  if a_sequence ~= b_sequence then
    return below(a_sequence, b_sequence)
  end
  return below(a_index, b_index)
end

-- Whether the streams end where the header says: a commit moves all three, so anything else means
-- that keys were removed or written by hand, and the next entry could not be appended.
local function is_whole(sequence, last_pack, journal, outbox)
  local journal_end = '0-0'
  if sequence ~= '0' then
    journal_end = sequence .. '-1'
  end
  return last_id(journal) == journal_end and last_id(outbox) == last_pack
end

-- claim  KEYS header journal outbox  ARGV token format topic topic_id partitions
-- -> {verdict, field, value, ...}: CLAIMED, or FORMAT, IDENTITY, TORN with nothing changed.
local function claim(keys, args)
  local header = keys[1]
  local token, format, topic, topic_id, partitions = args[1], args[2], args[3], args[4], args[5]
  local held = redis.call('HMGET', header,
    'format', 'topic', 'topic_id', 'partitions', 'sequence', 'last_pack')
  local verdict = 'CLAIMED'
  if held[1] and held[1] ~= format then
    verdict = 'FORMAT'
  elseif held[1] and (held[2] ~= topic or held[3] ~= topic_id or held[4] ~= partitions) then
    verdict = 'IDENTITY'
  elseif not is_whole(held[5] or '0', held[6] or '0-0', keys[2], keys[3]) then
    verdict = 'TORN'
  elseif held[1] then
    redis.call('HSET', header, 'token', token)
  else
    redis.call('HSET', header, 'token', token, 'format', format,
      'topic', topic, 'topic_id', topic_id, 'partitions', partitions,
      'sequence', '0', 'trimmed', '0', 'next', '-1', 'alerts', '-1')
  end
  local reply = redis.call('HGETALL', header)
  table.insert(reply, 1, verdict)
  return reply
end

-- A commit that does not continue: the very entry that stands at its sequence already (its answer
-- was lost, it is sent again), or a stranger.
local function repeated(journal_key, args, span, stored)
  local sequence = args[3]
  local found = redis.call('XRANGE', journal_key, sequence .. '-1', sequence .. '-1')
  if found[1] then
    local fields = found[1][2]
    if fields[2] == span and fields[4] == args[6] then
      return redis.status_reply('AGAIN')
    end
    return fenced('entry ' .. sequence .. ' is in the journal with other content')
  end
  return fenced('entry ' .. sequence .. ' does not follow the stored ' .. stored)
end

-- commit  KEYS header journal outbox
--         ARGV token sequence-before sequence from next entry outbox-count pack-size pack...
-- The id of a pack is <sequence>-<index of its first entry>, its field `n` the number of entries.
local function commit(keys, args)
  local held = redis.call('HMGET', keys[1], 'token', 'sequence', 'next')
  local refusal = not_owner(held[1], args[1])
  if refusal then
    return refusal
  end
  local sequence, from, next_offset = args[3], args[4], args[5]
  local span = from .. ' ' .. next_offset .. ' ' .. args[7]
  if held[2] ~= args[2] then
    return repeated(keys[2], args, span, held[2])
  end
  if held[3] ~= from then
    return fenced('offset ' .. from .. ' is not where the stored state ends, ' .. held[3])
  end
  redis.call('XADD', keys[2], sequence .. '-1', 's', span, 'd', args[6])
  local count, size = tonumber(args[7]), tonumber(args[8])
  for i = 9, #args do
    local first = (i - 9) * size
    local pack = sequence .. '-' .. first
    redis.call('XADD', keys[3], pack, 'n', math.min(size, count - first), 'd', args[i])
    if i == #args then
      redis.call('HSET', keys[1], 'last_pack', pack)
    end
  end
  redis.call('HSET', keys[1], 'sequence', sequence, 'next', next_offset)
  return redis.status_reply('DONE')
end

-- A stream keeps its entries in nodes of some kilobytes, and a trimmed entry is only marked in its
-- node while another of that node stays: its bytes stay too, also in a rewritten AOF. Writing what
-- stays anew leaves them behind. With more than `most` bytes behind the trim point the node is full
-- (`stream-node-max-bytes` is 4 KB), and the next trim drops it as a whole.
local function renew(stream, most)
  local kept, size = redis.call('XRANGE', stream, '-', '+', 'COUNT', 1000), 0
  for _, entry in ipairs(kept) do
    size = size + #entry[2][4]
  end
  if #kept == 0 or #kept == 1000 or size > most then
    return
  end
  redis.call('DEL', stream)
  for _, entry in ipairs(kept) do
    redis.call('XADD', stream, entry[1], unpack(entry[2]))
  end
end

-- checkpoint  KEYS header journal put... append... delete...
--             ARGV token call after trim behind-trim purge puts appends extras
--                  put-value... append-value... (extra-field extra-value)...
-- `call` names this call: the one that was applied last is not applied again. `after` is the last
-- entry its writer knows of: a store that was set back does not have it, and what is written here
-- comes from a future that the store knows nothing of. `purge`: see `renew`; empty for none.
local function checkpoint(keys, args)
  local header, journal = keys[1], keys[2]
  local held = redis.call('HMGET', header, 'token', 'sequence', 'trimmed', 'checkpoint')
  local refusal = not_owner(held[1], args[1])
  if refusal then
    return refusal
  end
  local call, after, trim, behind = args[2], args[3], args[4], args[5]
  if below(held[2], after) then
    return fenced('entry ' .. after .. ' is not there, the last one is ' .. held[2])
  end
  if held[4] == call then
    return redis.status_reply('AGAIN')
  end
  if trim ~= '' and below(held[2], trim) then
    return beyond(trim, held[2])
  end
  local puts, appends, extras = tonumber(args[7]), tonumber(args[8]), tonumber(args[9])
  for i = 1, puts do
    redis.call('SET', keys[2 + i], args[9 + i])
  end
  for i = puts + 1, puts + appends do
    redis.call('APPEND', keys[2 + i], args[9 + i])
  end
  for i = puts + appends + 1, #keys - 2 do
    redis.call('UNLINK', keys[2 + i])
  end
  local first = 9 + puts + appends
  for i = first + 1, first + 2 * extras, 2 do
    redis.call('HSET', header, args[i], args[i + 1])
  end
  if trim ~= '' and below(held[3], trim) then
    redis.call('XTRIM', journal, 'MINID', '=', behind .. '-0')
    redis.call('HSET', header, 'trimmed', trim)
    if args[6] ~= '' then
      renew(journal, tonumber(args[6]))
    end
  end
  redis.call('HSET', header, 'checkpoint', call)
  return redis.status_reply('DONE')
end

-- trim_outbox  KEYS header outbox
--              ARGV token sequence index behind-index alerts
-- Up to and including entry <sequence>-<index>; `sequence` empty: none. `alerts` empty: leave it.
-- A pack goes with its last entry; `sent` tells readers what to skip in the one that stays.
local function trim_outbox(keys, args)
  local held = redis.call('HMGET', keys[1], 'token', 'sent', 'sequence')
  local refusal = not_owner(held[1], args[1])
  if refusal then
    return refusal
  end
  local sequence, index, behind = args[2], args[3], args[4]
  if sequence ~= '' then
    if below(held[3], sequence) then
      return beyond(sequence, held[3])
    end
    local keep = sequence .. '-' .. behind
    local pack = redis.call('XREVRANGE', keys[2], keep, '-', 'COUNT', 1)[1]
    if pack then
      local pack_sequence, first = string.match(pack[1], '^(%d+)-(%d+)$')
      if pack_sequence == sequence and first + pack[2][2] > tonumber(behind) then
        keep = pack[1]
      end
    end
    redis.call('XTRIM', keys[2], 'MINID', '=', keep)
    local last = sequence .. '-' .. index
    if not held[2] or id_below(held[2], last) then
      redis.call('HSET', keys[1], 'sent', last)
    end
  end
  if args[5] ~= '' then
    redis.call('HSET', keys[1], 'alerts', args[5])
  end
  return redis.status_reply('DONE')
end

-- probe  For a user who may not ask which functions there are.
local function probe()
  return redis.status_reply('HERE')
end

redis.register_function('sla_v1_claim', claim)
redis.register_function('sla_v1_commit', commit)
-- These two free memory: a full server must take them, or it could never be emptied again.
redis.register_function{
  function_name = 'sla_v1_checkpoint', callback = checkpoint, flags = {'allow-oom'}}
redis.register_function{
  function_name = 'sla_v1_trim_outbox', callback = trim_outbox, flags = {'allow-oom'}}
redis.register_function{
  function_name = 'sla_v1_probe', callback = probe, flags = {'no-writes'}}
