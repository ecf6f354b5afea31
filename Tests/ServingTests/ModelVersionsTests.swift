import Testing

@testable import Serving

@Suite("The versions of a model")
struct ModelVersionsTests {
  /// A state of a folder, told by a number.
  static func stamp(_ number: Int64) -> FolderStamp {
    FolderStamp(files: [.init(name: "model.json", inode: 1, size: number, modified: number)])
  }

  static func versions(
    _ policy: VersionPolicy = .latest, disk: [String: Int64]
  ) -> ModelVersions {
    var versions = ModelVersions(policy: policy)
    versions.see(disk.mapValues(stamp))
    return versions
  }

  @Test(
    "are chosen by the policy, newest first",
    arguments: [
      ("latest", ["11"]), ("all", ["11", "2", "1", "b", "a"]), ("1,b,7", ["1", "b"]),
    ])
  func policy(text: String, expected: [String]) throws {
    let policy = try #require(VersionPolicy(text))
    #expect(policy.description == text)
    let versions = Self.versions(policy, disk: ["1": 1, "2": 1, "11": 1, "a": 1, "b": 1])
    #expect(versions.wanted == expected)
  }

  @Test("are no policy when a name is none", arguments: ["", "1,", "../1", "1, 2", "é"])
  func wrongPolicy(text: String) {
    #expect(VersionPolicy(text) == nil)
  }

  @Test("are unloaded only after the one that takes their place is ready")
  func swap() {
    var versions = Self.versions(disk: ["1": 1])
    versions.settle()
    versions.see(["1": Self.stamp(1), "2": Self.stamp(1)])
    #expect(versions.next() == .load("2", Self.stamp(1)))
    versions.began("2", Self.stamp(1))
    #expect(versions.next() == nil)
    #expect(versions.state("2") == .loading)
    versions.loaded("2", Self.stamp(1))
    #expect(versions.next() == .unload("1"))
    versions.unloaded("1")
    #expect(versions.next() == nil)
    #expect(versions.ready == ["2"])
    #expect(versions.reason("1") == "the version policy latest leaves it out")
  }

  @Test("stay when the newer one is refused, until its files change again")
  func refused() {
    var versions = Self.versions(disk: ["1": 1])
    versions.settle()
    versions.see(["1": Self.stamp(1), "2": Self.stamp(1)])
    versions.settle(refusing: ["2"])
    #expect(versions.ready == ["1"])
    #expect(versions.reason("2") == "refused")
    #expect(versions.failureCount == 1)
    versions.see(["1": Self.stamp(1), "2": Self.stamp(1)])
    #expect(versions.next() == nil)
    versions.see(["1": Self.stamp(1), "2": Self.stamp(2)])
    versions.settle()
    #expect(versions.ready == ["2"])
  }

  @Test("go on with the old files when changed ones are refused")
  func changedFiles() {
    var versions = Self.versions(disk: ["1": 1])
    versions.settle()
    versions.see(["1": Self.stamp(2)])
    #expect(versions.next() == .load("1", Self.stamp(2)))
    versions.settle(refusing: ["1"])
    #expect(versions.ready == ["1"])
    #expect(versions.state("1") == .ready)
    #expect(versions.reason("1")?.contains("refused") == true)
  }

  @Test("stay in memory when their folder goes, until they are let go of")
  func gone() {
    var versions = Self.versions(.all, disk: ["1": 1, "2": 1])
    versions.settle()
    versions.see([:])
    #expect(versions.next() == nil)
    #expect(versions.ready == ["2", "1"])
    #expect(versions.gone == ["2", "1"])
    #expect(versions.reason("2") == "its folder is gone; it is served from memory")
    #expect(versions.forgetGone().isEmpty, "the last ones stay")
    versions.see(["3": Self.stamp(1)])
    versions.settle()
    #expect(versions.forgetGone() == ["2", "1"])
  }

  @Test("answer nobody while they are on trial, and take over when they pass")
  func trial() {
    var versions = Self.versions(disk: ["1": 1])
    versions.settle()
    let stamp = Self.stamp(1)
    versions.see(["1": stamp, "2": stamp])
    versions.began("2", stamp)
    #expect(versions.replaced(by: "2") == "1")
    versions.tried("2", stamp)
    #expect(versions.next() == nil)
    #expect(versions.ready == ["1"])
    #expect(versions.state("2") == .loading)
    #expect(versions.reason("2")?.contains("trial") == true)
    var passed = versions
    passed.loaded("2", stamp)
    #expect(passed.next() == .unload("1"))
    var refused = versions
    refused.failed("2", stamp, "too far away")
    #expect(refused.next() == nil)
    #expect(refused.reason("2") == "too far away")
    // A newer one comes, or its folder goes: there is nothing left to try.
    for disk in [["1": stamp, "2": stamp, "3": stamp], ["1": stamp]] {
      var other = versions
      other.see(disk)
      if disk["3"] != nil { other.began("3", stamp) }
      #expect(other.next() == .endTrial("2"))
    }
    // What someone unloads by name does not wait for it, unless nothing else answers.
    var three = versions
    three.referenced = ["0"]
    three.see(["0": stamp, "1": stamp, "2": stamp])
    three.began("0", stamp)
    three.loaded("0", stamp)
    three.wishes = ["1": .unloaded]
    #expect(three.next() == .unload("1"))
    versions.wishes = ["1": .unloaded]
    #expect(versions.next() == nil)
  }

  @Test("are replaced by themselves when their files change, and by none that is not newest")
  func replaced() {
    var versions = Self.versions(.all, disk: ["1": 1, "3": 1])
    versions.settle()
    versions.see(["1": Self.stamp(2), "2": Self.stamp(1), "3": Self.stamp(1), "4": Self.stamp(1)])
    #expect(versions.replaced(by: "1") == "1")
    #expect(versions.replaced(by: "2") == nil)
    #expect(versions.replaced(by: "4") == "3")
  }

  @Test("wait while their files are being written")
  func unsettled() {
    var versions = Self.versions(disk: ["1": 1])
    versions.settle()
    versions.see(["1": Self.stamp(1), "2": Self.stamp(1)], unsettled: ["2"])
    #expect(versions.next() == nil)
  }

  @Test("are kept beside the policy's when labels, rules or people want them")
  func wishes() {
    var versions = Self.versions(disk: ["1": 1, "2": 1, "3": 1])
    versions.settle()
    #expect(versions.ready == ["3"])
    versions.referenced = ["1"]
    versions.wishes = ["2": .loaded]
    versions.settle()
    #expect(versions.ready == ["3", "2", "1"])
    versions.wishes = ["3": .unloaded]
    versions.referenced = []
    #expect(versions.next() == .unload("3"))
    versions.settle()
    #expect(versions.ready == ["2"])
    versions.isUnloaded = true
    versions.settle()
    #expect(versions.ready.isEmpty)
    #expect(versions.reason("2") == "it was unloaded")
  }
}

extension ModelVersions {
  /// Does what is to be done until nothing is.
  mutating func settle(refusing refused: Set<String> = []) {
    while let action = next() {
      switch action {
      case .load(let version, let stamp) where refused.contains(version):
        began(version, stamp)
        failed(version, stamp, "refused")
      case .load(let version, let stamp):
        began(version, stamp)
        loaded(version, stamp)
      case .unload(let version): unloaded(version)
      case .endTrial(let version): endedTrial(version)
      }
    }
  }
}
