/// What a connection needs as time passes: a client that vanished is noticed, and one that asks for
/// nothing is let go (it connects again). It is asked once in ``interval``, so that a call costs no timer.
struct ConnectionPulse {
  /// What to do.
  enum Action {
    case nothing
    /// Ask for a sign of life.
    case ping
    /// Tell the client that the connection ends.
    case leave
    case close
  }

  /// The seconds between two ticks.
  static let interval = 20
  private static let ticksToPing = 3
  private static let ticksToClose = 4
  private static let ticksToLeave = 30

  private var silentTicks = 0
  private var idleTicks = 0

  /// Something was received.
  mutating func receive() {
    silentTicks = 0
  }

  /// A call began.
  mutating func beginCall() {
    idleTicks = 0
  }

  /// - Parameter isIdle: whether no call is under way.
  mutating func tick(isIdle: Bool) -> Action {
    silentTicks += 1
    idleTicks = isIdle ? idleTicks + 1 : 0
    if silentTicks >= Self.ticksToClose { return .close }
    if idleTicks == Self.ticksToLeave { return .leave }
    return silentTicks == Self.ticksToPing ? .ping : .nothing
  }
}
