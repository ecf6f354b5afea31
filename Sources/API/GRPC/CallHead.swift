import NIOHPACK

/// What a call's head says of it; the names in HTTP/2 are in lower case.
struct CallHead {
  var method = ""
  var path = ""
  var contentType = ""
  var encoding: String?
  var timeout: String?
  var requestID: String?

  init(_ head: HPACKHeaders) {
    for (name, value, _) in head {
      switch name {
      case ":method": method = value
      case ":path": path = value
      case "content-type": contentType = value
      case "grpc-encoding": encoding = value
      case "grpc-timeout": timeout = value
      case "x-request-id": requestID = value
      default: break
      }
    }
  }
}
