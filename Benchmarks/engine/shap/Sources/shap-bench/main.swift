// Times TreeExplainer: see ../../../bench_shap.py, which runs it.
//
//   shap-bench MODEL ROWS(float32, row-major) ROW-COUNT BATCH SECONDS contributions|interactions ANSWERS
//
// Prints microseconds of process CPU time per row (least of the passes over the rows), the
// milliseconds that reading the model and laying it out took, and the megabytes of the tables.
// Writes the answers as float32.

import Forest
import Foundation
import ModelFormats

func cpuSeconds() -> Double {
  var time = timespec()
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
  return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

let arguments = CommandLine.arguments
guard arguments.count == 8, let rowCount = Int(arguments[3]), let batch = Int(arguments[4]),
  let seconds = Double(arguments[5])
else {
  print("usage: shap-bench MODEL ROWS ROW-COUNT BATCH SECONDS contributions|interactions ANSWERS")
  exit(2)
}

let loading = cpuSeconds()
guard let forest = try TreeModel.read(contentsOf: arguments[1]).forest else {
  print("the model in \(arguments[1]) is more than one forest")
  exit(2)
}
let planning = cpuSeconds()
let explainer = try TreeExplainer(forest)
let planned = cpuSeconds()

let bytes = try Data(contentsOf: URL(filePath: arguments[2]))
let rows = bytes.withUnsafeBytes { Array($0.bindMemory(to: Float.self)) }
let columns = forest.featureCount
let size = columns + 1
let isPairs = arguments[6] == "interactions"
let perRow = forest.outputCount * size * (isPairs ? size : 1)
var answers = [Float](repeating: 0, count: batch * perRow)
var all: [Float] = []

@MainActor func explain(from start: Int) {
  let part = rows.span.extracting(start * columns..<(start + batch) * columns)
  var target = answers.mutableSpan
  if isPairs {
    explainer.interactions(of: part, into: &target)
  } else {
    explainer.contributions(of: part, into: &target)
  }
}

let starts = stride(from: 0, to: rowCount - batch + 1, by: batch)
for start in starts {
  explain(from: start)
  all += answers
}
var best = Double.infinity
let end = cpuSeconds() + seconds
repeat {
  let began = cpuSeconds()
  for start in starts { explain(from: start) }
  best = min(best, (cpuSeconds() - began) / Double(rowCount / batch * batch))
} while cpuSeconds() < end

try all.withUnsafeBytes { Data($0) }.write(to: URL(filePath: arguments[7]))
print(
  best * 1e6, (planning - loading) * 1e3, (planned - planning) * 1e3,
  Double(explainer.byteCount) / 1e6)
