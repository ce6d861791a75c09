"""The highest clean rate: the rate is doubled until a client loses events or lags."""

from dataclasses import replace

from measure import Failed, measure

LAG_S = 0.5
"""A client lags where more than this much of the stream waits in sockets to be read."""
WHOLE = 0.98
"""Of the events that are due; a publish at the window's edge falls on either side of it."""
BUSY = 0.9
"""Share of its CPUs from which on a side is the one that stops."""
TRIES = 2


def unclean(tool, job, plan):
    """What stops a client at this rate; None where nothing does. A moment's noise stops nobody: there is a second try."""
    why = None
    for _ in range(TRIES):
        try:
            sample = measure(tool, job, plan)
        except Failed as fault:
            why = str(fault)
            continue
        faults = sample.target_errors + (sample.own_errors or 0)
        if sample.received_share >= WHOLE and sample.waiting_s <= LAG_S and not faults:
            return None
        busy = [side for side, share in (("client", sample.client_busy), ("target", sample.target_busy)) if share >= BUSY]
        seen = f"{sample.received_share:.0%} sent, {sample.waiting_s:.2f} s unread, {faults} errors"
        why = f"{' and '.join(busy) or 'no CPU'} busy: {seen}"
    return why


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
