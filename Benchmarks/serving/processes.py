"""The process tree of a measured server: what it uses, and how it is ended."""
import ctypes
import os
import signal
import socket
import time

TICKS = os.sysconf("SC_CLK_TCK")


def adopt_orphans():
    """Orphans below this process come back to it (PR_SET_CHILD_SUBREAPER), so that a tree is never lost."""
    ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def descendants():
    """All processes below this one."""
    children = {}
    for p in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{p}/stat") as f:
                parent = int(f.read().rsplit(")", 1)[1].split()[1])
        except (OSError, IndexError):
            continue
        children.setdefault(parent, []).append(int(p))
    found, todo = [], [os.getpid()]
    while todo:
        below = children.get(todo.pop(), [])
        found += below
        todo += below
    return found


def memory(pids):
    """(RSS, PSS) in MiB, summed; PSS counts a page that processes share once."""
    total = {"Rss:": 0, "Pss:": 0}
    for p in pids:
        try:
            with open(f"/proc/{p}/smaps_rollup") as f:
                for words in map(str.split, f):
                    if words[0] in total:
                        total[words[0]] += int(words[1])
        except OSError:
            continue
    return round(total["Rss:"] / 1024, 1), round(total["Pss:"] / 1024, 1)


def cpu_of(pids):
    """CPU seconds of these processes and of their ended children."""
    ticks = 0
    for p in pids:
        try:
            with open(f"/proc/{p}/stat") as f:
                ticks += sum(map(int, f.read().rsplit(")", 1)[1].split()[11:15]))
        except (OSError, IndexError, ValueError):
            continue
    return ticks / TICKS


def cpu_of_machine():
    """CPU seconds the whole machine was busy, time stolen from it included."""
    with open("/proc/stat") as f:
        v = [int(x) for x in f.readline().split()[1:9]]
    return (sum(v) - v[3] - v[4]) / TICKS


def end_all(process):
    """Ends exactly the processes below this one: the server and its orphans."""
    for sig, seconds in ((signal.SIGTERM, 6), (signal.SIGKILL, 4)):
        for p in descendants():
            try:
                os.kill(p, sig)
            except ProcessLookupError:
                pass
        end = time.time() + seconds
        while time.time() < end:
            process.poll()
            reap()
            if not descendants():
                return
            time.sleep(0.05)


def reap():
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def free_ports(count=10):
    """The first of so many free ports in a row."""
    for first in range(18000, 30000, count):
        try:
            for port in range(first, first + count):
                with socket.socket() as s:
                    s.bind(("127.0.0.1", port))
            return first
        except OSError:
            continue
    raise SystemExit("no free ports")
