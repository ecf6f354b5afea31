import ArgumentParser
import Serving

/// Whether a new version of a model is tried on live requests before it takes over.
struct TrialOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Ask a new version this many live requests too, unseen, before it takes over; 0 for none.",
      valueName: "n"))
  var trialRequests = 0

  @Option(
    help: ArgumentHelp(
      "Let it take over after this time though there were fewer.", valueName: "seconds"))
  var trialSeconds = 60.0

  @Option(
    help: ArgumentHelp(
      "Refuse it when its answers are further away than this, on average; any by default.",
      valueName: "difference"))
  var trialDifference: Double?

  func validate() throws {
    guard (0...1_000_000).contains(trialRequests) else {
      throw ValidationError("--trial-requests must be 0 to 1000000")
    }
    guard (0.1...86_400).contains(trialSeconds) else {
      throw ValidationError("--trial-seconds must be 0.1 to 86400")
    }
    guard trialDifference.map({ $0 >= 0 }) ?? true else {
      throw ValidationError("--trial-difference must not be less than 0")
    }
  }

  /// The bounds; nil for no trials.
  var bounds: TrialBounds? {
    guard trialRequests > 0 else { return nil }
    return TrialBounds(
      requests: trialRequests, time: .seconds(trialSeconds), difference: trialDifference)
  }
}
