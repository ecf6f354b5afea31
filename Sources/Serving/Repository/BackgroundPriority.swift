#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#else
  import Darwin
#endif

/// The priority of work that may take its time.
enum BackgroundPriority {
  /// Gives it to the calling thread, for good.
  static func take() {
    #if os(Linux)
      // On Linux 0 is the calling thread, not the process. At 10 it gets about a tenth of a core
      // that others want too: loading goes on, and requests hardly notice.
      #if canImport(Glibc)
        let process = __priority_which_t(PRIO_PROCESS.rawValue)
      #else
        let process = PRIO_PROCESS
      #endif
      _ = setpriority(process, 0, 10)
    #else
      _ = pthread_set_qos_class_self_np(QOS_CLASS_UTILITY, 0)
    #endif
  }
}
