import Forest
import ModelFormats

extension ModelReport {
  /// The report as text of at most so many columns, with a bar for each feature.
  func text(columns: Int = 80, maximumFeatures: Int = 30) -> String {
    var lines: [(name: String, value: String)] = [
      ("format", "\(format.rawValue), \(library.name) \(library.version ?? "of unknown version")"),
      ("size", "\(Self.grouped(bytes)) bytes"),
      ("objective", "\(objective) (\(task.rawValue))"),
    ]
    if let classes {
      let names = classes.prefix(10).map(Self.printable).joined(separator: ", ")
      lines.append(("classes", "\(classes.count): \(names)\(classes.count > 10 ? ", …" : "")"))
    } else {
      lines.append(("outputs", String(outputs)))
    }
    lines.append(("trees", trees.count == 0 ? "none: a linear model" : treesText))
    if models > 1 { lines.append(("models", "\(models) put together")) }
    if hasPreprocessing { lines.append(("columns", "go through preprocessing first")) }
    if let bestIteration { lines.append(("best round", String(bestIteration))) }
    lines += engineLines
    var text = Self.printable(file) + "\n"
    for (name, value) in lines {
      text += "  " + Self.padded(name, to: 12) + value + "\n"
    }
    return text + featuresText(columns: columns, maximum: maximumFeatures)
  }

  private var treesText: String {
    let mean = Double(Int(trees.meanDepth * 10 + 0.5)) / 10
    return "\(Self.grouped(trees.count)), depth \(mean) on average and at most "
      + "\(trees.maximumDepth), \(Self.grouped(trees.nodes)) nodes, "
      + "\(Self.grouped(trees.leaves)) of them leaves"
  }

  private var engineLines: [(name: String, value: String)] {
    var lines: [(name: String, value: String)] = []
    let used = engines.filter { $0.fromRows != nil }
    for (index, choice) in used.enumerated() {
      let first = choice.fromRows ?? 1
      let next = index + 1 < used.count ? used[index + 1].fromRows : nil
      let rows =
        next.map {
          $0 - 1 == first ? "\(first) row\(first == 1 ? "" : "s")" : "\(first) to \($0 - 1) rows"
        }
        ?? (first == 1 ? "any number of rows" : "\(first) rows and more")
      lines.append(
        (index == 0 ? "engine" : "", "\(choice.engine) for \(rows): \(choice.reason)"))
    }
    for choice in engines where choice.fromRows == nil {
      lines.append(("", "not \(choice.engine): \(choice.reason)"))
    }
    if !used.isEmpty { lines.append(("", "instructions: \(instructions)")) }
    return lines
  }

  private func featuresText(columns: Int, maximum: Int) -> String {
    let order = features.indices.sorted {
      (-(features[$0].importance ?? 0), $0) < (-(features[$1].importance ?? 0), $1)
    }
    let shown = order.prefix(maximum).map { features[$0] }
    let names = shown.map { Self.printable($0.name) }
    let types = shown.map(Self.type)
    let nameWidth = min(32, names.map(\.count).max() ?? 0)
    let typeWidth = types.map(\.count).max() ?? 0
    let largest = shown.first?.importance ?? 0
    let barWidth = max(8, columns - nameWidth - typeWidth - 14)
    let kind = importance.map { ", by their share in the \($0)" } ?? ""
    var text = "\n  \(Self.grouped(features.count)) features\(kind)\n"
    for (index, feature) in shown.enumerated() {
      var line = "  " + Self.padded(names[index], to: nameWidth + 2)
      line += Self.padded(types[index], to: typeWidth + 2)
      if let share = feature.importance {
        let cells = largest > 0 ? share / largest * Double(barWidth) : 0
        line += Self.bar(cells) + (cells > 0 ? " " : "") + Self.percent(share)
      }
      while line.last == " " { line.removeLast() }
      text += line + "\n"
    }
    let rest = features.count - shown.count
    return rest > 0 ? text + "  and \(Self.grouped(rest)) more, which --json lists\n" : text
  }

  private static func type(_ feature: Column) -> String {
    guard let categories = feature.categories else { return feature.type.rawValue }
    return "\(feature.type.rawValue) of \(categories.count)"
  }

  /// A bar of so many cells, in eighths of a cell.
  private static func bar(_ cells: Double) -> String {
    let eighths = Int(cells * 8 + 0.5)
    let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
  }

  private static func percent(_ share: Double) -> String {
    let tenths = Int(share * 1000 + 0.5)
    return "\(tenths / 10).\(tenths % 10) %"
  }

  private static func grouped(_ number: Int) -> String {
    var digits = Array(String(number))
    var position = digits.count - 3
    while position > 0 {
      digits.insert(",", at: position)
      position -= 3
    }
    return String(digits)
  }

  private static func padded(_ text: String, to width: Int) -> String {
    let text = text.count > width ? String(text.prefix(max(0, width - 1))) + "…" : text
    return text + String(repeating: " ", count: width - text.count)
  }

  /// Text from the file, without what would steer the terminal.
  private static func printable(_ text: String) -> String {
    String(
      String.UnicodeScalarView(
        text.unicodeScalars.map {
          switch $0.properties.generalCategory {
          case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate: "?"
          default: $0
          }
        }))
  }
}
