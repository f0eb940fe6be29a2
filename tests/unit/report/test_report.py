"""The measures of a program: each against a history whose figures are known."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from oracle.cli.main import cli
from oracle.history.task import Task, TaskKind
from oracle.incident.derive import incident_of
from oracle.report.chart import Chart, Mark, Series, svg
from oracle.report.document import Report
from oracle.report.measures import report_of, share, spread
from oracle.report.plots import compliance_plot, disputes_plot
from oracle.report.words import measures, tabs_said
from oracle.score.document import At
from tests.databases import Databases
from tests.unit.incident.test_incident import case
from tests.unit.policy.made import AGENT, COMMITTEE, DAY, OTHER, START, USDC, period, tab, task
from tests.unit.policy.test_live import configured, stored

AT = At(chain_id=1, escrow="0x" + "e5" * 20, block=10**9, block_hash="0x" + "b1" * 32, time=START + 400 * DAY)


def reported(tasks: list[Task], *, since: int = 0, until: int = START + 400 * DAY) -> Report:
    bad = [one for one in tasks if one.kind is TaskKind.JOB and (one.failed or one.overturned)]
    incidents = [incident_of(case(one, *tasks)) for one in bad]
    return report_of(tasks, incidents, [], at=AT, roots=frozenset([COMMITTEE]), since=since, until=until)


TASKS = [
    task(0),
    task(2, "fail"),
    task(4),
    task(6, "overturned"),
    task(8, "no-show"),
    task(10, "silent"),
    task(12),
]


def test_shares__count_what_they_say() -> None:
    found = reported(TASKS)
    assert (found.compliance.hits, found.compliance.of) == (3, 6)
    assert (found.disputes.hits, found.disputes.of) == (1, 7)
    assert (found.overturned.hits, found.overturned.of) == (1, 5)
    assert (found.defaults.hits, found.defaults.of) == (1, 7)
    assert (found.opened, found.ended) == (7, 7)
    assert found.entrusted == str(7 * 200 * 10**6)


def test_tabs__their_periods_count_as_jobs_and_what_was_withheld_is_said() -> None:
    tabs = [
        tab(1, closed=9, buyer_defaulted=True),
        period(1, day=2, withheld=25 * USDC),
        period(2, "overturned", day=4),
        period(3, "silent", day=6),
    ]
    found = reported([*TASKS, *tabs])
    assert (found.compliance.hits, found.compliance.of) == (4, 8)
    assert (found.disputes.hits, found.disputes.of) == (2, 10)
    assert (found.overturned.hits, found.overturned.of) == (2, 7)
    assert (found.defaults.hits, found.defaults.of) == (1, 7), "a period is always delivered"
    assert (found.opened, found.ended, found.unverified.of) == (7, 7, 8)
    assert (found.tabs.opened, found.tabs.ended, found.tabs.entrusted) == (1, 3, str(300 * USDC))
    assert (found.tabs.presented, found.tabs.withheld) == (str(300 * USDC), str(225 * USDC))
    assert found.tabs.withheld_share == 750
    assert (found.tabs.defaults.hits, found.tabs.defaults.of) == (1, 1)
    assert sum(one.ended for one in found.periods) == 10
    assert ("tabs with a default of their buyer", found.tabs.defaults) in measures(found)
    said = "1 tab(s) opened for 300.00 USDC, 3 period(s) ended: 225.00 USDC of 300.00 USDC presented withheld"
    assert tabs_said(found) == f"{said} (75.0 %)."


def test_tabs__none__are_not_mentioned() -> None:
    found = reported(TASKS)
    assert (found.tabs.opened, found.tabs.withheld_share, tabs_said(found)) == (0, None, "")
    assert "tabs with a default of their buyer" not in dict(measures(found))


def test_tabs__a_period_refreshes_trust_and_a_tab_is_an_agreement() -> None:
    found = reported([tab(0), period(1, day=1), task(5), tab(8, job="0x" + "7b" * 32)])
    assert (found.freshness.median, found.freshness.ninetieth) == (2 * DAY, 3 * DAY)
    assert (found.unverified.hits, found.unverified.of) == (1, 3)
    assert found.confidence[0].agent == AGENT


def test_share__interval_is_clopper_and_pearson() -> None:
    assert (share(0, 0).share, share(0, 0).low, share(0, 0).high) == (None, 0, 1_000)
    half = share(5, 10)
    assert (half.share, half.low, half.high) == (500, 222, 778)  # 0.2224 and 0.7776, rounded outwards
    assert (share(10, 10).low, share(10, 10).high) == (741, 1_000)  # 0.05 ** 0.1


def test_spread__nearest_rank() -> None:
    assert spread(range(1, 11)).model_dump() == {"count": 10, "median": 5, "ninetieth": 9}
    assert spread([7]).model_dump() == {"count": 1, "median": 7, "ninetieth": 7}
    assert spread([]).model_dump() == {"count": 0, "median": None, "ninetieth": None}


def test_freshness__from_the_last_verdict_to_the_decision() -> None:
    found = reported([task(0), task(3), task(5, provider=OTHER), task(9)])
    assert found.freshness.count == 2
    assert (found.freshness.median, found.freshness.ninetieth) == (2 * DAY, 5 * DAY)
    assert (found.unverified.hits, found.unverified.of) == (2, 4)


class Counted(int):
    """A time that counts how often it is compared."""

    compared = 0

    def __lt__(self, other: int) -> bool:
        Counted.compared += 1
        return int(self) < int(other)

    def __le__(self, other: int) -> bool:
        Counted.compared += 1
        return int(self) <= int(other)

    def __gt__(self, other: int) -> bool:
        Counted.compared += 1
        return int(self) > int(other)

    def __ge__(self, other: int) -> bool:
        Counted.compared += 1
        return int(self) >= int(other)


def counted(one: Task) -> Task:
    assert one.close is not None
    opened, place = one.opened, one.close.place
    return replace(
        one,
        opened=opened._replace(timestamp=Counted(opened.timestamp)),
        close=replace(one.close, place=place._replace(timestamp=Counted(place.timestamp))),
    )


def test_freshness__many_jobs_of_one_agent__does_not_compare_each_with_each() -> None:
    Counted.compared = 0
    found = reported([counted(task(number)) for number in range(390)])
    assert found.freshness.count == 389
    assert found.freshness.median == 0, "each job ends as the next begins"
    assert Counted.compared < 60_000, "each with each would be 152,100 and more"


def test_confidence__scores_as_of_the_end_of_the_time() -> None:
    tasks = [task(number) for number in range(24)]
    late, early = reported(tasks, until=START + 26 * DAY), reported(tasks, until=START + 2 * DAY)
    assert late.confidence[0].agent == AGENT
    assert late.known.hits == 1
    assert early.known.hits == 0
    assert early.width.median is not None
    assert late.width.median is not None
    assert late.width.median < early.width.median


def test_incidents__named_and_repeated() -> None:
    found = reported([task(0, "fail"), task(2, "fail"), task(4), task(6, "fail")])
    assert (found.incidents, found.named.hits) == (3, 3)
    assert (found.repeated.hits, found.repeated.of) == (2, 3)
    assert [len(one.jobs) for one in found.weaknesses] == [3]
    assert found.unseen.count == 2
    assert found.unseen.median == DAY + 7_200


def test_time__only_what_ended_in_it_counts() -> None:
    found = reported(TASKS, since=START + 2 * DAY, until=START + 6 * DAY)
    assert found.ended == 2
    assert found.opened == 2
    assert sum(one.ended for one in found.periods) == 2


def test_empty_history__has_no_figures() -> None:
    found = reported([])
    assert found.periods == ()
    assert found.compliance.share is None
    assert (found.incidents, found.weaknesses, found.confidence) == (0, (), ())


def test_plots__are_well_formed_and_hostile_words_stay_words() -> None:
    found = reported(TASKS)
    for plot in (compliance_plot(found), disputes_plot(found)):
        root = ET.fromstring(plot)
        assert [child.tag.rpartition("}")[2] for child in root][:2] == ["title", "desc"]
    nasty = '</title><script>alert("1")</script>'
    chart = Chart(nasty, nasty, nasty, nasty, [Series(nasty, [(0, 1), (1, 2)])], [Mark(0.5, nasty)])
    drawn = svg(chart, name='x" onload="y')
    assert "<script>" not in drawn
    assert 'onload="' not in drawn
    ET.fromstring(drawn)


def test_chart__without_points__is_drawn_all_the_same() -> None:
    ET.fromstring(svg(Chart("t", "s", "x", "y", [Series("one", [])])))


@pytest.fixture
def config(databases: Databases, tmp_path: Path) -> Iterator[Path]:
    with stored(databases) as database:
        yield configured(database, tmp_path)


def asked(config: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(cli, ["report", *arguments, "--config", str(config), "--json"])
    return result.exit_code, json.loads(result.output)


def test_command__from_the_store(config: Path) -> None:
    code, told = asked(config)
    digest = told.pop("hash")
    assert code == 0
    assert Report.parse(json.dumps(told).encode()).hash() == digest
    assert told["ended"] == told["opened"] == 80
    assert told["incidents"] > 10
    shown = CliRunner().invoke(cli, ["report", "--config", str(config)])
    assert "pacts kept" in shown.output
    assert "80 job(s) opened" in shown.output


def test_command__no_time__is_refused(config: Path) -> None:
    code, told = asked(config, "--since", "1767225700", "--until", "1767225700")
    assert (code, told["field"]) == (2, "until")
