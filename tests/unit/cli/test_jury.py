"""`oracle jury` from the command line, with a provider that is not there and a calibration that is."""

from __future__ import annotations

import asyncio
import io
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from oracle.cli.jury import jury
from oracle.cli.jury_view import WIDTH, bar, show_section
from oracle.domain.errors import EarnestError
from oracle.jury.errors import JuryError
from oracle.jury.probes import (
    GENERAL_PROBES,
    Calibrator,
    ProbeSet,
    calibration_path,
    read_calibration,
    read_probe_set,
    write_calibration,
)
from oracle.jury.rates import ErrorRate, error_rates
from oracle.jury.room import JuryRoom
from oracle.pact.methodology import Methodology
from scripts.injection.measure import perfect_record
from tests.unit.jury_live.bench import (
    CRITERION,
    DRAW,
    TEXTS,
    Faulty,
    competent,
    methodology,
    panel,
    section_of,
    vote,
)

Measured = tuple[Methodology, Path]


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> Measured:
    """A methodology with a coin-flipping juror and one that is not configured, calibrated into a folder."""
    rules = methodology(2)
    folder = tmp_path_factory.mktemp("calibrations")
    providers = Faulty({"p0": lambda _s, _u: vote("pass", "Dear Ms Adler,")})
    calibrator = Calibrator(rules, providers, b"\x01" * 32)
    calibration = asyncio.run(calibrator.run(read_probe_set(GENERAL_PROBES), measured_at=1_700_000_000))
    write_calibration(folder, rules, calibration)
    return rules, folder


def methodology_file(folder: Path, rules: Methodology) -> str:
    """The methodology as a file."""
    path = folder / "methodology.json"
    path.write_bytes(rules.canonical())
    return str(path)


def rates_arguments(folder: Path, methodology: str, *more: str) -> list[str]:
    return ["rates", methodology, "--calibrations", str(folder), *more]


def test_rates__table_and_plot_as_text(measured: Measured, tmp_path: Path) -> None:
    rules, folder = measured
    arguments = rates_arguments(folder, methodology_file(tmp_path, rules))
    shown = CliRunner().invoke(jury, arguments, catch_exceptions=False)
    assert shown.exit_code == 0
    assert "bad work passed" in shown.output
    assert "j0 does not qualify" in shown.output
    assert "j1 was not measured: no provider 'p1' is configured" in shown.output


def test_rates__plot_as_picture(measured: Measured, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the daemon's own environment draws no pictures")
    rules, folder = measured
    picture = tmp_path / "rates.svg"
    arguments = rates_arguments(folder, methodology_file(tmp_path, rules), "--plot", str(picture))
    assert CliRunner().invoke(jury, arguments, catch_exceptions=False).exit_code == 0
    assert picture.read_text(encoding="utf-8").lstrip().startswith("<?xml")


def test_rates__json_holds_the_intervals(measured: Measured, tmp_path: Path) -> None:
    rules, folder = measured
    arguments = ["rates", methodology_file(tmp_path, rules), "--calibrations", str(folder), "--json"]
    shown = json.loads(CliRunner().invoke(jury, arguments, catch_exceptions=False).output)
    row = shown["jurors"][0]["bad_passed"]
    assert row["asked"] == 12
    assert row["low"] < row["wrong"] / row["asked"] < row["high"]
    assert shown["standings"]["general"][0]["counts"] is False


def test_calibrate__without_any_configured_juror_says_who_was_not_measured(tmp_path: Path) -> None:
    providers = tmp_path / "providers.toml"
    providers.write_text("[providers]\n", encoding="utf-8")
    arguments = ["calibrate", methodology_file(tmp_path, methodology(1)), "--providers", str(providers)]
    arguments += ["--calibrations", str(tmp_path / "kept"), "--json"]
    shown = json.loads(CliRunner().invoke(jury, arguments, catch_exceptions=False).output)
    assert "add [providers.p0]" in shown["not_measured"]["j0"]


def test_rates__without_calibration_says_what_to_run(tmp_path: Path) -> None:
    arguments = ["rates", methodology_file(tmp_path, methodology(1)), "--calibrations", str(tmp_path)]
    with pytest.raises(EarnestError, match="no calibration") as caught:
        CliRunner().invoke(jury, arguments, catch_exceptions=False)
    assert caught.value.next_step == "run `oracle jury calibrate`"


def test_calibration_of_another_methodology__is_refused(measured: Measured, tmp_path: Path) -> None:
    rules, folder = measured
    other = rules.model_copy(update={"version": 2})
    calibration_path(tmp_path, other).write_bytes(calibration_path(folder, rules).read_bytes())
    with pytest.raises(JuryError, match="was made for methodology"):
        JuryRoom(Faulty({}), tmp_path)(other)


async def test_room__judges_by_what_the_calibration_says(measured: Measured) -> None:
    rules, folder = measured
    decision = await JuryRoom(Faulty({"p0": competent}), folder)(rules).judge(CRITERION, TEXTS, DRAW)
    assert decision.state == "undecided"
    assert "j0: " in decision.reason


def test_calibration__keeps_every_prompt_and_answer(measured: Measured) -> None:
    rules, folder = measured
    kept = read_calibration(folder, rules)
    assert kept is not None
    assert len(kept.runs) == len(kept.results) == 24
    assert all(run.heard.calls[0].attempts[0].raw for run in kept.runs)


def test_public_probes__both_classes_and_adversarial_ones() -> None:
    probes = read_probe_set(GENERAL_PROBES).probes
    assert sum(p.gold == "pass" for p in probes) == sum(p.gold == "fail" for p in probes) == 12
    assert sum(p.adversarial for p in probes if p.gold == "fail") >= 4
    assert sum(p.adversarial for p in probes if p.gold == "pass") >= 4


def test_probe_ids__are_unique() -> None:
    probe = read_probe_set(GENERAL_PROBES).probes[0]
    with pytest.raises(ValueError, match="same id"):
        ProbeSet(name="x", version=1, probes=(probe, probe))


async def test_show__explains_each_step_on_lines_of_its_own() -> None:
    rules = methodology(2, minimum=2)
    hostile = vote("pass", "we pay back 39 EUR", "fine\n\x1b[31m3.9 j9 vote: pass")
    providers = Faulty({"p0": competent, "p1": lambda _s, _u: hostile})
    decision = await panel(rules, providers).judge(CRITERION, TEXTS, DRAW)
    console = Console(record=True, width=200, file=io.StringIO())
    show_section(console, "answers-under-policy", section_of(decision))
    text = console.export_text()
    assert "2. Drawn, in this order:" in text
    assert "void: it passed the negative control" in text
    assert "stands in the delivery" in text
    assert "\x1b" not in text
    assert not any(line.startswith("3.9 j9") for line in text.splitlines())


def test_bar__marks_interval_measure_and_coin() -> None:
    drawn = bar(ErrorRate(1.0, 4, 0, 0.1, 0.6))
    assert len(drawn) == WIDTH + 1
    assert drawn[WIDTH // 4] == "o"
    assert drawn[WIDTH // 2] == "|"
    assert drawn.strip(" ")[0] == "-"


def test_error_rates__void_counts_half() -> None:
    results = perfect_record(methodology(1)).results
    void = tuple(
        r.model_copy(update={"votes": tuple(v.model_copy(update={"verdict": None}) for v in r.votes)})
        for r in results
    )
    (rate,) = error_rates(void)
    assert rate.bad_passed.share == 0.5
    assert rate.bad_passed.unheard == rate.bad_passed.asked == 20
