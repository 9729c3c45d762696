"""Judges a history of commands on registers, counters and queues. Pure; knows nothing of Sett but what a client sees.

A history is a list of operations, each a dict:
  kind     "register" | "counter" | "queue"          key    the entity
  verb     get, set, cas / add, get / push, pop      args   a tuple of texts
  outcome  "ok" | "fail" (took no effect) | "unknown" (may have taken effect, or may still)
  answer   the answer's text when ok                 start, end   seconds on one monotonic clock
Values set, items pushed are unique in the whole history; counters are added 1 at a time. `final` tells what was read
after everything had ended: {"register": {key: text}, "counter": {key: number}, "queue": {key: [items]}}; it is judged as
one more read of each.

Registers: linearizable, by the search of Wing & Gong ("Testing and Verifying Concurrent Objects", 1993) with Lowe's memo of
(what is done, value). Counters: since each ok answer is a place in the order, the order in time is checked directly, and every
place that nobody owns needs an unknown command that could have taken it. Queues: every item at most once, none out of
nowhere, none acknowledged and gone, first in first out, no "empty" while something certainly waited.
"""
import bisect
import collections

INFINITY = float("inf")


class Verdict:
    """Counts of what must be zero, and up to ten sentences that say what was found."""

    def __init__(self):
        self.lost, self.doubled, self.stale, self.checked = 0, 0, 0, 0
        self.findings = []

    def found(self, what, sentence, count=1):
        setattr(self, what, getattr(self, what) + count)
        if len(self.findings) < 10:
            self.findings.append(f"{what}: {sentence}")

    @property
    def clean(self):
        return not (self.lost or self.doubled or self.stale)


def judge(history, final):
    verdict = Verdict()
    by_entity = collections.defaultdict(list)
    for operation in history:
        if operation["outcome"] != "fail":
            by_entity[operation["kind"], operation["key"]].append(operation)
        verdict.checked += operation["outcome"] == "ok"
    for kind, check in (("register", check_register), ("counter", check_counter), ("queue", check_queue)):
        for key, value in final.get(kind, {}).items():
            check(key, by_entity.pop((kind, key), []), value, verdict)
    for (kind, key), operations in by_entity.items():
        if any(o["outcome"] == "ok" for o in operations):
            verdict.found("lost", f"{kind} {key} could not be read at the end")
    return verdict


# --- registers

def check_register(key, operations, final, verdict):
    seen = {final}
    for o in operations:
        if o["verb"] == "get" and o["outcome"] == "ok":
            seen.add(o["answer"])
        if o["verb"] == "cas":
            seen.add(o["answer"][3:] if o["answer"].startswith("no ") else o["args"][0])
    calls = []
    for o in operations:
        if o["outcome"] == "unknown":
            # A value that nobody ever saw or exchanged may as well never have been written.
            if o["verb"] == "get" or o["args"][-1] not in seen:
                continue
            calls.append((o["start"], INFINITY, o["verb"], o["args"], None))
        else:
            calls.append((o["start"], o["end"], o["verb"], o["args"], o["answer"]))
    after = max((o["end"] for o in operations), default=0.0)
    calls.append((after + 1, after + 2, "get", (), final))
    written = {c[3][-1] for c in calls if c[2] in ("set", "cas")} | {""}
    for value in seen - written:
        verdict.found("doubled", f"register {key} showed {value!r}, which nobody wrote")
    if linearizable(calls, ""):
        return
    acknowledged_last = [c for c in calls if c[2] == "set" and c[4] == "ok"]
    newest = max((c[0] for c in acknowledged_last), default=0)
    written_at = {c[3][-1]: c[1] for c in calls if c[2] in ("set", "cas")}
    older = final == "" or written_at.get(final, INFINITY) < newest
    verdict.found("lost" if acknowledged_last and older else "stale",
                  f"register {key}: no order of its {len(calls)} operations explains the answers (last seen {final!r})")


def step(value, verb, args, answer):
    """The value afterwards, or None when the answer does not fit. An unknown answer fits what takes effect."""
    if verb == "get":
        return value if answer == value else None
    if verb == "set":
        return args[0] if answer in ("ok", None) else None
    if answer is None or answer == "ok":
        return args[1] if value == args[0] else None
    return value if answer == "no " + value and value != args[0] else None


def linearizable(calls, value):
    """calls: (start, end, verb, args, answer); those that end at INFINITY may be left out."""
    calls = sorted(calls, key=lambda c: (c[0], c[1]))
    count = len(calls)
    needed = 0
    for i, c in enumerate(calls):
        if c[1] != INFINITY:
            needed |= 1 << i
    done, first = 0, 0
    memo = set()
    stack = []
    candidates = _next(calls, done, first, count)
    while True:
        if done & needed == needed:
            return True
        moved = False
        while candidates:
            i = candidates.pop()
            after = step(value, *calls[i][2:])
            if after is None or (done | 1 << i, after) in memo:
                continue
            memo.add((done | 1 << i, after))
            stack.append((done, value, first, candidates))
            done, value = done | 1 << i, after
            while first < count and done >> first & 1:
                first += 1
            candidates = _next(calls, done, first, count)
            moved = True
            break
        if not moved:
            if not stack:
                return False
            done, value, first, candidates = stack.pop()


def _next(calls, done, first, count):
    """What may come next: whatever starts before all that is not done has ended. The likeliest stands last."""
    out, bound = [], INFINITY
    for i in range(first, count):
        if done >> i & 1:
            continue
        if calls[i][0] > bound:
            break
        out.append(i)
        bound = min(bound, calls[i][1])
    out = [i for i in out if calls[i][0] <= bound]
    out.sort(key=lambda i: -calls[i][1])
    return out


# --- counters

def check_counter(key, operations, final, verdict):
    after = max((o["end"] for o in operations), default=0.0)
    placed, adds, unknown = [], {}, []
    for o in operations:
        if o["outcome"] == "unknown":
            if o["verb"] == "add":
                unknown.append(o["start"])
            continue
        place = int(o["answer"])
        if o["verb"] == "add":
            if place in adds:
                verdict.found("lost", f"counter {key}: two additions were both answered {place}")
            adds[place] = o
            placed.append((o["start"], o["end"], place, True))
        else:
            placed.append((o["start"], o["end"], place, False))
    placed.append((after + 1, after + 2, final, False))
    # The order in time: what starts after an end must stand behind it.
    ends = sorted((end, place) for _, end, place, _ in placed)
    highest, times, tops = 0, [], []
    for end, place in ends:
        highest = max(highest, place)
        times.append(end)
        tops.append(highest)

    def top_before(start):
        at = bisect.bisect_left(times, start)
        return tops[at - 1] if at else 0

    for start, _, place, is_add in placed:
        top = top_before(start)
        if place < top or (is_add and place == top):
            what = "lost" if start > after else "stale"
            verdict.found(what, f"counter {key} answered {place} after it had answered {top}")
    holes = [n for n in range(1, final + 1) if n not in adds]
    # Each hole wants an unknown addition that began before anything above the hole had been answered.
    free = sorted(top_before(start) for start in unknown)
    taken = 0
    for hole in holes:
        if taken < len(free) and free[taken] < hole:
            taken += 1
        else:
            verdict.found("doubled", f"counter {key} counted to {hole} without a command for it")
    for place in adds:
        if place > final:
            verdict.found("lost", f"counter {key} ended at {final} though {place} was acknowledged")


# --- queues

def check_queue(key, operations, final, verdict):
    pushes = {o["args"][0]: o for o in operations if o["verb"] == "push"}
    pops, empties = {}, []
    unknown_pops = [o for o in operations if o["verb"] == "pop" and o["outcome"] == "unknown"]
    after = max((o["end"] for o in operations), default=0.0)
    out = [(o["answer"][5:], o["start"], o["end"]) for o in operations
           if o["verb"] == "pop" and o["outcome"] == "ok" and o["answer"] != "empty"]
    empties = [o for o in operations if o["verb"] == "pop" and o["outcome"] == "ok" and o["answer"] == "empty"]
    out += [(item, after + 1 + i * 1e-6, after + 1 + i * 1e-6) for i, item in enumerate(final)]
    for item, start, end in out:
        if item in pops:
            verdict.found("doubled", f"queue {key} gave {item} out twice")
        elif item not in pushes:
            verdict.found("doubled", f"queue {key} gave {item} out, which nobody pushed")
        pops.setdefault(item, (start, end))
    missing = [item for item, o in pushes.items() if o["outcome"] == "ok" and item not in pops]
    if len(missing) > len(unknown_pops):
        verdict.found("lost", f"queue {key}: {len(missing)} acknowledged items are gone ({', '.join(missing[:3])}), "
                              f"{len(unknown_pops)} pops have no known answer", len(missing) - len(unknown_pops))
    # First in, first out: an item pushed wholly before another one is not popped wholly after it.
    known = sorted(((pushes[i], *pops[i]) for i in pops if i in pushes and pushes[i]["outcome"] == "ok"),
                   key=lambda k: k[0]["start"])
    by_end = sorted(known, key=lambda k: k[0]["end"])
    latest_pop_start, at, culprit = -INFINITY, 0, None
    for push, pop_start, pop_end in known:
        while at < len(by_end) and by_end[at][0]["end"] < push["start"]:
            if by_end[at][1] > latest_pop_start:
                latest_pop_start, culprit = by_end[at][1], by_end[at][0]["args"][0]
            at += 1
        if pop_end < latest_pop_start:
            verdict.found("stale", f"queue {key} gave {push['args'][0]} out before {culprit}, which stood before it")
    # "empty" is wrong while an item was certainly in: pushed before the pop began, taken after it ended.
    for o in empties:
        for item, (pop_start, _) in pops.items():
            push = pushes.get(item)
            if push and push["outcome"] == "ok" and push["end"] < o["start"] and pop_start > o["end"]:
                verdict.found("stale", f"queue {key} said it was empty while {item} was in")
                break
