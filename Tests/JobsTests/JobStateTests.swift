import NIOCore
import Redis
import Testing

@testable import Jobs

@Suite("Pieces of a job's life")
struct JobStateTests {
  private func job(_ number: Int) -> JobID {
    var random = Counting(last: UInt64(number))
    return JobID(using: &random)
  }

  @Test("a job's name reads back as it was written")
  func names() {
    var random = SystemRandomNumberGenerator()
    for _ in 0..<100 {
      let id = JobID(using: &random)
      #expect(id.description.count == 32)
      #expect(JobID(id.description) == id)
    }
    for text in ["", "abc", String(repeating: "g", count: 32), String(repeating: "A", count: 32)] {
      #expect(JobID(text) == nil)
    }
  }

  @Test("the first end of a job stays, and only a dead one is taken back")
  func states() {
    let ends = JobState.allCases.filter(\.isFinal)
    for state in [JobState.queued, .running] {
      #expect(state.after(.taken) == .running)
      #expect(state.after(.retried) == nil)
      #expect(state.after(.ended(.running)) == nil)
      for end in ends { #expect(state.after(.ended(end)) == end) }
    }
    for end in ends {
      #expect(end.after(.taken) == nil)
      #expect(end.after(.retried) == (end == .dead ? .queued : nil))
      for other in ends { #expect(end.after(.ended(other)) == nil) }
    }
  }

  @Test("an outcome reads back as it was stored")
  func outcomes() {
    let all: [JobOutcome] = [
      .done(ByteBuffer(bytes: [0, 255])), .done(ByteBuffer()), .failed("why"), .expired, .cancelled,
      .dead("x"),
    ]
    for outcome in all { #expect(JobOutcome(stored: outcome.stored) == outcome) }
    #expect(JobOutcome(stored: ByteBuffer()) == nil)
    #expect(JobOutcome(stored: ByteBuffer(string: "?")) == nil)
  }

  @Test("waiters are told once that their time is up, and each leaves once")
  func waiters() {
    func time(_ milliseconds: Int64) -> Deadline { Deadline(unixMilliseconds: milliseconds) }
    var waiters = Waiters<String>()
    waiters.add(job(1), "a", deadline: time(100))
    waiters.add(job(2), "b", deadline: time(300))
    waiters.add(job(3), "c", deadline: time(100))
    #expect(waiters.overdue(now: time(99)) == [])
    #expect(waiters.remove(job(3))?.waiter == "c")
    #expect(waiters.remove(job(3)) == nil)
    #expect(waiters.overdue(now: time(100)) == [job(1)])
    #expect(waiters.overdue(now: time(200)) == [])
    waiters.add(job(4), "d", deadline: time(250))
    #expect(Set(waiters.overdue(now: time(300))) == [job(2), job(4)])
    #expect(Set(waiters.ids) == [job(1), job(2), job(4)])
    for id in waiters.ids { #expect(waiters.remove(id) != nil) }
    #expect(waiters.isEmpty)
  }

  @Test("what comes in is sorted into what may be computed and what must not be")
  func intake() {
    func entry(_ number: Int, deadline: Int, attempt: Int) -> JobEntry {
      let fields: [(String, String)] = [
        ("i", "\(job(number))"), ("p", "x"), ("d", "\(deadline)"), ("r", "a1"),
      ]
      let values = fields.flatMap {
        [RESPValue.string(ByteBuffer(string: $0.0)), .string(ByteBuffer(string: $0.1))]
      }
      return JobEntry(
        place: JobPlace(priority: .normal, entry: "\(number)-0"), fields: .array(values),
        attempt: attempt)
    }
    let intake = Intake(
      [
        entry(1, deadline: 101, attempt: 3), entry(2, deadline: 100, attempt: 1),
        entry(3, deadline: 101, attempt: 4), entry(4, deadline: 100, attempt: 4),
        JobEntry(
          place: JobPlace(priority: .normal, entry: "5-0"), fields: .null, attempt: 1),
      ], maximumAttempts: 3, now: Deadline(unixMilliseconds: 100))
    #expect(intake.jobs.map(\.id) == [job(1)])
    #expect(intake.expired.map(\.id) == [job(2), job(4)])
    #expect(intake.exhausted.map(\.id) == [job(3)])
    #expect(intake.damaged.map(\.entry.place.entry) == ["5-0"])
  }
}

/// Not random at all.
private struct Counting: RandomNumberGenerator {
  var last: UInt64

  mutating func next() -> UInt64 {
    last += 1
    return last
  }
}
