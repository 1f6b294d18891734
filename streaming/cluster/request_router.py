"""Which machine Ray Serve brings a call to."""

from ray.serve._private.request_router.pow_2_router import PowerOfTwoChoicesRequestRouter
from ray.serve.request_router import PendingRequest, RunningReplica


class FewestCallsRouter(PowerOfTwoChoicesRequestRouter):
    """Asks two machines how much each has, every time.

    Serve's own remembers what it was told for ten seconds, and takes a machine that it remembers
    before one that it would have to ask. That is for requests of milliseconds; calls stay minutes.
    """

    async def choose_replicas(
        self,
        candidate_replicas: list[RunningReplica],
        pending_request: PendingRequest | None = None,
    ) -> list[list[RunningReplica]]:
        ranks = await super().choose_replicas(candidate_replicas, pending_request)
        for replica in (one for rank in ranks for one in rank):
            self.replica_queue_len_cache.invalidate_key(replica.replica_id)
        return ranks
