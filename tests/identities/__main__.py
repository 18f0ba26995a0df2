"""`python -m tests.identities --cases 100000`: hold random settlements against the identities and the other claims.

Prints progress, then what was seen; the exit code is 1 if a claim failed. `--seed S --year N` shows one failure again.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.identities.run import Report, run_years

EVERY_S = 5.0
MOST_SHOWN = 10


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.identities", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="settlements to look at (default: 100000)")
    parser.add_argument("--seed", type=int, default=1, help="begin of the random numbers (default: 1)")
    parser.add_argument("--year", type=int, help="only this person's year, to see a failure again")
    asked = parser.parse_args(arguments)
    began = told = time.monotonic()
    report = Report()
    for report in run_years(asked.seed, asked.cases, asked.year):
        now = time.monotonic()
        if now - told >= EVERY_S:
            told = now
            say(f"{report.cases:>9,} cases  {report.cases / (now - began):>7,.0f}/s  {len(report.failures)} failures")
        if len(report.failures) >= MOST_SHOWN:
            break
    summarise(report, asked.seed, time.monotonic() - began)
    return 1 if report.failures else 0


def summarise(report: Report, seed: int, took_s: float) -> None:
    say(f"\n{report.cases:,} settlements in {took_s:.0f} s ({report.cases / took_s:,.0f}/s), seed {seed}")
    say(f"refused as contradicting themselves: {report.refused:,}")
    share = report.paid / report.fees if report.fees else 0
    say(f"fees {report.fees:,.2f}, of which funds paid {report.paid:,.2f} ({share:.1%})")
    for head, counted in (("claim", report.claims), ("fund paid", report.funds), ("step", report.steps)):
        say(f"\n{head:<48}{'cases':>10}")
        for name, count in sorted(counted.items()):
            say(f"{name:<48}{count:>10,}")
    for failure in report.failures:
        say(f"\nFAILED {failure.claim}: {failure.said}")
        say(f"  again: python -m tests.identities --seed {seed} --year {failure.year}")
    say(f"\n{'FAILED' if report.failures else 'ok'}: {len(report.failures)} failures")


if __name__ == "__main__":
    sys.exit(main())
