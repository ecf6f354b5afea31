import Redis

/// The life of durable jobs, each step as one script; the rules are those of ``JobState``.
///
/// Keys of all but the first and the last two: what ``QueueKeys/durable(_:_:)`` lists, then what is
/// named. Arguments of all of them: the id, the present time in Unix ms (Redis's clock), then what is
/// named. Errors are a table with a word in it.
extension QueueScripts {
  /// Accepts a job, with its only piece or open for pieces.
  ///
  /// Keys: idempotency. Arguments: group, depth limit, tenant limit, request hash (empty: none),
  /// idempotency lifetime, priority, tenant, deadline, lifetime, context, webhook, result lifetime, and
  /// for a job of one piece: rows, payload. Returns 1, or `known` and the id, or `mismatch`, or `full` or
  /// `share` and the age of the oldest unfinished job.
  static let accept = RedisScript(
    depth + age + durable + """
      if ARGV[6] ~= '' then
        local found = known(KEYS[9], ARGV[6])
        if found then return found end
      end
      local function refuse(word)
        return {word, age(KEYS[8], ARGV[3], depth(KEYS[8], ARGV[3]))}
      end
      local limit = tonumber(ARGV[4])
      if redis.call('XLEN', KEYS[8]) + surplus(KEYS[8]) >= limit then
        local waiting, running = depth(KEYS[8], ARGV[3])
        if waiting + running >= limit then return refuse('full') end
      end
      if tonumber(redis.call('HGET', KEYS[4], ARGV[9]) or '0') >= tonumber(ARGV[5]) then
        return refuse('share')
      end
      local whole = ARGV[15] and 1 or 0
      redis.call('HSET', KEYS[1], 'state', 'queued', 'created', ARGV[2], 'priority', ARGV[8],
        'tenant', ARGV[9], 'deadline', ARGV[10], 'context', ARGV[12], 'webhook', ARGV[13],
        'attempts', 0, 'sealed', whole, 'pieces', whole, 'queued', whole, 'done', 0,
        'rows', ARGV[15] or 0, 'done_rows', 0, 'version', 1, 'keep', ARGV[14])
      redis.call('PEXPIRE', KEYS[1], ARGV[11])
      redis.call('ZADD', KEYS[2], 0, member('queued', ARGV[2], ARGV[1]))
      redis.call('PEXPIRE', KEYS[2], index_life)
      redis.call('HINCRBY', KEYS[4], ARGV[9], 1)
      redis.call('PEXPIRE', KEYS[4], index_life)
      if whole == 1 then
        if ARGV[6] ~= '' then
          redis.call('SET', KEYS[9], ARGV[1] .. ARGV[6], 'PX', ARGV[7])
        end
        redis.call('HSET', KEYS[6], 0, ARGV[16], 'r0', ARGV[15])
        redis.call('PEXPIRE', KEYS[6], ARGV[11])
        redis.call('XADD', KEYS[8], '*', 'i', ARGV[1], 'n', 0, 'd', ARGV[10])
      end
      return 1
      """)

  /// Adds a piece, whose payload stands among the bodies already. Arguments: number, rows, lifetime,
  /// window. Returns 1, `unknown`, or `ended` and the state.
  static let append = RedisScript(
    durable + """
      local state = redis.call('HGET', KEYS[1], 'state')
      if not state or final[state] then
        redis.call('HDEL', KEYS[6], ARGV[3])
        return state and {'ended', state} or {'unknown'}
      end
      if redis.call('HGET', KEYS[1], 'pieces') ~= ARGV[3] then return 1 end
      if redis.call('HEXISTS', KEYS[6], ARGV[3]) == 0 then
        return redis.error_reply('ERR Redis did not take the piece')
      end
      redis.call('HSET', KEYS[6], 'r' .. ARGV[3], ARGV[4])
      redis.call('PEXPIRE', KEYS[6], ARGV[5])
      redis.call('HINCRBY', KEYS[1], 'pieces', 1)
      redis.call('HINCRBY', KEYS[1], 'rows', ARGV[4])
      hand_out(ARGV[1], ARGV[6])
      return 1
      """)

  /// Closes a job. Keys: idempotency. Arguments: record lifetime, request hash, idempotency
  /// lifetime. Returns as `accept` does, or `unknown`, or 1.
  static let seal = RedisScript(
    durable + """
      local state = redis.call('HGET', KEYS[1], 'state')
      if not state then return {'unknown'} end
      if ARGV[4] ~= '' then
        local found = known(KEYS[9], ARGV[4])
        if found then
          if found[2] ~= ARGV[1] and not final[state] then
            finish(ARGV[1], ARGV[2], 'cancelled', 'the same request came before', ARGV[3])
          end
          return found
        end
        redis.call('SET', KEYS[9], ARGV[1] .. ARGV[4], 'PX', ARGV[5])
      end
      redis.call('HSET', KEYS[1], 'sealed', 1)
      complete(ARGV[1], ARGV[2], ARGV[3])
      return 1
      """)

  /// Gives a piece to a worker. Arguments: group, entry, number, attempt. Returns nothing when there
  /// is nothing to do, or whether the payload is there.
  static let begin = RedisScript(
    durable + """
      local state = redis.call('HGET', KEYS[1], 'state')
      if not state or final[state] or redis.call('HEXISTS', KEYS[7], ARGV[5]) == 1 then
        redis.call('XACK', KEYS[8], ARGV[3], ARGV[4])
        return {}
      end
      if state == 'queued' then
        redis.call('HSETNX', KEYS[1], 'started', ARGV[2])
        move(ARGV[1], state, 'running')
      end
      if tonumber(redis.call('HGET', KEYS[1], 'attempts')) < tonumber(ARGV[6]) then
        redis.call('HSET', KEYS[1], 'attempts', ARGV[6])
      end
      return {redis.call('HEXISTS', KEYS[6], ARGV[5])}
      """)

  /// Commits the outcome of a piece, once, and with the last piece that of the job.
  ///
  /// Keys: dead. Arguments: group, entry, number, state, record lifetime, window, answer or message,
  /// dead limit, dead lifetime. Returns whether it was the first outcome.
  static let settle = RedisScript(
    durable + """
      redis.call('XACK', KEYS[8], ARGV[3], ARGV[4])
      local state = redis.call('HGET', KEYS[1], 'state')
      if not state or final[state] then return 0 end
      if ARGV[6] == 'done' then
        if redis.call('HSETNX', KEYS[7], ARGV[5], ARGV[9]) == 0 then return 0 end
        redis.call('PEXPIRE', KEYS[7], redis.call('PTTL', KEYS[1]))
        local rows = redis.call('HGET', KEYS[6], 'r' .. ARGV[5]) or 0
        redis.call('HDEL', KEYS[6], ARGV[5], 'r' .. ARGV[5])
        redis.call('HINCRBY', KEYS[1], 'done', 1)
        redis.call('HINCRBY', KEYS[1], 'done_rows', rows)
        hand_out(ARGV[1], ARGV[8])
        if not complete(ARGV[1], ARGV[2], ARGV[7]) then changed(ARGV[1]) end
        return 1
      end
      if ARGV[6] == 'dead' then
        redis.call('XADD', KEYS[9], 'MAXLEN', '~', ARGV[10], '*', 'entry', ARGV[4],
          'reason', ARGV[9], 'attempts', redis.call('HGET', KEYS[1], 'attempts'),
          'i', ARGV[1], 'n', ARGV[5])
        redis.call('PEXPIRE', KEYS[9], ARGV[11])
      end
      finish(ARGV[1], ARGV[2], ARGV[6], ARGV[9], ARGV[7])
      return 1
      """)

  /// Ends a job from outside. Arguments: state, message, record lifetime. Returns 1,
  /// `unknown`, or `ended` and the state.
  static let end = RedisScript(
    durable + """
      local state = redis.call('HGET', KEYS[1], 'state')
      if not state then return {'unknown'} end
      if final[state] then return {'ended', state} end
      finish(ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
      return 1
      """)

  /// Puts a dead job back. Arguments: deadline, lifetime. Returns as `end` does.
  static let retry = RedisScript(
    durable + """
      local state = redis.call('HGET', KEYS[1], 'state')
      if not state then return {'unknown'} end
      if state ~= 'dead' then return {'ended', state} end
      redis.call('HSET', KEYS[1], 'deadline', ARGV[3], 'attempts', 0, 'message', '')
      redis.call('HDEL', KEYS[1], 'finished')
      for _, key in ipairs({KEYS[1], KEYS[6], KEYS[7]}) do redis.call('PEXPIRE', key, ARGV[4]) end
      redis.call('HINCRBY', KEYS[4], redis.call('HGET', KEYS[1], 'tenant'), 1)
      move(ARGV[1], state, 'queued')
      local queued = tonumber(redis.call('HGET', KEYS[1], 'queued'))
      for n = 0, queued - 1 do
        if redis.call('HEXISTS', KEYS[7], n) == 0 then
          redis.call('XADD', KEYS[8], '*', 'i', ARGV[1], 'n', n, 'd', ARGV[3])
        end
      end
      return 1
      """)

  /// Forgets an ended job. Returns as `end` does.
  static let forget = RedisScript(
    durable + """
      local found = redis.call('HMGET', KEYS[1], 'state', 'created')
      if not found[1] then return {'unknown'} end
      if not final[found[1]] then return {'ended', found[1]} end
      redis.call('ZREM', KEYS[2], member(found[1], found[2], ARGV[1]))
      redis.call('ZREM', KEYS[5], ARGV[1])
      redis.call('UNLINK', KEYS[1], KEYS[6], KEYS[7])
      return 1
      """)

  /// Takes webhooks that are due, for a while. Keys: webhooks. Arguments: now, lease, limit.
  static let takeWebhooks = RedisScript(
    """
    local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
    for _, id in ipairs(due) do redis.call('ZADD', KEYS[1], ARGV[1] + ARGV[2], id) end
    return due
    """)

  private static let durable = """
    local final = {done = 1, failed = 1, expired = 1, cancelled = 1, dead = 1}
    local index_life = 1209600000

    local function member(state, created, id)
      return state .. '/' .. string.format('%016.0f', created) .. '/' .. id
    end

    local function known(key, hash)
      local found = redis.call('GET', key)
      if not found then return nil end
      if string.sub(found, 33) ~= hash then return {'mismatch'} end
      return {'known', string.sub(found, 1, 32)}
    end

    local function changed(id)
      redis.call('HINCRBY', KEYS[1], 'version', 1)
      redis.call('XADD', KEYS[3], 'MAXLEN', '~', 10000, '*', 'i', id)
      redis.call('PEXPIRE', KEYS[3], 60000)
    end

    local function move(id, from, to)
      local created = redis.call('HGET', KEYS[1], 'created')
      redis.call('ZREM', KEYS[2], member(from, created, id))
      redis.call('ZADD', KEYS[2], 0, member(to, created, id))
      redis.call('PEXPIRE', KEYS[2], index_life)
      redis.call('HSET', KEYS[1], 'state', to)
      changed(id)
    end

    local function finish(id, now, state, message, record_life)
      local found = redis.call('HMGET', KEYS[1], 'state', 'tenant', 'webhook', 'keep')
      redis.call('HSET', KEYS[1], 'finished', now, 'message', message)
      move(id, found[1], state)
      if redis.call('HINCRBY', KEYS[4], found[2], -1) <= 0 then
        redis.call('HDEL', KEYS[4], found[2])
      end
      redis.call('PEXPIRE', KEYS[1], record_life)
      if state == 'done' then
        redis.call('PEXPIRE', KEYS[7], found[4])
        redis.call('UNLINK', KEYS[6])
      elseif state == 'dead' then
        redis.call('PEXPIRE', KEYS[6], record_life)
        redis.call('PEXPIRE', KEYS[7], record_life)
      else
        redis.call('UNLINK', KEYS[6], KEYS[7])
      end
      if found[3] ~= '' then
        redis.call('ZADD', KEYS[5], now, id)
        redis.call('PEXPIRE', KEYS[5], record_life)
      end
    end

    local function complete(id, now, record_life)
      local found = redis.call('HMGET', KEYS[1], 'state', 'sealed', 'pieces', 'done')
      if final[found[1]] or found[2] ~= '1' or found[3] ~= found[4] then return false end
      finish(id, now, 'done', '', record_life)
      return true
    end

    local function hand_out(id, window)
      local found = redis.call('HMGET', KEYS[1], 'queued', 'done', 'pieces', 'deadline')
      local queued, done, pieces = tonumber(found[1]), tonumber(found[2]), tonumber(found[3])
      while queued < pieces and queued - done < tonumber(window) do
        redis.call('XADD', KEYS[8], '*', 'i', id, 'n', queued, 'd', found[4])
        queued = redis.call('HINCRBY', KEYS[1], 'queued', 1)
      end
    end

    """
}
