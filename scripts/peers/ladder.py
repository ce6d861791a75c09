"""The highest clean rate: the rate is doubled until a client loses events or lags."""

from dataclasses import replace

from measure import Failed, measure

LAG_S = 0.5
"""A client lags where more than this much of the stream waits in sockets to be read."""
WHOLE = 0.98
"""From this share on nothing counts as missing."""
LATE_S = 0.05
"""Where events are missing, a publisher that was later than this by itself is why."""
TRIES = 2


def unclean(tool, job, plan):
    """What stops a client at this rate; None where nothing does. A moment's noise stops nobody: there is a second try."""
    why = None
    for _ in range(TRIES):
        try:
            why = fault_of(measure(tool, job, plan))
        except Failed as fault:
            why = str(fault)
        if why is None:
            return None
    return why


def fault_of(sample):
    """The first thing that is wrong: what the publisher and the target cannot do before what the client may be able to."""
    if sample.published_share < WHOLE:
        return f"{who_is_late(sample)}: {sample.published_share:.0%} of what was due, so more is not known"
    busy = f"CPU of client {sample.client_busy:.0%}, of target {sample.target_busy:.0%} busy"
    if sample.arrived_share < WHOLE:
        return f"{sample.arrived_share:.0%} of what was published arrived, {busy}"
    if sample.waiting_s > LAG_S:
        return f"{sample.waiting_s:.1f} s of the stream unread, {busy}"
    errors = sample.target_errors + (sample.own_errors or 0)
    return f"{errors} errors" if errors else None


def who_is_late(sample):
    if sample.publisher_late_s is None:
        return "the target's own publisher was late"
    if sample.publisher_late_s > LATE_S:
        return f"the script's publisher was up to {sample.publisher_late_s:.2f} s late"
    return "the target did not take what was posted in time"


def climb(tools, job, plan, steps, say):
    """The last clean rate per client of each, and what stopped it. All of them take a step before any takes the next."""
    reached = {name: (None, "") for name in tools}
    climbing = list(tools)
    for step in range(steps):
        rate = plan.rate * 2**step
        for name in list(climbing):
            why = unclean(tools[name], job, replace(plan, rate=rate))
            say(f"{job.name:<14} {name:<12} {rate:g} events/s to each client: {why or 'clean'}")
            if why:
                climbing.remove(name)
                reached[name] = (reached[name][0], why)
            else:
                reached[name] = (rate, "the last step")
    return reached
