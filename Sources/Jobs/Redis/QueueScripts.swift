import Redis

/// The steps of a job's life that must happen as one, as scripts that Redis runs.
///
/// Every key is passed in, but for those that `take` finds in what it reads; all of them are in one slot
/// of a cluster.
enum QueueScripts {
  /// Hands in entries, in order, until the queue is full.
  ///
  /// The stream holds finished entries for a while, so its length is only an upper bound; the exact
  /// depth is looked at when that reaches the limit. An entry counts as many as it has jobs.
  ///
  /// Keys: jobs. Arguments: group, limit, reply-to, and for each entry: id, payload, deadline, number
  /// of jobs. Returns how many entries were taken.
  static let enqueue = RedisScript(
    depth + """
      local limit, count, wanted = tonumber(ARGV[2]), (#ARGV - 3) / 4, 0
      for n = 7, #ARGV, 4 do wanted = wanted + ARGV[n] end
      local room = limit - redis.call('XLEN', KEYS[1]) - surplus(KEYS[1])
      if room < wanted then
        local waiting, running = depth(KEYS[1], ARGV[1])
        room = limit - waiting - running
      end
      local taken, more = 0, 0
      for n = 4, #ARGV, 4 do
        local jobs = tonumber(ARGV[n + 3])
        if room < jobs then break end
        if jobs == 1 then
          redis.call('XADD', KEYS[1], '*', 'i', ARGV[n], 'p', ARGV[n + 1], 'd', ARGV[n + 2],
            'r', ARGV[3])
        else
          redis.call('XADD', KEYS[1], '*', 'i', ARGV[n], 'p', ARGV[n + 1], 'd', ARGV[n + 2],
            'r', ARGV[3], 'k', jobs)
        end
        room, taken, more = room - jobs, taken + 1, more + jobs - 1
      end
      add_surplus(KEYS[1], more)
      return taken
      """)

  /// Commits outcomes of entries of one server, each once, and wakes the waiters.
  ///
  /// An outcome is kept until a time that follows from the job's deadline, and none is taken later, so
  /// there is never a second one. What expired longer ago than that is counted and not kept.
  ///
  /// Keys: jobs, replies, and for each entry: result. Arguments: group, reply lifetime, reply limit,
  /// and for each entry: place, id, outcome, until when it is kept in Unix ms, number of jobs. Returns
  /// for each whether this was its first outcome.
  static let complete = RedisScript(
    surplus + """
      local first, replies, done, less, done_less = {}, {}, {}, 0, 0
      local time = redis.call('TIME')
      local now = time[1] * 1000 + math.floor(time[2] / 1000)
      for n = 1, #KEYS - 2 do
        local place, id, outcome, kept, count = unpack(ARGV, 5 * n - 1, 5 * n + 3)
        if tonumber(kept) <= now then
          first[n] = string.sub(outcome, 1, 1) == 'e' and 1 or 0
          if redis.call('XACK', KEYS[1], ARGV[1], place) == 1 then less = less + count - 1 end
        elseif redis.call('SET', KEYS[n + 2], outcome, 'NX', 'PXAT', kept) then
          first[n] = 1
          replies[#replies + 1] = 'i'
          replies[#replies + 1] = id
          replies[#replies + 1] = 'r'
          replies[#replies + 1] = outcome
          done[#done + 1] = place
          done_less = done_less + count - 1
        else
          first[n] = 0
          if redis.call('XACK', KEYS[1], ARGV[1], place) == 1 then less = less + count - 1 end
        end
      end
      if #done > 0 then
        -- Fewer are there to be acknowledged only where somebody deleted entries.
        if redis.call('XACK', KEYS[1], ARGV[1], unpack(done)) == #done then
          less = less + done_less
        end
        redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[3], '*', unpack(replies))
        redis.call('PEXPIRE', KEYS[2], ARGV[2])
      end
      add_surplus(KEYS[1], -less)
      return first
      """)

  /// Notes that nobody waits for a job any more, unless it has an outcome.
  ///
  /// Keys: result, and for a job in a bundle, whose result that is: hang-ups. Arguments: until
  /// when that is kept in Unix ms, and the outcome, or the place in the bundle. Returns whether it had none.
  static let cancel = RedisScript(
    """
    if not KEYS[2] then
      return redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PXAT', ARGV[1]) and 1 or 0
    end
    if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
    redis.call('SETBIT', KEYS[2], ARGV[2], 1)
    redis.call('PEXPIREAT', KEYS[2], ARGV[1])
    return 1
    """)

  /// Puts the jobs of a bundle back, each alone, so that one that kills workers takes no others with
  /// it; what a worker who still has the bundle commits later is no first outcome.
  ///
  /// Keys: jobs, result of the bundle. Arguments: group, place, until when that is kept
  /// in Unix ms, reply-to, attempts so far,
  /// and for each job: id, payload, deadline. Returns whether the entry was there to be taken apart.
  static let split = RedisScript(
    surplus + """
      if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
      add_surplus(KEYS[1], 1 - (#ARGV - 5) / 3)
      if not redis.call('SET', KEYS[2], 's', 'NX', 'PXAT', ARGV[3]) then return 0 end
      for n = 6, #ARGV, 3 do
        redis.call('XADD', KEYS[1], '*', 'i', ARGV[n], 'p', ARGV[n + 1], 'd', ARGV[n + 2],
          'r', ARGV[4], 'a', ARGV[5])
      end
      return 1
      """)

  /// Sets an entry aside and, if its id is known, commits the outcome.
  ///
  /// Keys: jobs, dead, and with an id: result, replies. Arguments: group, entry, reason, attempts,
  /// dead limit, dead lifetime, and with an id: id, outcome, until when it is kept, reply lifetime, reply
  /// limit. Returns whether the entry was still there to set aside.
  static let bury = RedisScript(
    surplus + """
      if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[2], ARGV[2], 1) == 0 then return 0 end
      local record = {'entry', ARGV[2], 'reason', ARGV[3], 'attempts', ARGV[4]}
      local found = redis.call('XRANGE', KEYS[1], ARGV[2], ARGV[2])
      if found[1] then
        for n = 1, math.min(#found[1][2], 64) do record[#record + 1] = found[1][2][n] end
        add_surplus(KEYS[1], 1 - size(found[1][2]))
      end
      if #record % 2 == 1 then record[#record] = nil end
      redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], '*', unpack(record))
      redis.call('PEXPIRE', KEYS[2], ARGV[6])
      if ARGV[7] and redis.call('SET', KEYS[3], ARGV[8], 'NX', 'PXAT', ARGV[9]) then
        redis.call('XADD', KEYS[4], 'MAXLEN', '~', ARGV[11], '*', 'i', ARGV[7], 'r', ARGV[8])
        redis.call('PEXPIRE', KEYS[4], ARGV[10])
      end
      redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
      return 1
      """)

  /// Reads from the first stream that has jobs, so that what is urgent never waits behind what is not.
  ///
  /// A waiting job that has an outcome already, because its caller hung up, is let go on the way; a
  /// bundle comes with the bits that say whose callers hung up.
  ///
  /// Keys: the streams, in order. Arguments: group, consumer, what the keys of results and of hang-ups
  /// begin with, and for each stream the largest number. Returns nothing, or the stream's number and
  /// the entries.
  static let take = RedisScript(
    surplus + """
      for n = 1, #KEYS do
        while true do
          local found = redis.call('XREADGROUP', 'GROUP', ARGV[1], ARGV[2], 'COUNT', ARGV[n + 4],
            'STREAMS', KEYS[n], '>')
          if not found then break end
          local wanted, names = {}, {}
          for _, entry in ipairs(found[1][2]) do
            names[#names + 1] = ARGV[3] .. entry[2][2]
            names[#names + 1] = ARGV[4] .. entry[2][2]
          end
          local known = redis.call('MGET', unpack(names))
          for m, entry in ipairs(found[1][2]) do
            local fields = entry[2]
            if fields[3] == 'p' and known[2 * m - 1] then
              redis.call('XACK', KEYS[n], ARGV[1], entry[1])
              add_surplus(KEYS[n], 1 - size(fields))
            else
              if fields[9] == 'k' and known[2 * m] then
                fields[11], fields[12] = 'h', known[2 * m]
              end
              wanted[#wanted + 1] = entry
            end
          end
          if #wanted > 0 then return {n, wanted} end
        end
      end
      return {}
      """)

  /// Takes over the oldest job that nobody cared for.
  ///
  /// One at a time, so that a job that kills its workers does not take others with it.
  ///
  /// Keys: jobs. Arguments: group, consumer, idle milliseconds, and the consumer who left it, if only
  /// that one's are wanted. Returns nothing, or entry, attempts and fields; no fields when the entry
  /// itself is gone.
  static let takeOver = RedisScript(
    """
    local query = {'XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[3], '-', '+', 1}
    if ARGV[4] then query[#query + 1] = ARGV[4] end
    local left = redis.call(unpack(query))[1]
    if not left then return {} end
    local claimed = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], left[1])[1]
    if not claimed then
      redis.call('XACK', KEYS[1], ARGV[1], left[1])
      return {left[1], left[4] + 1}
    end
    return {left[1], left[4] + 1, claimed[2]}
    """)

  /// Renews a worker's hold on entries; never takes one back from another worker.
  ///
  /// Keys: jobs. Arguments: group, consumer, entries. Returns the entries that are lost.
  static let heartbeat = RedisScript(
    """
    local lost = {}
    for n = 3, #ARGV do
      if #redis.call('XPENDING', KEYS[1], ARGV[1], ARGV[n], ARGV[n], 1, ARGV[2]) == 0 then
        lost[#lost + 1] = ARGV[n]
      else
        redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[n], 'JUSTID')
      end
    end
    return lost
    """)

  /// Removes finished entries from the front of the stream, up to the first unfinished one.
  ///
  /// Entries are never deleted one by one: that makes Redis 7.0 lose count of the waiting ones.
  ///
  /// Keys: jobs. Arguments: group.
  static let trim = RedisScript(
    groupInfo + """
      local pending = redis.call('XPENDING', KEYS[1], ARGV[1])
      local first = pending[1] > 0 and pending[2]
      if not first then first = info(KEYS[1], ARGV[1])['last-delivered-id'] end
      return redis.call('XTRIM', KEYS[1], 'MINID', first)
      """)

  /// Counts waiting and running jobs and looks for the oldest of them.
  ///
  /// Keys: jobs. Arguments: group. Returns both numbers and an age in milliseconds.
  static let measure = RedisScript(
    depth + age + """
      local waiting, running = depth(KEYS[1], ARGV[1])
      if running > 0 and surplus(KEYS[1]) > 0 then
        -- What workers have of the bundles is not waiting.
        for _, pending in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 256)) do
          local found = redis.call('XRANGE', KEYS[1], pending[1], pending[1])[1]
          local more = found and size(found[2]) - 1 or 0
          waiting, running = waiting - more, running + more
        end
      end
      return {waiting, running, age(KEYS[1], ARGV[1], waiting, running)}
      """)

  /// Forgets a worker that stops, unless it leaves jobs behind. Keys: jobs. Arguments: group, consumer.
  static let leave = RedisScript(
    """
    if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) > 0 then return 0 end
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
    return 1
    """)

  /// Forgets workers that left nothing and were not seen for long; one process a minute does it.
  ///
  /// Keys: housekeeper, streams. Arguments: group, consumer, idle milliseconds. Returns how many.
  static let sweep = RedisScript(
    """
    if not redis.call('SET', KEYS[1], ARGV[2], 'NX', 'PX', 60000) then return 0 end
    local count = 0
    for stream = 2, #KEYS do
      for _, fields in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[stream], ARGV[1])) do
        local consumer = {}
        for n = 1, #fields, 2 do consumer[fields[n]] = fields[n + 1] end
        if consumer.pending == 0 and consumer.idle > tonumber(ARGV[3]) then
          redis.call('XGROUP', 'DELCONSUMER', KEYS[stream], ARGV[1], consumer.name)
          count = count + 1
        end
      end
    end
    return count
    """)

  private static let groupInfo = """
    local function info(jobs, group)
      if redis.call('EXISTS', jobs) == 0 then return {} end
      for _, fields in ipairs(redis.call('XINFO', 'GROUPS', jobs)) do
        local found = {}
        for n = 1, #fields, 2 do found[fields[n]] = fields[n + 1] end
        if found.name == group then return found end
      end
      return {}
    end

    """

  /// How many jobs unfinished entries have beyond one each: those of bundles; kept for a day after the
  /// depth was last looked at.
  static let surplus = """
    local function surplus(jobs) return tonumber(redis.call('GET', jobs .. ':surplus') or '0') end

    local function add_surplus(jobs, number)
      if number == 0 then return end
      if redis.call('INCRBY', jobs .. ':surplus', number) == number then
        redis.call('PEXPIRE', jobs .. ':surplus', 86400000)
      end
    end

    local function size(fields)
      for n = 1, #fields, 2 do
        if fields[n] == 'k' then return tonumber(fields[n + 1]) or 1 end
      end
      return 1
    end

    """

  /// Where the lag is not known (Redis 6.2, entries deleted by hand) all that is there is counted, once
  /// what is finished at the front is removed.
  static let depth =
    groupInfo + surplus + """
      local function depth(jobs, group)
        local found = info(jobs, group)
        local running = found.pending or 0
        local waiting = found.lag
        if not waiting then
          if running > 0 then
            redis.call('XTRIM', jobs, 'MINID', redis.call('XPENDING', jobs, group)[2])
          elseif found['last-delivered-id'] then
            local time, number = string.match(found['last-delivered-id'], '(%d+)-(%d+)')
            redis.call('XTRIM', jobs, 'MINID', time .. '-' .. string.format('%.0f', number + 1))
          end
          waiting = math.max(0, redis.call('XLEN', jobs) - running)
        end
        if waiting + running == 0 then
          redis.call('UNLINK', jobs .. ':surplus')
          return 0, 0
        end
        redis.call('PEXPIRE', jobs .. ':surplus', 86400000)
        return waiting + surplus(jobs), running
      end

      """

  /// The age in ms of the oldest job that waits or runs.
  static let age = """
    local function age(jobs, group, waiting, running)
      local oldest
      local function see(entry)
        local time = tonumber(string.match(entry, '^(%d+)'))
        if not oldest or time < oldest then oldest = time end
      end
      if running > 0 then see(redis.call('XPENDING', jobs, group)[2]) end
      if waiting > 0 then
        local last = info(jobs, group)['last-delivered-id'] or '0-0'
        local first = redis.call('XRANGE', jobs, '(' .. last, '+', 'COUNT', 1)[1]
        if first then see(first[1]) end
      end
      if not oldest then return 0 end
      local now = redis.call('TIME')
      return math.max(0, now[1] * 1000 + math.floor(now[2] / 1000) - oldest)
    end

    """
}
