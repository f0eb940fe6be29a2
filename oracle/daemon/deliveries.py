"""Takes deliveries that providers hand over directly, where both sides signed that they would.

What is anchored on chain is the only permission: off-chain terms must have the hash in the agreement, the
manifest or envelope the anchored one, and a file must be named in it, with the size it names. So nobody can
fill the disk with anything else, and nobody needs an account.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

import structlog

from oracle.domain.canonical import keccak_hex
from oracle.domain.errors import EarnestError
from oracle.domain.types import Address, Hash, State
from oracle.evidence.errors import EvidenceError
from oracle.evidence.private import MAX_INDEX_BYTES, Envelope, Index, read_envelope
from oracle.evidence.sealing import MAX_RECIPIENTS, sealed_size
from oracle.evidence.store import ContentStore
from oracle.pact.delivery import DeliveryManifest
from oracle.pact.offchain import OffchainTerms
from oracle.peers.limits import Rates
from oracle.store import jobs as job_store
from oracle.store import work as work_store
from oracle.store.database import Database
from oracle.store.jobs import StoredJob
from oracle.web.deliveries import HandoverRefusedError

log = structlog.get_logger(__name__)

MAX_TERMS = 65_536  # bytes of off-chain terms
MAX_ROOT = 1_048_576  # bytes of a manifest or an envelope
MAX_DELIVERY = 268_435_456  # bytes of all files of one delivery
RATE, BURST = 20.0, 200  # pieces a second from one address


class DeliveryCounter:
    """`oracle.web.deliveries.Counter` over the evidence store.

    Args:
        keys: Addresses of the evaluators' keys held here; only their committees' jobs are served.
        most: Bytes of one request that the host lets through: no larger piece is asked for.
        wake: Called when a delivery is complete.
    """

    def __init__(
        self,
        database: Database,
        store: ContentStore,
        keys: Collection[Address],
        *,
        most: int,
        wake: Callable[[], None] = lambda: None,
        rates: Rates | None = None,
    ) -> None:
        self._database = database
        self._store = store
        self._keys = frozenset(keys)
        self._most = most
        self._wake = wake
        self._rates = rates or Rates(per_second=RATE, burst=BURST)

    def allows(self, caller: str) -> bool:
        """See `Counter`."""
        return self._rates.allows(caller)

    def take(self, job: Hash, content_hash: Hash, data: bytes) -> list[Hash]:
        """See `Counter`. Off-chain terms first, then manifest or envelope, then what they name.

        Raises:
            HandoverRefusedError: not our job, not now, not these bytes, or not part of the delivery.
        """
        stored = self._job(job)
        if keccak_hex(data) != content_hash:
            raise HandoverRefusedError(400, "the bytes have another hash")
        if content_hash == stored.agreement.opening.offchain:
            self._keep_terms(data)
            return self._wanted(stored)
        self._require_direct(stored)
        deliverable = stored.record.deliverable
        if deliverable is None:
            raise HandoverRefusedError(409, "nothing is anchored for this job yet: anchor the hash first")
        limit = MAX_ROOT if content_hash == deliverable else self._named(deliverable).get(content_hash)
        if limit is None:
            raise HandoverRefusedError(403, "this is not part of the anchored delivery")
        if len(data) > limit:
            raise HandoverRefusedError(413, f"this part has at most {limit} bytes")
        try:
            self._store.put(data)
        except EvidenceError as error:
            raise HandoverRefusedError(503, "it cannot be kept now") from error
        wanted = self._wanted(stored)
        if not wanted:
            log.info("delivery_handed_over", job=job, deliverable=deliverable)
            with self._database.write() as session:
                work_store.hasten_evaluation(session, job, deliverable)
            self._wake()
        return wanted

    def _job(self, job: Hash) -> StoredJob:
        with self._database.read() as session:
            stored = job_store.get_job(session, job)
            ours = job_store.committees_of_keys(session, self._keys)
        if stored is None or stored.agreement.terms.committee not in ours:
            raise HandoverRefusedError(404, "no such job was read from the chain, or it is not judged here")
        if stored.record.state is not State.OPEN:
            raise HandoverRefusedError(409, "the job is no longer open")
        return stored

    def _keep_terms(self, data: bytes) -> None:
        if len(data) > MAX_TERMS:
            raise HandoverRefusedError(413, f"off-chain terms have at most {MAX_TERMS} bytes")
        try:
            terms = OffchainTerms.parse(data, what="the off-chain terms")
        except EarnestError as error:
            raise HandoverRefusedError(400, error.message[:300]) from error
        if not terms.direct:
            raise HandoverRefusedError(403, "these terms do not say that deliveries are handed over here")
        self._store.put(data)

    def _require_direct(self, stored: StoredJob) -> None:
        data = self._held(stored.agreement.opening.offchain, MAX_TERMS)
        if data is None:
            raise HandoverRefusedError(409, "hand over the agreement's off-chain terms first")
        try:
            direct = OffchainTerms.parse(data).direct
        except EarnestError:
            direct = ()
        if not direct:
            raise HandoverRefusedError(403, "the agreement does not say that deliveries are handed over here")

    def _wanted(self, stored: StoredJob) -> list[Hash]:
        """What is still missing, as far as what is here says; at most as large as the host lets through."""
        deliverable = stored.record.deliverable
        if deliverable is None:
            return []
        if self._held(deliverable, MAX_ROOT) is None:
            return [deliverable]
        return [
            content
            for content, limit in self._named(deliverable).items()
            if self._held(content, min(limit, self._most)) is None
        ]

    def _named(self, deliverable: Hash) -> dict[Hash, int]:
        """The parts a delivery names, by hash, with the most bytes each may have."""
        root = self._held(deliverable, MAX_ROOT)
        if root is None:
            return {}
        envelope = read_envelope(root)
        if envelope is not None:
            return self._sealed(envelope)
        try:
            manifest = DeliveryManifest.parse(root)
        except EarnestError:
            return {}  # no manifest: the evaluation will say so
        if sum(file.bytes for file in manifest.files) > MAX_DELIVERY:
            raise HandoverRefusedError(413, f"a delivery has at most {MAX_DELIVERY} bytes in all")
        return {file.keccak256: file.bytes for file in manifest.files}

    def _sealed(self, envelope: Envelope) -> dict[Hash, int]:
        limit = sealed_size(MAX_INDEX_BYTES, MAX_RECIPIENTS)
        named = {envelope.index: limit}
        held = self._held(envelope.index, limit)
        if held is None:
            return named
        try:
            index = Index.parse(self._store.identities.open(held, max_bytes=MAX_INDEX_BYTES))
        except EarnestError:
            return named  # not sealed to us, or no index: the evaluation will say so
        return named | {blob.sealed: self._most for blob in index.blobs}

    def _held(self, content_hash: Hash, limit: int) -> bytes | None:
        """What lies in our own directory; other places are not asked for each piece."""
        try:
            return self._store.get(content_hash, max_bytes=limit, places=(self._store.directory,))
        except EvidenceError:
            return None
