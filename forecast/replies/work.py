r"""Work on replies: how long each took, and how fast each agent is.

The observed work of agent i in stream s has mean r_s / v_i: the stream's work at speed 1 over the agent's
speed. Rounds and waits of buyers play no part: a reply is worked on from the question, the assignment or the
agent's message before, whichever is latest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from forecast.replies.conversations import NEVER, codes_of, first_rows, instants, sent_by
from forecast.replies.estimates import Estimate, clustering

LONGEST_WORK_S = 1800.0  # longer means that the agent was away, not that the reply took so long
SHORTEST_WORK_S = 0.5  # half the resolution of a log in seconds: the logarithm of 0 s is not wanted
LEAST_REPLIES = 30

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


def works(talk: pd.DataFrame, questions: pd.DataFrame) -> pd.DataFrame:
    """Return the work on each reply that a person wrote.

    Parameters
    ----------
    talk
        Messages in order (`conversations.conversations`).
    questions
        Their rounds (`events.questions_and_replies`).

    Returns
    -------
    DataFrame
        One row a reply: `stream, agent, code, question, reply, begun` (UTC), `work_s` [s], `leads`
        (whether it is the session's first). Left out: first replies of sessions whose assignment the log does
        not tell, as the buyer may have queued; replies of agents without a name; and what took longer than
        `LONGEST_WORK_S`.
    """
    leads = np.zeros(len(questions), dtype=bool)
    leads[first_rows(questions["code"].to_numpy())] = True
    assigned = instants(questions, "assigned")
    by_person = (questions["responder"] == "human").to_numpy() & questions["agent"].notna().to_numpy()
    rows = np.flatnonzero(by_person & ~(leads & np.isnat(assigned)))
    reply_row = questions["reply_row"].to_numpy()[rows]
    asked, reply = instants(questions, "question")[rows], talk["time"].to_numpy()[reply_row]
    begun = np.fmax(np.fmax(asked, assigned[rows]), _message_before(talk)[reply_row])
    work = (reply - begun) / np.timedelta64(1, "s")
    table = pd.DataFrame(
        {
            "stream": questions["stream"].to_numpy(object)[rows],
            "agent": questions["agent"].to_numpy(object)[rows],
            "code": questions["code"].to_numpy()[rows],
            "question": asked,
            "reply": reply,
            "begun": begun,
            "work_s": work,
            "leads": leads[rows],
        }
    )
    kept: pd.DataFrame = table.loc[(work >= 0) & (work <= LONGEST_WORK_S)]
    return kept.reset_index(drop=True)


def _message_before(talk: pd.DataFrame) -> npt.NDArray[np.datetime64]:
    """Return for each message of a person when he sent the one before, to whomever."""
    rows = np.flatnonzero(sent_by(talk, ["human"]) & talk["agent"].notna().to_numpy())
    agent, times = codes_of(talk["agent"].to_numpy(object)[rows]), talk["time"].to_numpy()[rows]
    order = np.lexsort((times, agent))
    before = np.full(len(talk), NEVER)
    same = agent[order][1:] == agent[order][:-1]
    before[rows[order][1:][same]] = times[order][:-1][same]
    return before


@dataclass(frozen=True, kw_only=True)
class WorkFit:
    """Work per reply by stream and speed by agent.

    Attributes
    ----------
    reply_s, reply_cv
        By stream. [s], [-]
    speed
        By agent; 1 is the average of the agents who share streams.
    replies
        By agent: replies it rests on.
    """

    reply_s: dict[str, Estimate]
    reply_cv: dict[str, Estimate]
    speed: dict[str, Estimate]
    replies: dict[str, int]


def fit_work(table: pd.DataFrame, days: Codes) -> WorkFit:
    r"""Return work per reply and speeds that fit the observed works.

    Parameters
    ----------
    table
        `stream, agent, work_s`; one row a reply.
    days
        A number for each row's local day; errors grow where days differ by more than chance.

    Notes
    -----
    With x̄ the mean work of the n replies of a cell (stream s, agent i), the estimates solve
    Σ n (x̄ / (r_s / v_i) - 1) = 0 over the cells of each stream and of each agent: the quasi-likelihood of
    works with a constant coefficient of variation c, consistent whatever their law. Among agents who share
    streams directly or through others, speeds have the plain mean 1; agents with fewer than `LEAST_REPLIES`
    replies get a speed but no say in that mean. Errors by the delta method from the works' own variance
    around the fit.

    The coefficient of variation is that of the lognormal law: c² = exp(σ²) - 1 with σ² the variance of
    ln x within cells, error ½ exp(σ²) / c · σ² √(2/n).
    """
    streams, agents = _names(table["stream"]), _names(table["agent"])
    s = pd.Categorical(table["stream"], categories=streams).codes.astype(np.int64)
    i = pd.Categorical(table["agent"], categories=agents).codes.astype(np.int64)
    x = np.maximum(table["work_s"].to_numpy(dtype=float), SHORTEST_WORK_S)
    shape = (len(streams), len(agents))
    count = np.zeros(shape)
    total = np.zeros(shape)
    np.add.at(count, (s, i), 1.0)
    np.add.at(total, (s, i), x)
    work, slowness = _solve(count, total)
    cv = _variation(np.log(x), s, i, count)
    relative = x / (work[s] * slowness[i])
    groups = [np.flatnonzero(s == k) for k in range(len(streams))]
    dispersion = [relative[rows].var() * clustering(relative[rows], days[rows]) ** 2 for rows in groups]
    covariance = _covariance(count, np.array(dispersion))
    return _normalised(streams, agents, count, work, slowness, covariance, cv)


def _names(column: pd.Series) -> list[str]:
    return sorted(map(str, pd.unique(column)))


def _solve(count: Floats, total: Floats) -> tuple[Floats, Floats]:
    """Return work by stream and slowness by agent, up to a factor per group of agents."""
    mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    slowness = np.ones(count.shape[1])
    work = np.ones(count.shape[0])
    for _ in range(500):
        work = (count * mean / slowness).sum(axis=1) / count.sum(axis=1)
        change = (count * mean / work[:, None]).sum(axis=0) / count.sum(axis=0) / slowness
        slowness = slowness * change
        if np.max(np.abs(change - 1.0)) < 1e-12:
            break
    return work, np.maximum(slowness, 1e-9)


def _variation(logs: Floats, s: Codes, i: Codes, count: Floats) -> list[Estimate]:
    """Return the coefficient of variation by stream, from the variance of logarithms within cells."""
    total = np.zeros(count.shape)
    np.add.at(total, (s, i), logs)
    mean = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    squares = np.bincount(s, weights=(logs - mean[s, i]) ** 2, minlength=count.shape[0])
    out = []
    for k in range(count.shape[0]):
        freedom = max(1.0, count[k].sum() - np.count_nonzero(count[k]))
        variance = squares[k] / freedom
        cv = float(np.sqrt(np.expm1(variance)))
        error = 0.5 * np.exp(variance) / max(cv, 1e-9) * variance * np.sqrt(2.0 / freedom)
        out.append(Estimate(value=cv, se=float(error)))
    return out


def _covariance(count: Floats, dispersion: Floats) -> Floats:
    """Return the covariance of (ln work, ln slowness); one direction per group of agents has none."""
    streams, agents = count.shape
    weight = count / np.maximum(dispersion, 1e-12)[:, None]
    information = np.zeros((streams + agents, streams + agents))
    information[:streams, :streams] = np.diag(weight.sum(axis=1))
    information[streams:, streams:] = np.diag(weight.sum(axis=0))
    information[:streams, streams:] = weight
    information[streams:, :streams] = weight.T
    return np.linalg.pinv(information, hermitian=True)


def _root(variance: float) -> float:
    return variance**0.5 if variance > 0 else 0.0


def _normalised(
    streams: list[str],
    agents: list[str],
    count: Floats,
    work: Floats,
    slowness: Floats,
    covariance: Floats,
    cv: list[Estimate],
) -> WorkFit:
    """Return the fit in units in which the average agent of each group has speed 1."""
    rows, columns = np.nonzero(count)
    size = len(streams) + len(agents)
    links = coo_array((np.ones(len(rows)), (rows, columns + len(streams))), shape=(size, size))
    _, group = connected_components(links, directed=False)
    replies = count.sum(axis=0)
    reply_s: dict[str, Estimate] = {}
    speed: dict[str, Estimate] = {}
    for number in np.unique(group):
        members = np.flatnonzero(group[len(streams) :] == number)
        judges = members[replies[members] >= LEAST_REPLIES]
        judges = judges if len(judges) else members
        fast = 1.0 / slowness
        average = fast[judges].mean()
        pull = np.zeros(size)  # derivative of -ln average by ln slowness
        pull[len(streams) + judges] = fast[judges] / average / len(judges)
        for k in np.flatnonzero(group[: len(streams)] == number):
            gradient = pull.copy()
            gradient[k] += 1.0
            value = float(work[k] / average)
            error = value * _root(float(gradient @ covariance @ gradient))
            reply_s[streams[k]] = Estimate(value=value, se=error)
        for k in members:
            gradient = pull.copy()
            gradient[len(streams) + k] -= 1.0
            value = float(fast[k] / average)
            error = value * _root(float(gradient @ covariance @ gradient))
            speed[agents[k]] = Estimate(value=value, se=error)
    return WorkFit(
        reply_s=reply_s,
        reply_cv=dict(zip(streams, cv, strict=True)),
        speed={name: speed[name] for name in agents},
        replies={name: int(n) for name, n in zip(agents, replies, strict=True)},
    )
