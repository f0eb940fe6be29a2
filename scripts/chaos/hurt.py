"""Carries out the planned faults, and ends them."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from oracle.chain.transactions import Transaction, sign_transaction
from oracle.domain.types import State
from scripts.chaos.driver import GWEI, broadcast
from scripts.chaos.plan import ENDPOINTS, Fault, Kind
from scripts.chaos.site import FIRST_SENDER, Site
from scripts.chaos.wire import rpc_fault
from scripts.chaos.world import World
from scripts.local.anvil import CHAIN_ID, account

KILL_PATIENCE = 20  # steps an armed kill waits for its point before the process is killed wherever it is
SEND_PATIENCE = 30  # steps a fault waits for a transaction to strike


@dataclass
class _Ending:
    step: int
    end: Callable[[], None]


@dataclass
class Hurt:
    """Faults begun and ended. `done` counts those that took hold, by kind."""

    world: World
    done: Counter[Kind] = field(default_factory=Counter)
    _endings: list[_Ending] = field(default_factory=list)
    _waiting: list[Fault] = field(default_factory=list)
    _armed: dict[int, list[Fault]] = field(default_factory=dict)
    _give_up: dict[int, int] = field(default_factory=dict)

    def begin(self, fault: Fault) -> None:
        """Begin one."""
        match fault.kind:
            case Kind.KILL_AT:
                self._kill_at(fault)
            case Kind.KILL_NOW:
                if self._site(fault).kill():
                    self.done[fault.kind] += 1
            case Kind.REORG:
                self.world.blocks.reorg(fault.amount, resend=fault.name == "resent")
                self.done[fault.kind] += 1
            case Kind.RPC:
                self._rpc(fault)
            case Kind.FEES:
                self.world.blocks.call("anvil_setNextBlockBaseFeePerGas", hex(fault.amount * GWEI))
                self.done[fault.kind] += 1
            case Kind.DROPPED | Kind.REPLACED | Kind.KEY_USED:
                self._waiting.append(fault)
            case _:
                self._lasting(fault)

    def turn(self, step: int) -> None:
        """End what is over, and strike what waits for something to strike."""
        for item in [item for item in self._endings if item.step <= step]:
            self._endings.remove(item)
            item.end()
        self._arm(step)
        for fault in list(self._waiting):
            if self._strike(fault):
                self._waiting.remove(fault)
                self.done[fault.kind] += 1
            elif step >= fault.step + SEND_PATIENCE:
                self._waiting.remove(fault)

    def end_all(self) -> None:
        """End every fault."""
        self._waiting.clear()
        self._armed.clear()
        for item in self._endings:
            item.end()
        self._endings.clear()
        for site in self.world.sites:
            site.order(kill=None, clock=0.0, full=False)

    def _site(self, fault: Fault) -> Site:
        return self.world.sites[fault.target]

    def _until(self, fault: Fault, end: Callable[[], None], *, steps: int | None = None) -> None:
        self._endings.append(_Ending(fault.step + (fault.steps if steps is None else steps), end))

    def _kill_at(self, fault: Fault) -> None:
        self._armed.setdefault(fault.target, []).append(fault)
        self.done[fault.kind] += 1

    def _arm(self, step: int) -> None:
        """One point at a time for each evaluator: the next when its process has died of the last."""
        for target, faults in self._armed.items():
            site = self.world.sites[target]
            if faults and site.orders.kill is None and site.process is not None:
                fault = faults.pop(0)
                site.order(kill=int(fault.name), nth=fault.amount)
                self._give_up[target] = step + KILL_PATIENCE
            elif site.orders.kill is not None and step >= self._give_up.get(target, step):
                site.order(kill=None)
                site.kill()

    def _rpc(self, fault: Fault) -> None:
        site = self._site(fault)
        running = [job.job for job in self.world.jobs if job.view and job.view.state is State.OPEN]
        made = rpc_fault(fault.name, self.world.node, self.world.market.escrow.address, lambda: running)
        struck = [site.nodes[index] for index in range(ENDPOINTS) if fault.endpoints >> index & 1]
        for wire in struck:
            wire.fault = made
        before = sum(wire.broken for wire in struck)

        def end() -> None:
            if sum(wire.broken for wire in struck) > before:
                self.done[fault.kind] += 1
            for wire in struck:
                if wire.fault is made:
                    wire.fault = None

        self._until(fault, end)

    def _lasting(self, fault: Fault) -> None:
        begin, end = self._switch(fault)
        begin()
        self.done[fault.kind] += 1
        self._until(fault, end)

    def _switch(self, fault: Fault) -> tuple[Callable[[], None], Callable[[], None]]:
        match fault.kind:
            case Kind.CONTENT:
                return lambda: self._break_content(fault.name), self._mend_content
            case Kind.DB_RESTART:
                return lambda: self._database_server(up=False), lambda: self._database_server(up=True)
            case _:
                pass
        site = self._site(fault)
        match fault.kind:
            case Kind.DB_LOCKED:
                return lambda: site.lock_database(on=True), lambda: site.lock_database(on=False)
            case Kind.DB_FULL:
                return lambda: site.order(full=True), lambda: site.order(full=False)
            case Kind.CLOCK:
                return lambda: site.order(clock=float(fault.amount)), lambda: site.order(clock=0.0)
            case Kind.PAUSED:
                return lambda: site.pause(on=True), lambda: site.pause(on=False)
            case Kind.PEERS:
                return lambda: setattr(site.inbox, "fault", fault.name), lambda: setattr(
                    site.inbox, "fault", None
                )
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

    def _strike(self, fault: Fault) -> bool:
        """Drop, replace or forestall an evaluator's transaction, if there is one. Whether it was done."""
        site = self._site(fault)
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
