#!/usr/bin/env python3
"""The drills' checker finds what is planted: lost, doubled and stale histories, and lets honest ones pass."""
import pathlib
import random
import sys
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT))
sys.dont_write_bytecode = True

from chaos.drills.checker import judge  # noqa: E402


def op(kind, verb, args, start, end, answer, outcome="ok", key="x"):
    return {"kind": kind, "key": key, "verb": verb, "args": tuple(args), "start": start, "end": end, "outcome": outcome,
            "answer": answer}


def register(*rows, final):
    return judge([op("register", *r) for r in rows], {"register": {"x": final}})


def counter(*rows, final):
    return judge([op("counter", *r) for r in rows], {"counter": {"x": final}})


def queue(*rows, final=()):
    return judge([op("queue", *r) for r in rows], {"queue": {"x": list(final)}})


class Registers(unittest.TestCase):
    def test_an_honest_history_passes(self):
        v = register(("set", ["a"], 0, 1, "ok"), ("get", [], 2, 3, "a"), ("cas", ["a", "b"], 4, 5, "ok"),
                     ("cas", ["a", "c"], 6, 7, "no b"), final="b")
        self.assertTrue(v.clean, v.findings)

    def test_overlapping_operations_may_stand_in_either_order(self):
        for seen in ("a", "b"):
            self.assertTrue(register(("set", ["a"], 0, 5, "ok"), ("set", ["b"], 1, 4, "ok"), final=seen).clean)

    def test_an_acknowledged_write_that_is_gone_is_lost(self):
        v = register(("set", ["a"], 0, 1, "ok"), ("set", ["b"], 2, 3, "ok"), final="a")
        self.assertEqual((v.lost, v.doubled), (1, 0))

    def test_a_stale_read_is_found(self):
        v = register(("set", ["a"], 0, 1, "ok"), ("set", ["b"], 2, 3, "ok"), ("get", [], 4, 5, "a"), ("get", [], 6, 7, "b"),
                     final="b")
        self.assertTrue(v.stale or v.lost)

    def test_a_write_that_takes_effect_twice_is_found(self):
        v = register(("set", ["a"], 0, 1, "ok"), ("set", ["b"], 2, 3, "ok"), ("get", [], 4, 5, "b"), ("get", [], 6, 7, "a"),
                     final="a")
        self.assertFalse(v.clean)

    def test_an_unknown_write_may_take_effect_late_or_never(self):
        rows = [("set", ["a"], 0, 1, "ok"), ("set", ["b"], 2, 3, "", "unknown"), ("get", [], 4, 5, "a")]
        self.assertTrue(register(*rows, final="a").clean)
        self.assertTrue(register(*rows, final="b").clean)
        self.assertTrue(register(*rows, ("get", [], 6, 7, "b"), final="b").clean)
        self.assertFalse(register(*rows, ("get", [], 6, 7, "b"), ("get", [], 8, 9, "a"), final="a").clean)

    def test_an_unknown_write_takes_no_effect_before_it_began(self):
        self.assertFalse(register(("get", [], 0, 1, "b"), ("set", ["b"], 2, 3, "", "unknown"), final="b").clean)

    def test_a_failed_write_takes_no_effect(self):
        v = register(("set", ["a"], 0, 1, "refused: no", "fail"), ("get", [], 2, 3, "a"), final="a")
        self.assertFalse(v.clean)

    def test_two_exchanges_of_one_value_cannot_both_win(self):
        v = register(("set", ["a"], 0, 1, "ok"), ("cas", ["a", "b"], 2, 6, "ok"), ("cas", ["a", "c"], 3, 5, "ok"), final="c")
        self.assertFalse(v.clean)


class Counters(unittest.TestCase):
    def test_an_honest_history_passes(self):
        self.assertTrue(counter(("add", ["1"], 0, 2, "2"), ("add", ["1"], 1, 3, "1"), ("get", [], 4, 5, "2"), final=2).clean)

    def test_a_lost_addition_is_found(self):
        self.assertEqual(counter(("add", ["1"], 0, 1, "1"), ("add", ["1"], 2, 3, "1"), final=1).doubled, 0)
        self.assertGreater(counter(("add", ["1"], 0, 1, "1"), ("add", ["1"], 2, 3, "1"), final=1).lost, 0)
        self.assertGreater(counter(("add", ["1"], 0, 1, "1"), ("add", ["1"], 2, 3, "2"), final=1).lost, 0)

    def test_a_doubled_addition_is_found(self):
        self.assertEqual(counter(("add", ["1"], 0, 1, "1"), ("add", ["1"], 2, 3, "3"), final=3).doubled, 1)
        self.assertEqual(counter(("add", ["1"], 0, 1, "1"), final=2).doubled, 1)

    def test_an_unknown_addition_explains_one_gap_and_no_second(self):
        rows = [("add", ["1"], 0, 1, "1"), ("add", ["1"], 2, 3, "", "unknown")]
        self.assertTrue(counter(*rows, final=1).clean)
        self.assertTrue(counter(*rows, final=2).clean)
        self.assertTrue(counter(*rows, ("add", ["1"], 4, 5, "3"), final=3).clean)
        self.assertEqual(counter(*rows, final=3).doubled, 1)

    def test_an_unknown_addition_does_not_explain_what_was_counted_before_it(self):
        v = counter(("add", ["1"], 0, 1, "2"), ("add", ["1"], 2, 3, "", "unknown"), final=2)
        self.assertEqual(v.doubled, 1)

    def test_a_stale_read_is_found(self):
        v = counter(("add", ["1"], 0, 1, "1"), ("add", ["1"], 2, 3, "2"), ("get", [], 4, 5, "1"), final=2)
        self.assertEqual(v.stale, 1)


class Queues(unittest.TestCase):
    def test_an_honest_history_passes(self):
        v = queue(("push", ["a"], 0, 1, "1"), ("push", ["b"], 2, 3, "2"), ("pop", [], 4, 5, "item a"), ("pop", [], 4, 6, "item b"),
                  ("pop", [], 7, 8, "empty"), ("push", ["c"], 9, 10, "1"), final=["c"])
        self.assertTrue(v.clean, v.findings)

    def test_an_item_given_out_twice_is_found(self):
        v = queue(("push", ["a"], 0, 1, "1"), ("pop", [], 2, 3, "item a"), ("pop", [], 4, 5, "item a"))
        self.assertEqual(v.doubled, 1)
        self.assertEqual(queue(("push", ["a"], 0, 1, "1"), ("pop", [], 2, 3, "item a"), final=["a"]).doubled, 1)

    def test_an_item_out_of_nowhere_is_found(self):
        self.assertEqual(queue(("pop", [], 0, 1, "item z")).doubled, 1)

    def test_an_acknowledged_item_that_is_gone_is_lost(self):
        self.assertEqual(queue(("push", ["a"], 0, 1, "1")).lost, 1)

    def test_an_unknown_pop_explains_one_missing_item_and_no_second(self):
        rows = [("push", ["a"], 0, 1, "1"), ("push", ["b"], 2, 3, "2"), ("pop", [], 4, 5, "", "unknown")]
        self.assertTrue(queue(*rows, final=["b"]).clean)
        self.assertTrue(queue(*rows, final=["a", "b"]).clean)
        self.assertEqual(queue(*rows).lost, 1)

    def test_an_unknown_push_may_or_may_not_arrive(self):
        rows = [("push", ["a"], 0, 1, "", "unknown")]
        self.assertTrue(queue(*rows, final=["a"]).clean)
        self.assertTrue(queue(*rows).clean)

    def test_items_out_of_order_are_found(self):
        v = queue(("push", ["a"], 0, 1, "1"), ("push", ["b"], 2, 3, "2"), ("pop", [], 4, 5, "item b"), ("pop", [], 6, 7, "item a"))
        self.assertEqual(v.stale, 1)

    def test_empty_while_an_item_waits_is_found(self):
        v = queue(("push", ["a"], 0, 1, "1"), ("pop", [], 2, 3, "empty"), ("pop", [], 4, 5, "item a"))
        self.assertEqual(v.stale, 1)


class Simulated(unittest.TestCase):
    """Histories of an honest server with overlapping clients and answers that are lost; then one fact is changed."""

    @staticmethod
    def history(seed, count=400):
        chance = random.Random(seed)
        state = {"register": "", "counter": 0, "queue": []}
        calls, out = [], []
        for i in range(count):
            effect = i + chance.random() * 0.5
            calls.append((effect, effect - chance.random() * 4, effect + chance.random() * 4, i))
        for _, start, end, i in sorted(calls):
            kind = chance.choice(sorted(state))
            if kind == "register":
                verb, args = chance.choice([("get", ()), ("set", (f"v{i}",)), ("cas", (state[kind], f"v{i}"))])
                if verb == "get":
                    answer = state[kind]
                else:
                    state[kind], answer = args[-1], "ok"
            elif kind == "counter":
                verb, args = chance.choice([("get", ()), ("add", ("1",))])
                state[kind] += verb == "add"
                answer = str(state[kind])
            else:
                verb, args = chance.choice([("pop", ()), ("push", (f"v{i}",))])
                if verb == "push":
                    state[kind].append(args[0])
                    answer = str(len(state[kind]))
                else:
                    answer = "item " + state[kind].pop(0) if state[kind] else "empty"
            unknown = chance.random() < 0.05
            out.append(op(kind, verb, args, start, end, "" if unknown else answer, "unknown" if unknown else "ok"))
        return out, {kind: {"x": value} for kind, value in state.items()}

    def test_honest_histories_pass_and_each_planted_fault_is_found(self):
        for seed in range(40):
            history, final = self.history(seed)
            verdict = judge(history, final)
            self.assertTrue(verdict.clean, (seed, verdict.findings))
            adds = [o for o in history if o["kind"] == "counter" and o["verb"] == "add" and o["outcome"] == "ok"]
            unknown_adds = sum(o["kind"] == "counter" and o["verb"] == "add" and o["outcome"] == "unknown" for o in history)
            self.assertGreater(judge(history, {**final, "counter": {"x": len(adds) - 1}}).lost, 0)
            self.assertGreater(judge(history, {**final, "counter": {"x": len(adds) + unknown_adds + 1}}).doubled, 0)
            popped = [o for o in history if o["kind"] == "queue" and o["answer"].startswith("item")]
            twice = {**popped[3], "start": 1000.0, "end": 1001.0}
            self.assertGreater(judge(history + [twice], final).doubled, 0)
            reads = [o for o in history if o["kind"] == "register" and o["verb"] == "get" and o["outcome"] == "ok" and o["answer"]]
            stale = {**reads[0], "start": 2000.0, "end": 2001.0}
            self.assertFalse(judge(history + [stale], final).clean)


if __name__ == "__main__":
    unittest.main()
