"""Carries out the planned faults, and ends them."""

from __future__ import annotations

import json
import shutil
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field

from oracle.chain.transactions import Transaction, sign_transaction
from oracle.domain.errors import EarnestError
from oracle.domain.types import State
from scripts.chaos.driver import GWEI, broadcast
from scripts.chaos.kills import Kills
from scripts.chaos.plan import ENDPOINTS, Fault, Kind
from scripts.chaos.points import POINTS
from scripts.chaos.site import FIRST_SENDER, Site
from scripts.chaos.thief import Thief
from scripts.chaos.wire import rpc_fault
from scripts.chaos.world import World
from scripts.local.anvil import CHAIN_ID, account

STRIKE_PATIENCE = 30  # steps a fault waits for something to strike: a transaction, a lock to be had
END_SECONDS = 60.0  # that the driver tries to end a fault, once all must be over


@dataclass
class _Ending:
    step: int
    end: Callable[[], bool]
    """Whether it is over; asked again if not."""


@dataclass
class Hurt:
    """Faults begun and ended. `done` counts those that took hold, by kind; `history`: what became of each."""

    world: World
    done: Counter[Kind] = field(default_factory=Counter)
    history: list[str] = field(default_factory=list)
    kills: Kills = field(init=False)
    thief: Thief = field(init=False)
    _endings: list[_Ending] = field(default_factory=list)
    _waiting: list[Fault] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kills = Kills(self.world.folder, self.world.sites)
        self.thief = Thief(self.world.market, self.world.sites)

    def begin(self, fault: Fault) -> None:
        """Begin one."""
        match fault.kind:
            case Kind.KILL_AT:
                self.kills.arm(fault)
            case Kind.KILL_NOW:
                self._note(fault, took_hold=self._site(fault).kill())
            case Kind.REORG:
                orphaned = self.world.blocks.reorg(fault.amount, resend=fault.name == "resent")
                self._note(fault, detail=f"{orphaned} transactions orphaned")
            case Kind.RPC:
                self._rpc(fault)
            case Kind.PEERS:
                self._peers(fault)
            case Kind.FEES:
                self.world.blocks.call("anvil_setNextBlockBaseFeePerGas", hex(fault.amount * GWEI))
                self._note(fault)
            case (
                Kind.DROPPED | Kind.REPLACED | Kind.KEY_USED | Kind.KEY_STOLEN | Kind.DB_LOCKED | Kind.DB_FULL
            ):
                self._waiting.append(fault)
            case _:
                self._lasting(fault)

    def turn(self, step: int) -> None:
        """End what is over, and strike what waits for something to strike."""
        self._end([item for item in self._endings if item.step <= step])
        self.see_kills(step)
        for fault in list(self._waiting):
            took_hold = self._strike(fault, step)
            if took_hold or step >= fault.step + STRIKE_PATIENCE:
                self._waiting.remove(fault)
                self._note(fault, took_hold=took_hold)

    def see_kills(self, step: int) -> None:
        """Note whom a kill at a point has struck."""
        for fault in self.kills.turn(step):
            self._note(fault, detail=str(POINTS[int(fault.name)]))

    def disarm(self) -> None:
        """Give up the kills that still wait for their point."""
        for fault in self.kills.disarm():
            self._note(fault, took_hold=False, detail=str(POINTS[int(fault.name)]))

    def end_all(self) -> None:
        """End every fault but the kills that wait for their point.

        Raises:
            EarnestError: one cannot be ended.
        """
        for fault in self._waiting:
            self._note(fault, took_hold=False)
        self._waiting.clear()
        deadline = time.monotonic() + END_SECONDS
        while self._endings:
            self._end(list(self._endings))
            if self._endings and time.monotonic() > deadline:
                raise EarnestError("a fault cannot be ended", next_step="see the evaluators' logs")
        for site in self.world.sites:
            site.hindrance.unlock()
            site.order(clock=0.0, full=False)

    def _end(self, items: Sequence[_Ending]) -> None:
        for item in items:
            if item.end():
                self._endings.remove(item)

    def _note(self, fault: Fault, *, took_hold: bool = True, detail: str = "") -> None:
        self.done[fault.kind] += took_hold
        what = asdict(fault) | {"took_hold": took_hold, "detail": detail}
        self.history.append(json.dumps(what))

    def _site(self, fault: Fault) -> Site:
        return self.world.sites[fault.target]

    def _until(self, step: int, end: Callable[[], object]) -> None:
        """Call `end` at a step, and again while it says False."""
        self._endings.append(_Ending(step, lambda: end() is not False))

    def _rpc(self, fault: Fault) -> None:
        site = self._site(fault)
        running = [job.job for job in self.world.jobs if job.view and job.view.state is State.OPEN]
        made = rpc_fault(fault.name, self.world.node, self.world.market.escrow.address, lambda: running)
        struck = [site.nodes[index] for index in range(ENDPOINTS) if fault.endpoints >> index & 1]
        for wire in struck:
            wire.fault = made
        before = sum(wire.broken for wire in struck)

        def end() -> None:
            self._note(fault, took_hold=sum(wire.broken for wire in struck) > before)
            for wire in struck:
                if wire.fault is made:
                    wire.fault = None

        self._until(fault.step + fault.steps, end)

    def _peers(self, fault: Fault) -> None:
        inbox = self._site(fault).inbox
        inbox.fault, before = fault.name, inbox.broken

        def end() -> None:
            self._note(fault, took_hold=inbox.broken > before)
            inbox.fault = None

        self._until(fault.step + fault.steps, end)

    def _lasting(self, fault: Fault) -> None:
        begin, end = self._switch(fault)
        self._note(fault, took_hold=begin() is not False)
        self._until(fault.step + fault.steps, end)

    def _switch(self, fault: Fault) -> tuple[Callable[[], object], Callable[[], object]]:
        match fault.kind:
            case Kind.CONTENT:
                return lambda: self._break_content(fault.name), self._mend_content
            case Kind.DB_RESTART:
                return lambda: self._database_server(up=False), lambda: self._database_server(up=True)
            case _:
                pass
        site = self._site(fault)
        match fault.kind:
            case Kind.CLOCK:
                return lambda: site.order(clock=float(fault.amount)), lambda: site.order(clock=0.0)
            case Kind.PAUSED:
                return lambda: site.pause(on=True), lambda: site.pause(on=False)
            case _:
                raise ValueError(f"{fault.kind} does not last")

    def _break_content(self, how: str) -> None:
        """Gone: neither place has anything. Else the first has what it should not."""
        self._mend_content()  # an earlier fault may not be over
        mirror, handover = self.world.handover
        if how == "gone":
            for place in (mirror, handover):
                place.rename(place.with_suffix(".away"))
            return
        mirror.rename(mirror.with_suffix(".away"))
        shutil.copytree(mirror.with_suffix(".away"), mirror)
        for path in mirror.rglob("*"):
            if path.is_file():
                path.chmod(0o644)
                path.write_bytes(path.read_bytes()[::-1])

    def _database_server(self, *, up: bool) -> None:
        """Kill PostgreSQL, or start it again; faults may overlap."""
        server = self.world.server
        if server is None:
            raise ValueError("only PostgreSQL can be restarted")
        running = server.process.poll() is None
        if running and not up:
            server.kill()
        elif up and not running:
            server.restart()

    def _mend_content(self) -> None:
        for place in self.world.handover:
            away = place.with_suffix(".away")
            if away.exists():
                shutil.rmtree(place, ignore_errors=True)
                away.rename(place)

    def _strike(self, fault: Fault, step: int) -> bool:
        """Do what needs something to do it to. Whether it was done."""
        site = self._site(fault)
        match fault.kind:
            case Kind.DB_LOCKED:
                if not site.hindrance.lock():
                    return False
                self._until(step + fault.steps, site.hindrance.unlock)
                return True
            case Kind.DB_FULL:
                if not site.fill_database(on=True):
                    return False
                self._until(step + fault.steps, lambda: site.fill_database(on=False))
                return True
            case Kind.KEY_STOLEN:
                return self.thief.sign_as(fault.target, self.world.jobs)
            case _:
                return self._strike_transaction(fault, site)

    def _strike_transaction(self, fault: Fault, site: Site) -> bool:
        """Drop, replace or forestall an evaluator's transaction, if there is one."""
        blocks = self.world.blocks
        waiting = blocks.waiting(site.sender)
        if fault.kind is not Kind.KEY_USED and not waiting:
            return False
        if fault.kind is Kind.DROPPED:
            blocks.call("anvil_dropTransaction", waiting[0]["hash"])
            return True
        replaced = fault.kind is Kind.REPLACED
        nonce = self.world.node.nonce(site.sender, "latest") + (0 if replaced else len(waiting))
        fees = [int(item["maxFeePerGas"], 16) for item in waiting] or [100 * GWEI]
        # Whoever else has the key pays more, and wins the nonce; or takes the one after those that wait.
        fee = 2 * max(fees)
        key = bytes(account(FIRST_SENDER + site.index).key)
        foreign = Transaction(CHAIN_ID, nonce, site.sender, b"", 21_000, max(fee, 5_000 * GWEI), fee // 2)
        return broadcast(self.world.node, sign_transaction(foreign, key).raw)
