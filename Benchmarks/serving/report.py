"""The figures as markdown."""
import statistics


def rate(v):
    return f"{v:,.0f}" if v >= 100 else f"{v:.1f}"


def milliseconds(v):
    return f"{v:.0f}" if v >= 100 else f"{v:.1f}" if v >= 10 else f"{v:.2f}"


def markdown(results):
    levels = results["connections"]
    lines = [
        f"Measured on {results['date']}: {results['cores']} cores of {results['cpu']}, Linux {results['kernel']}, "
        f"{results['seconds']} s a level; Coppice {results['revision']}.", "",
        "One row, requests/s and p50 / p99 in ms, at each number of connections:", "",
        "| server | " + " | ".join(f"{c}: req/s | p50 / p99" for c in levels) +
        " | first answer s | RSS MiB | PSS MiB | CPU µs/req | errors | other CPU % |",
        "|---|" + "---:|---:|" * len(levels) + "---:|" * 6,
    ]
    skipped = []
    for name, r in results["servers"].items():
        if "skipped" in r:
            skipped.append(f"{name} ({r['skipped'][:100]})")
            continue
        cells = [f"{rate(x['rps'])} | {milliseconds(x['p50_ms'])} / {milliseconds(x['p99_ms'])}" for x in r["load"]]
        cpu = r["load"][len(r["load"]) // 2]["cpu_us"]
        lines.append(
            f"| {name} | " + " | ".join(cells) + f" | {r['first_answer_s']:.2f} | {r['rss_mib']:.0f} | {r['pss_mib']:.0f} | "
            f"{'-' if cpu is None else f'{cpu:,.0f}'} | {sum(x['errors'] for x in r['load'])} | "
            f"{max(x['other_cpu_pct'] for x in r['load']):.0f} |")
    lines += grpc(results)
    if skipped:
        lines += ["", "Not measured: " + "; ".join(skipped) + "."]
    return "\n".join(lines)


def turns(machine, servers):
    """Medians, and how many times as many requests as the first server answers in the same turn, lowest and highest."""
    first, *others = servers
    level = servers[first][0]["connections"]
    lines = [
        f"Measured on {machine['date']}: {machine['cores']} cores of {machine['cpu']}, Linux {machine['kernel']}; Coppice "
        f"{machine['revision']}.", "",
        f"One row, {level} connections, {len(servers[first])} turns; medians, and the lowest and the highest:", "",
        f"| server | req/s | p50 ms | p99 ms | CPU µs/req | {first} is |", "|---|---:|---:|---:|---:|---:|",
    ]

    def cell(values, form=milliseconds):
        return f"{form(statistics.median(values))} ({form(min(values))} to {form(max(values))})"

    for name, loads in servers.items():
        times = [a["rps"] / b["rps"] for a, b in zip(servers[first], loads)]
        lines.append(
            f"| {name} | {cell([x['rps'] for x in loads], rate)} | {cell([x['p50_ms'] for x in loads])} | "
            f"{cell([x['p99_ms'] for x in loads])} | {statistics.median(x['cpu_us'] for x in loads):,.0f} | "
            f"{cell(times, rate) + ' times' if name in others else ''} |")
    return "\n".join(lines)


def grpc(results):
    rows = {name: r["grpc"] for name, r in results["servers"].items() if "grpc" in r}
    if not rows:
        return []
    shapes = [(x["connections"], x["calls"]) for x in next(iter(rows.values()))]
    names = [f"{c} × {calls}" if calls > 1 else str(c) for c, calls in shapes]
    lines = [
        "", "The same over gRPC (`ModelInfer`), one call at a time on each connection, or `×` so many:", "",
        "| server | " + " | ".join(f"{n}: calls/s | p50 / p99" for n in names) + " | CPU µs/call | errors |",
        "|---|" + "---:|---:|" * len(shapes) + "---:|---:|",
    ]
    for name, row in rows.items():
        cells = [f"{rate(x['rps'])} | {milliseconds(x['p50_ms'])} / {milliseconds(x['p99_ms'])}" for x in row]
        lines.append(f"| {name} | " + " | ".join(cells) +
                     f" | {row[len(row) // 2]['cpu_us']:,.0f} | {sum(x['errors'] for x in row)} |")
    return lines


def replace_in(path, table, name="serving"):
    """Puts the table between its two marks in a file."""
    begin, end = f"<!-- {name} benchmark: begin -->", f"<!-- {name} benchmark: end -->"
    with open(path) as f:
        text = f.read()
    if begin not in text or end not in text:
        raise SystemExit(f"{path} has no marks {begin} and {end}")
    head, tail = text.split(begin)[0], text.split(end)[1]
    with open(path, "w") as f:
        f.write(f"{head}{begin}\n{table}\n{end}{tail}")
