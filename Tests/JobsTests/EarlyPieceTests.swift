import Foundation
import Jobs
import NIOCore
import Telemetry
import TestSupport
import Testing

/// Pieces of jobs that come in while others of the same job are computed.
@Suite("Pieces that come before their job is accepted, in a jobs file")
struct EarlyPieceTests {
  private func queue(_ path: String, earlySize: Int) -> SQLiteJobQueue {
    var configuration = SQLiteJobQueue.Configuration()
    configuration.maximumEarlySize = earlySize
    // Workers get a moment before the smallest rest is written.
    configuration.maximumSizeAtOnce = 0
    return SQLiteJobQueue(
      path: path, configuration: configuration, metrics: PrometheusRegistry(), logger: .quiet)
  }

  private func append(_ texts: [String], from first: Int = 0, to id: JobID, _ queue: SQLiteJobQueue)
    async throws
  {
    for (number, text) in texts.enumerated() {
      try await queue.append(
        ByteBuffer(string: text), rows: 1, number: first + number, to: id,
        as: BackendFixture.job(.bulk))
    }
  }

  @Test(
    "are all there after a kill once the job was accepted, computed or not",
    arguments: [0, 18, 1 << 20])
  func accepted(earlySize: Int) async throws {
    try await withTemporaryFolder { folder in
      let path = folder.appending(path: "jobs.sqlite").path
      let job = BackendFixture.job(.bulk)
      let first = queue(path, earlySize: earlySize)
      let id = try await first.open(job)
      let texts = (0..<6).map { "piece \($0)" }
      try await append(Array(texts[..<4]), to: id, first)
      let source = SQLiteJobSource(first)
      let done = await source.take(upTo: 1)
      #expect(done.map(\.text) == ["piece 0"])
      #expect(await source.complete([(done[0], done[0].echo())]) == [true])
      // One is in a worker's hands.
      #expect(await source.take(upTo: 1).map(\.text) == ["piece 1"])
      try await append(Array(texts[4...]), from: 4, to: id, first)
      #expect(try await first.seal(id, as: job).isNew)
      await first.close()

      let second = queue(path, earlySize: earlySize)
      try await second.open()
      let worker = SQLiteJobSource(second)
      var taken: [Job] = []
      while taken.count < 5 {
        let jobs = await worker.take(upTo: 8)
        taken += jobs
        await worker.complete(jobs.map { ($0, $0.echo()) })
      }
      #expect(taken.map(\.text) == Array(texts[1...]))
      #expect(taken.map(\.attempt) == [2, 1, 1, 1, 1])
      #expect(try await second.record(of: id).state == .done)
      for (number, text) in texts.enumerated() {
        let answer = try await second.answer(to: number, of: id)
        #expect(answer.map { String(buffer: $0) } == text + "!")
      }
      await second.close()
    }
  }

  @Test("are gone after a kill before that, and so is the job", arguments: [0, 18, 1 << 20])
  func unaccepted(earlySize: Int) async throws {
    try await withTemporaryFolder { folder in
      let path = folder.appending(path: "jobs.sqlite").path
      let first = queue(path, earlySize: earlySize)
      let id = try await first.open(BackendFixture.job(.bulk))
      try await append(["a", "b", "c"], to: id, first)
      let source = SQLiteJobSource(first)
      let jobs = await source.take(upTo: 1)
      await source.complete(jobs.map { ($0, $0.echo()) })
      await first.close()

      let second = queue(path, earlySize: earlySize)
      try await second.open()
      let error = await #expect(throws: JobError.self) { try await second.record(of: id) }
      #expect(error?.code == .unknown)
      let depth = try await second.depth()
      #expect(depth.waiting == 0)
      #expect(depth.running == 0)
      await second.close()
    }
  }

  @Test("go back to the others when a worker stops, and leave room when their job is cancelled")
  func released() async throws {
    let queue = self.queue(":memory:", earlySize: 3)
    for _ in 0..<3 {
      let id = try await queue.open(BackendFixture.job(.bulk))
      try await append(["a", "b", "c", "d"], to: id, queue)
      try await withServices([queue]) {
        let leaving = SQLiteJobSource(queue)
        try await withServices([leaving]) {
          #expect(await leaving.take(upTo: 1).map(\.text) == ["a"])
        }
        let staying = SQLiteJobSource(queue)
        let jobs = await staying.take(upTo: 2) + staying.take(upTo: 2)
        #expect(jobs.map(\.text) == ["a", "b", "c", "d"])
        #expect(try await queue.cancel(id).state == .cancelled)
        #expect(await staying.complete([(jobs[0], jobs[0].echo())]) == [false])
      }
    }
    await queue.close()
  }
}
